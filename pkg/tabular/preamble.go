package tabular

import (
	"bytes"
	"fmt"
	"strings"
)

// preambleMeasure finds the unit in the lines before the header: behind or under a word for it, or
// in brackets.
func (s *sample) preambleMeasure(columns []*sampleColumn) measure {
	split := splitter{}
	for i := 0; i < s.head; i++ {
		for _, split.delimiter = range delimiters {
			row, ok := split.fields(s.lines[i].text)
			if !ok {
				continue
			}
			row = cloneFields(row)
			for at, cell := range row {
				m := s.measureBeside(row, at, i, &split)
				if m.unit != "" && wordsOf(string(cell)).in(unitWords) {
					return m
				}
			}
		}
	}
	for i := 0; i < s.head; i++ {
		if text := string(s.lines[i].text); strings.ContainsAny(text, "[(") {
			if m := measureIn(text[strings.IndexAny(text, "[("):]); m.unit != "" {
				return m
			}
		}
	}
	return measure{}
}

// measureBeside reads the unit that stands behind a cell, in it behind a colon, or under it.
func (s *sample) measureBeside(row [][]byte, at, line int, split *splitter) measure {
	if at+1 < len(row) {
		if m := measureOf(string(row[at+1])); m.unit != "" {
			return m
		}
	}
	if _, behind, ok := bytes.Cut(row[at], []byte(":")); ok {
		return measureOf(string(behind))
	}
	if line+1 >= s.head {
		return measure{}
	}
	under, ok := split.fields(s.lines[line+1].text)
	if !ok || at >= len(under) {
		return measure{}
	}
	return measureOf(string(under[at]))
}

// zoneOf finds the zone of times without an offset: the one that the caller names, else the one
// that the file says, else UTC.
func (l *loader) zoneOf(s *sample, at *layout) error {
	l.zone, l.zoneBy = l.callerZone, ""
	said := at.timing.zone
	if at.timing.utc {
		said = "UTC"
	}
	for i := 0; i < s.head && said == ""; i++ {
		said = zoneInLine(string(s.lines[i].text))
	}
	switch {
	case said == "" || l.opts.Timezone == said:
		return nil
	case l.opts.Timezone == "":
		name := said
		if zones := zonesByShort[said]; zones != nil {
			name = zones[0]
		}
		z, err := loadZone(name)
		if err != nil {
			return err
		}
		l.zone, l.zoneBy = z, said
	case said == "UTC" && at.timing.utc && l.zone.name != "UTC":
		return l.fileError(
			fmt.Sprintf("column %s says UTC, --timezone says %s", quotedName(at.names[at.time]),
				l.zone.name),
			"leave --timezone out, or name a column of local times with --time-column",
		)
	}
	return nil
}

// noValue says what a file without a column of values looks like.
func (l *loader) noValue(s *sample, at *layout) error {
	problem := fmt.Sprintf("no column %q; the columns are %s", columnValue, listed(at.names))
	if len(s.cells) > 0 {
		problem += fmt.Sprintf("; the first row is %q", shown(bytes.Join(s.cells[0], []byte(", "))))
	}
	return l.fileError(problem,
		"name the column of values with --value-column; values are plain numbers, as 1234.5")
}

// badHeader says why the line with the names of the columns cannot be read.
func (l *loader) badHeader(s *sample, split *splitter) error {
	if s.head < 0 {
		return l.fileError(noHeader, remedyHeader)
	}
	line := s.lines[s.head]
	fields, ok := split.fields(line.text)
	switch {
	case line.long:
		return l.fileError(fmt.Sprintf("line %d is longer than %d bytes", line.number, maxLine),
			"split the file by columns")
	case !ok:
		return l.fileError(
			fmt.Sprintf("%s: quotes do not fit at a %s in line %d, %q",
				noHeader, delimiterWord(split.delimiter), line.number, shown(line.text)),
			remedyHeader+"; say --delimiter if another mark stands between columns")
	}
	return l.fileError(
		fmt.Sprintf("line %d has %d columns, more than %d", line.number, len(fields), maxColumns),
		"split the file by columns")
}

// noTime says what a file without a column of times looks like.
func (l *loader) noTime(s *sample, at *layout) error {
	line := 1
	if len(s.lines) > 0 {
		line = s.lines[max(s.head, 0)].number
	}
	if len(at.names) < 2 {
		return l.fileError(
			fmt.Sprintf("line %d has one field: no comma, semicolon, tab or bar parts its columns: %q",
				line, shown(s.lines[max(s.head, 0)].text)),
			"say --delimiter, or save it as CSV",
		)
	}
	if len(s.cells) == 0 && s.fields > len(at.names) {
		return l.fileError(
			fmt.Sprintf("rows have %d fields and the header in line %d has %d (%s), as where a %s stands "+
				"inside of fields without quotes", s.fields, line, len(at.names), listed(at.names),
				delimiterWord(at.delimiter)),
			"quote such fields, or export the file with another mark between columns",
		)
	}
	if has(at.names, "year") && has(at.names, "month") && has(at.names, "day") {
		return l.fileError("the date stands in the columns \"year\", \"month\" and \"day\"",
			"write the date into one column, as 2026-01-31")
	}
	if stamps := stampNames(at.names); len(stamps) > 2 {
		return l.fileError(
			fmt.Sprintf("the times stand in the header in line %d, each a column: %s", line, listed(stamps)),
			"turn the table, so that each time is a row")
	}
	if c := s.serials(); c != nil {
		return l.fileError(
			fmt.Sprintf("column %s has times as numbers of days, as spreadsheets count them (%s); "+
				"they count from 1900 or from 1904", quotedName(c.name), c.first()),
			"give the column a form of date and time in the spreadsheet, and save it as CSV again")
	}
	problem := fmt.Sprintf(
		"no column %q, and no other column holds times; the columns of line %d are %s",
		columnTimestamp, line, listed(at.names))
	if len(s.cells) > 0 {
		problem += fmt.Sprintf("; the first row is %q", shown(bytes.Join(s.cells[0], []byte(", "))))
	}
	return l.fileError(problem,
		"name the column of times with --time-column; say --skip-lines N if the header stands "+
			"further down")
}

// stampNames are the names of columns that are times with a date.
func stampNames(names []string) []string {
	var stamps []string
	for _, name := range names {
		if kindOf([]byte(name)) == cellStamp {
			stamps = append(stamps, name)
		}
	}
	return stamps
}

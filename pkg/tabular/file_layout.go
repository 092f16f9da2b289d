package tabular

import (
	"fmt"
	"strings"
)

// FileLayout is what a file of delimited text is taken for, for a person and for the flags that would
// say the same.
type FileLayout struct {
	File         string
	Layout       string   // as in FileReport
	Encoding     string   // UTF-8, UTF-16, Windows-1252 or Shift JIS
	Delimiter    string   // comma, semicolon, tab or bar
	Decimal      string   // point or comma
	Thousands    bool     // numbers have thousands marks
	HeaderLine   int      // 0 when there is no header
	TimeColumns  []string // of dates with a clock, or of dates and of times of day
	UntilColumn  string   // that has the end of each interval; empty when none has
	DateFormat   string   // as yyyy-mm-dd, dd.mm.yyyy, mm/dd/yyyy, dd-Mon-yyyy, yyyymmdd, epoch
	Zone         string   // of times without an offset
	ZoneBy       string   // flag, file or default
	Label        string   // LabelStart or LabelEnd
	LabelBy      string   // flag, file or default
	ValueColumns []string // of a wide file its series
	SeriesColumn []string
	Unit, UnitBy string   // the unit is empty when the columns differ or nothing says it
	LeftOut      []string // columns of numbers that are not read
	Notes        []string // further decisions
	// What had to be found out, because neither a flag nor a name of the contract says it.
	TimeByContent, ValueByContent, SeriesByContent bool
}

// fileLayout describes the layout of the file being read.
func (l *loader) fileLayout(s *sample) FileLayout {
	at, t := &l.at, &l.at.timing
	f := FileLayout{
		File: l.file, Layout: at.kind, Encoding: l.charset.name, Delimiter: delimiterWord(at.delimiter),
		Decimal: "point", Thousands: at.numbers.groups, DateFormat: t.calendar.dateText(t.mark),
		Zone: l.zone.name, ZoneBy: "default", Label: LabelStart, LabelBy: "default",
		LeftOut: at.left, Notes: at.notes,
	}
	if at.numbers.decimal == ',' {
		f.Decimal = "comma"
	}
	if s.head >= 0 {
		f.HeaderLine = s.lines[s.head].number
	}
	f.TimeColumns = []string{at.names[t.date]}
	if t.clock >= 0 {
		f.TimeColumns = append(f.TimeColumns, at.names[t.clock])
	}
	if t.until >= 0 {
		f.UntilColumn = at.names[t.until]
	}
	switch {
	case l.opts.Timezone != "":
		f.ZoneBy = "flag"
	case l.zoneBy != "":
		f.ZoneBy = "file"
	}
	l.putLabel(&f)
	for _, c := range at.series {
		f.SeriesColumn = append(f.SeriesColumn, at.names[c])
	}
	f.ValueColumns = at.valueNames()
	f.Unit, f.UnitBy = l.unitOfValues()
	f.TimeByContent = !at.contract && l.opts.TimeColumn == "" || t.calendar != yearFirst || t.clock >= 0
	one := len(f.ValueColumns) == 1 && strings.EqualFold(f.ValueColumns[0], columnValue)
	f.ValueByContent = l.opts.ValueColumn == "" && !one && !(at.contract && at.kind == LayoutWide)
	f.SeriesByContent = l.opts.SeriesColumn == "" && len(at.series) > 0 &&
		!strings.EqualFold(f.SeriesColumn[0], columnSeries)
	return f
}

func (l *loader) putLabel(f *FileLayout) {
	t := &l.at.timing
	if l.ends() {
		f.Label = LabelEnd
	}
	switch {
	case t.spans() || t.counted():
		f.LabelBy = "file"
		if l.opts.IntervalLabel == LabelEnd {
			f.Notes = append(f.Notes,
				"rows say where their interval starts: --interval-label changes nothing")
		}
	case l.opts.IntervalLabel != "":
		f.LabelBy = "flag"
	case t.ends:
		f.LabelBy = "file: " + t.endsWhy
	}
}

// valueNames are the names of the columns with values, or how many there are.
func (at *layout) valueNames() []string {
	var names []string
	for i, name := range at.names {
		if at.isValue(i) {
			names = append(names, name)
		}
	}
	return names
}

// unitOfValues is the unit that all values are in, and who says so.
func (l *loader) unitOfValues() (unit, by string) {
	if l.opts.Unit != "" {
		return l.opts.Unit, "flag"
	}
	if l.at.unit >= 0 {
		return "", l.at.measureOf
	}
	first := true
	for i := range l.at.names {
		if !l.at.isValue(i) {
			continue
		}
		if u := l.at.measures[i].unit; first {
			unit, first = u, false
		} else if u != unit {
			return "", l.at.measureOf
		}
	}
	if unit == "" {
		return "", ""
	}
	return unit, l.at.measureOf
}

func delimiterWord(d byte) string {
	switch d {
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	case '|':
		return "bar"
	}
	return "comma"
}

// Words says in a line what had to be found out; it is empty for a file as the contract has it.
func (f *FileLayout) Words() string {
	var parts []string
	say := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	say(f.Encoding != "UTF-8", "%s", f.Encoding)
	say(f.Delimiter != "comma", "%ss", f.Delimiter)
	say(f.Decimal == "comma", "decimal comma")
	say(f.Thousands, "thousands marks")
	say(f.HeaderLine > 1, "header in line %d", f.HeaderLine)
	say(f.HeaderLine == 0, "no header")
	say(f.TimeByContent, "time from %s (%s)", quotedNames(f.TimeColumns), f.DateFormat)
	say(f.ValueByContent && f.Layout != LayoutDays, "values from %s", listed(f.ValueColumns))
	say(f.SeriesByContent, "series from %s", quotedNames(f.SeriesColumn))
	parts = append(parts, f.Notes...)
	say(len(f.LeftOut) > 0, "not read: %s", listed(f.LeftOut))
	return strings.Join(parts, ", ")
}

func quotedNames(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = quotedName(name)
	}
	return strings.Join(quoted, " and ")
}

package tabular

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// findLayout finds out the layout of a file from its sample and the options.
func (l *loader) findLayout(s *sample, split *splitter) (layout, error) {
	if !s.findHeader(split, l.contractField) {
		return layout{}, l.badHeader(s, split)
	}
	at := layout{
		names: s.names, delimiter: split.delimiter, value: -1, unit: -1, least: s.least,
		record: s.recordLetter(),
	}
	if s.data > 0 {
		at.data = s.lines[s.data-1].number
	} else {
		at.data = l.opts.SkipLines
	}
	var err error
	if at.where, err = l.conditions(at.names); err != nil {
		return at, err
	}
	s.filter(at.where)
	named, err := l.choose(at.names)
	if err != nil {
		return at, err
	}
	if s.fields == 0 && s.dateLine > 0 {
		return at, l.fileError(
			fmt.Sprintf("rows have a time of day alone: their date stands in a line of its own, "+
				"such as line %d", s.dateLine),
			"write the date into each row, as 2026-01-31 13:00")
	}
	columns := s.columns()
	local := l.opts.Timezone != "" && l.zone.name != "UTC"
	timing, ok := findTiming(s, columns, named.time, named.clock, local)
	if !ok {
		return at, l.noTime(s, &at)
	}
	at.timing, at.time = timing, timing.date
	at.contract = named.contractTime
	if err := l.zoneOf(s, &at); err != nil {
		return at, err
	}
	if timing.clock < 0 && timing.calendar != epoch && !named.contractTime &&
		columns[timing.date].dates() {
		if cells, length, ordinals, ok := slots(at.names); ok {
			at.kind, at.slots = LayoutDays, cells
			at.timing.day, at.timing.length, at.timing.ordinals = dayColumns, length, ordinals
		}
	}
	if err := l.roles(columns, s, named, &at); err != nil {
		return at, err
	}
	l.units(columns, s, &at)
	l.warnFactors(columns, &at)
	at.texts = unreadTexts(columns, &at)
	return at, nil
}

// warnFactors points out a column of factors, with which values are not multiplied.
func (l *loader) warnFactors(columns []*sampleColumn, at *layout) {
	for _, c := range columns {
		if !c.words.in(factorWords) || !c.numbers() || at.isValue(c.index) {
			continue
		}
		for text := range c.distinct {
			if f, bad := parseValue([]byte(text)); bad.reason == "" && f != 1 && f != 0 {
				l.warn("column %s has the factor %s: values are read without it, as they stand",
					quotedName(c.name), text)
				break
			}
		}
	}
}

// recordLetter is the capital letter that all rows of data begin with, where the header begins with
// another one; else 0.
func (s *sample) recordLetter() byte {
	letter := func(text string) byte {
		if len(text) == 1 && text[0] >= 'A' && text[0] <= 'Z' {
			return text[0]
		}
		return 0
	}
	header := letter(s.names[0])
	if header == 0 {
		return 0
	}
	counts := map[byte]int{}
	for _, row := range s.cells {
		counts[letter(string(row[0]))]++
	}
	for l, n := range counts {
		if l != 0 && l != header && 10*n >= 9*len(s.cells) {
			return l
		}
	}
	return 0
}

// filter keeps the rows of the sample that fulfil all conditions, or all rows when none does: those
// that do may stand further down.
func (s *sample) filter(where []condition) {
	fits := func(row [][]byte) bool { return fulfils(row, where) }
	if len(where) == 0 || !slices.ContainsFunc(s.cells, fits) {
		return
	}
	kept := 0
	for r, row := range s.cells {
		if fits(row) {
			s.cells[kept], s.kinds[kept] = row, s.kinds[r]
			kept++
		}
	}
	s.cells, s.kinds = s.cells[:kept], s.kinds[:kept]
}

func fulfils(row [][]byte, where []condition) bool {
	for _, w := range where {
		if string(row[w.column]) != w.text {
			return false
		}
	}
	return true
}

// roles finds the columns of series and of values, and what kind of layout they make.
func (l *loader) roles(columns []*sampleColumn, s *sample, named choice, at *layout) error {
	at.value = named.value
	one := l.opts.Series != ""
	if named.series >= 0 {
		at.series, at.mapped = []int{named.series}, l.opts.SeriesColumn != "" || !at.contract
	} else {
		at.series, at.mapped = l.seriesColumns(columns, s, at), true
		if err := l.timeOfDay(columns, at); err != nil {
			return err
		}
	}
	if at.kind == LayoutDays {
		return l.days(at)
	}
	if len(at.series) > 0 {
		at.kind = LayoutLong
		if at.value < 0 {
			return l.chooseValue(columns, s, at)
		}
		return nil
	}
	switch {
	case at.value >= 0 && one:
		return l.one(at, l.opts.Series)
	case at.value >= 0 && l.opts.ValueColumn == "" && at.contract:
		return l.unnamed(
			"no column says which series a value belongs to; the columns are "+listed(at.names),
			"name the series with --series NAME, or the column that does with --series-column",
		)
	case at.value >= 0 && l.opts.ValueColumn == "":
		return l.one(at, l.nameOfFile(at))
	case at.value >= 0:
		return l.wide(at, []int{at.value})
	case named.time >= 0 && (named.time == 0 || l.opts.TimeColumn != ""):
		others := l.others(columns, at)
		if len(others) == 0 {
			return l.noValue(s, at)
		}
		if one && len(others) == 1 {
			at.value = others[0]
			return l.one(at, l.opts.Series)
		}
		return l.wide(at, others)
	}
	values := valueColumns(columns, at)
	if l.opts.Everything {
		values, at.left = everyNumber(columns, at), nil
	}
	switch {
	case len(values) == 0:
		return l.noValue(s, at)
	case one && len(values) == 1:
		at.value = values[0]
		return l.one(at, l.opts.Series)
	case one && !l.namesOne(at.names, values):
		return l.askValue(columns, values, at)
	}
	return l.wide(at, values)
}

// others are all columns but those of the time and those that conditions read.
func (l *loader) others(columns []*sampleColumn, at *layout) []int {
	var all []int
	for _, c := range columns {
		used := at.isTime(c.index)
		for _, w := range at.where {
			used = used || w.column == c.index
		}
		if !used && !(c.timelike() && !at.contract) {
			all = append(all, c.index)
		}
	}
	return all
}

// namesOne reports whether --series is the name of one of the columns.
func (l *loader) namesOne(names []string, values []int) bool {
	wanted, _ := mappedName(l.opts.Series)
	for _, v := range values {
		if name, ok := mappedName(names[v]); ok && name == wanted {
			return true
		}
	}
	return false
}

// one prepares a file of one series.
func (l *loader) one(at *layout, name string) error {
	at.kind = LayoutOne
	id, bad, err := l.names.lookup([]byte(name), true)
	if err != nil {
		return l.fileError(err.Error(), "give --series another name")
	}
	if bad.reason != "" {
		return l.fileError(fmt.Sprintf("%q is no name of a series", shown(name)), "say --series NAME")
	}
	at.one = id
	return nil
}

// days prepares a file with a row a day. Without a column of series it is of one series, which has
// the name of the file where --series gives none.
func (l *loader) days(at *layout) error {
	for column, slot := range at.slots {
		if slot == 0 {
			at.value = column
		}
	}
	if len(at.series) > 0 {
		return nil
	}
	name := l.opts.Series
	if name == "" {
		name = l.nameOfFile(at)
	}
	if err := l.one(at, name); err != nil {
		return err
	}
	at.kind = LayoutDays
	return nil
}

// nameOfFile is the name of a series that nothing else names, and a note on it.
func (l *loader) nameOfFile(at *layout) string {
	name, _, _ := strings.Cut(filepath.Base(l.file), ".")
	at.notes = append(at.notes,
		fmt.Sprintf("no column names the series: it is called %q, --series changes that", name))
	return name
}

// wide finds the series of each column. The same series twice is an error, whatever the two columns
// are called. A column without a name is none, as long as its cells are empty.
func (l *loader) wide(at *layout, values []int) error {
	at.kind = LayoutWide
	at.ids = make([]int32, len(at.names))
	for i := range at.ids {
		at.ids[i] = notRead
	}
	columns := map[int32]int{}
	for _, i := range values {
		name := at.names[i]
		at.ids[i] = unnamed
		if name == "" {
			continue
		}
		id, bad, err := l.names.lookup([]byte(name), true)
		if err != nil {
			return l.fileError(err.Error(), "rename one of them")
		}
		if bad.reason != "" {
			return l.fileError(
				fmt.Sprintf(
					"column %d (%s) cannot name a series: %s",
					i+1, strconv.Quote(shown(name)), bad.reason,
				),
				bad.remedy,
			)
		}
		if first, twice := columns[id]; twice {
			return l.fileError(
				fmt.Sprintf(
					"two columns of one series: %d (%s) and %d (%s) are both %s",
					first+1, strconv.Quote(shown(at.names[first])),
					i+1, strconv.Quote(shown(name)), l.names.list[id].name,
				),
				"rename one of them, or take one column by another name with --value-column",
			)
		}
		columns[id], at.ids[i] = i, id
	}
	return nil
}

// Columns of a wide file that are no series.
const (
	notRead int32 = -2 // the time, and columns that are left out
	unnamed int32 = -1 // cells must be empty
)

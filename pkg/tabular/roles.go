package tabular

import (
	"fmt"
	"slices"
	"strings"
)

// seriesColumns finds the columns that name the series. Without --series these are the column whose
// name says so and the one that tells rows of one time apart. With --series it is a column that has
// this name. Behind the time column of the contract a column is a series: there a column of numbers
// names series only where it tells rows apart.
func (l *loader) seriesColumns(columns []*sampleColumn, s *sample, at *layout) []int {
	var all []int
	usable := func(c *sampleColumn) bool {
		return c.filled > 0 && !at.isTime(c.index) && !c.timelike() && c.index != at.value &&
			c.units == 0 && c.measure.unit == "" && (at.slots == nil || at.slots[c.index] < 0) &&
			!slices.ContainsFunc(at.where, func(w condition) bool { return w.column == c.index })
	}
	if l.opts.Series != "" {
		wanted, _ := mappedName(l.opts.Series)
		for _, c := range columns {
			for text := range c.distinct {
				if name, ok := mappedName(text); usable(c) && ok && name == wanted &&
					(!c.numbers() || c.words.in(seriesWords)) {
					return []int{c.index}
				}
			}
		}
		return nil
	}
	for _, c := range columns {
		if !usable(c) || !c.words.in(seriesWords) {
			continue
		}
		if named := !c.numbers() && c.repeats(); named || !at.contract && (!c.numbers() || c.wholeIDs()) {
			all = append(all, c.index)
			break
		}
	}
	if apart := s.apart(columns, at, all); apart >= 0 && usable(columns[apart]) {
		if len(all) > 0 && len(columns[all[0]].distinct) == 1 {
			all = all[:0] // one meter, its readings are of several kinds
		}
		all = append(all, apart)
	}
	return all
}

// timeOfDay refuses a file whose times are days when a column of which the name says nothing, and
// whose texts begin with numbers, tells as many rows of a day apart as there are hours, half-hours or
// quarter-hours: each hour of the day would be a series.
func (l *loader) timeOfDay(columns []*sampleColumn, at *layout) error {
	date := columns[at.timing.date]
	if len(at.series) == 0 || at.timing.clock >= 0 || at.kind == LayoutDays || !date.dates() {
		return nil
	}
	c := columns[at.series[len(at.series)-1]]
	fits := false
	for _, n := range []int{24, 48, 96} {
		fits = fits || len(c.distinct) >= n-n/24 && len(c.distinct) <= n+n/24
	}
	if !fits || c.words.in(seriesWords) || l.opts.SeriesColumn != "" {
		return nil
	}
	for text := range c.distinct {
		if text[0] < '0' || text[0] > '9' {
			return nil
		}
	}
	return l.fileError(
		fmt.Sprintf("column %s tells %d rows of a day apart and may be the time of day, in a form that "+
			"is not read", quotedName(c.name), len(c.distinct)),
		fmt.Sprintf("write times of day as 13:00; if the column names series, say --series-column %q",
			c.name))
}

// wholeIDs reports whether numbers may be names: whole, without a mark, most of them several times,
// and in a column that is not numbered itself.
func (c *sampleColumn) wholeIDs() bool {
	if !c.repeats() {
		return false
	}
	for _, word := range c.words {
		if _, digits, rest := leadingNumber([]byte(word)); digits > 0 && len(rest) == 0 {
			return false
		}
	}
	for text := range c.distinct {
		if strings.Trim(text, "0123456789") != "" {
			return false
		}
	}
	return true
}

// repeats reports whether most texts of a column stand there several times.
func (c *sampleColumn) repeats() bool { return len(c.distinct) <= 1+c.filled/2 }

// unreadTexts are the columns of texts of a file that names no series, which could name them.
func unreadTexts(columns []*sampleColumn, at *layout) []int {
	var all []int
	for _, c := range columns {
		if len(at.series) == 0 && c.filled > 0 && c.text() && c.units == 0 && !at.isTime(c.index) &&
			!at.isValue(c.index) && !c.words.in(noteWords) && !c.words.in(otherWords) {
			all = append(all, c.index)
		}
	}
	return all
}

// isTime reports whether a column is a part of the time.
func (at *layout) isTime(column int) bool {
	t := &at.timing
	return column == t.date || column == t.clock || column == t.until || column == t.offset
}

// momentOf is the time of a row and the names of its series, as they are written.
func (at *layout) momentOf(row [][]byte, series []int) string {
	key := string(row[at.timing.date])
	for _, c := range append([]int{at.timing.clock, at.timing.offset}, series...) {
		if c >= 0 {
			key += "\x00" + string(row[c])
		}
	}
	return key
}

// apart finds the column of words that tells rows of one series and one time apart; -1 when most
// times of the sample are there once.
func (s *sample) apart(columns []*sampleColumn, at *layout, series []int) int {
	seen := map[string]int{}
	twice := 0
	differs := make([]int, len(columns))
	for r, row := range s.cells {
		key := at.momentOf(row, series)
		first, again := seen[key]
		if !again {
			seen[key] = r
			continue
		}
		twice++
		for i, cell := range row {
			if string(cell) != string(s.cells[first][i]) {
				differs[i]++
			}
		}
	}
	if 2*twice < len(seen) {
		return -1
	}
	best := -1
	for i, c := range columns {
		names := c.words.in(seriesWords) || c.words.in(kindWords)
		if !at.isTime(i) && (c.text() || names && c.wholeIDs()) &&
			5*differs[i] >= 4*twice && (best < 0 || len(c.distinct) < len(columns[best].distinct)) {
			best = i
		}
	}
	return best
}

// rank says how much the name of a column speaks for values: 0 for none, higher for a word of
// quantity and for a unit.
func (c *sampleColumn) rank(at *layout) int {
	switch {
	case !c.numbers() || c.timelike() || at.isTime(c.index) || slices.Contains(at.series, c.index),
		slices.ContainsFunc(at.where, func(w condition) bool { return w.column == c.index }):
		return 0
	case c.measure.unit != "":
		return 3
	case c.is(c.codes):
		return 0
	case c.other(), c.hours(), c.name == "", c.words.in(kindWords) && c.wholeIDs():
		return 0
	case c.words.in(seriesWords) && c.wholeIDs():
		return 0
	case c.words.in(quantityWords):
		return 2
	}
	return 1
}

// other reports whether the name of a column speaks of something else than energy. The low, normal
// or peak tariff of a quantity names one of its registers.
func (c *sampleColumn) other() bool {
	others := 0
	for _, word := range c.words {
		if otherWords[word] && !tariffWords[word] {
			return true
		}
		if tariffWords[word] {
			others++
		}
	}
	return others > 0 && !(c.words.in(quantityWords) && c.words.in(registerWords))
}

// valueColumns are the columns whose names speak most for values. Forecasts are none beside what
// was measured. Columns of numbers that are left out are noted in the layout.
func valueColumns(columns []*sampleColumn, at *layout) []int {
	best := 0
	empty := !slices.ContainsFunc(columns, func(c *sampleColumn) bool { return c.filled > 0 })
	for _, c := range columns {
		if c.filled > 0 || empty {
			best = max(best, c.rank(at))
		}
	}
	if best == 0 {
		return loneNumbers(columns, at)
	}
	var values, measured []int
	for _, c := range columns {
		switch r := c.rank(at); {
		case r == best && !c.words.in(forecastWords):
			measured = append(measured, c.index)
			fallthrough
		case r == best:
			values = append(values, c.index)
		}
	}
	if len(measured) > 0 {
		values = measured
	}
	for _, c := range columns {
		if c.numbers() && c.filled > 0 && c.name != "" && !at.isTime(c.index) &&
			!slices.Contains(values, c.index) && !slices.Contains(at.series, c.index) &&
			!c.timelike() && !c.words.in(seriesWords) && !c.is(c.codes) {
			at.left = append(at.left, c.name)
		}
	}
	return values
}

// loneNumbers finds the only column of numbers that is neither a time nor a name.
func loneNumbers(columns []*sampleColumn, at *layout) []int {
	if all := everyNumber(columns, at); len(all) == 1 {
		return all
	}
	return nil
}

// everyNumber finds the columns of numbers that are neither times nor names.
func everyNumber(columns []*sampleColumn, at *layout) []int {
	var all []int
	for _, c := range columns {
		if c.numbers() && c.filled > 0 && !c.timelike() && !at.isTime(c.index) && c.name != "" &&
			!slices.Contains(at.series, c.index) && !c.hours() && !c.is(c.codes) {
			all = append(all, c.index)
		}
	}
	return all
}

// chooseValue finds the one column of values of a file with a row a reading.
func (l *loader) chooseValue(columns []*sampleColumn, s *sample, at *layout) error {
	values := valueColumns(columns, at)
	switch len(values) {
	case 0:
		return l.noValue(s, at)
	case 1:
		at.value = values[0]
		return nil
	}
	if l.opts.Series == "" && l.opts.SeriesColumn == "" && len(at.series) == 1 && at.mapped &&
		len(columns[at.series[0]].distinct) == 1 {
		at.series = nil // one meter with several quantities
		return l.wide(at, values)
	}
	return l.askValue(columns, values, at)
}

// askValue refuses a file with several columns of values, of which one was asked for. Of what was
// measured and what was not it takes the former.
func (l *loader) askValue(columns []*sampleColumn, values []int, at *layout) error {
	var actual []int
	var names []string
	for _, v := range values {
		names = append(names, at.names[v])
		if columns[v].words.in(actualWords) {
			actual = append(actual, v)
		}
	}
	if len(actual) == 1 {
		at.value = actual[0]
		for _, name := range names {
			if name != at.names[at.value] {
				at.left = append(at.left, name)
			}
		}
		if at.kind == LayoutLong {
			return nil
		}
		return l.one(at, l.opts.Series)
	}
	remedy := fmt.Sprintf("name one with --value-column %q", names[0])
	if l.opts.Series != "" {
		remedy += ", or leave --series out: each is a series then"
	}
	return l.fileError(
		fmt.Sprintf("%d columns may be the values: %s", len(names), listed(names)), remedy)
}

// units finds the unit of the values: in the name of their column, in a column of units, in the
// names of the kinds of readings, or in the lines before the header.
func (l *loader) units(columns []*sampleColumn, s *sample, at *layout) {
	at.measures = make([]measure, len(columns))
	for _, c := range columns {
		if at.isValue(c.index) && c.suffixed > 0 && c.is(c.suffixed) {
			at.suffixed, at.measureOf = true, "cells of "+quotedName(c.name)
		}
	}
	if at.suffixed {
		return
	}
	for _, c := range columns {
		at.measures[c.index] = c.measure
		if c.measure.unit != "" && (c.index == at.value || at.ids != nil && at.ids[c.index] >= 0) {
			at.measureOf = "column " + quotedName(c.name)
		}
	}
	if at.measureOf != "" || at.kind == LayoutWide && at.contract {
		return
	}
	for _, w := range at.where {
		if m := measureIn(w.text); m.unit != "" {
			at.setMeasure(m, "--where")
			return
		}
	}
	if c := unitColumn(columns, at); c != nil {
		at.unit, at.measureOf = c.index, "column "+quotedName(c.name)
		return
	}
	if m := s.preambleMeasure(columns); m.unit != "" && !at.contract {
		at.setMeasure(m, "the lines before the header")
		return
	}
	at.unitInNames = len(at.series) > 0
}

// unitColumn finds the column with the unit of each row: of several the first one behind the
// values, nil when there is none.
func unitColumn(columns []*sampleColumn, at *layout) (found *sampleColumn) {
	for _, c := range columns {
		if c.units > 0 && (c.is(c.units) || c.words.in(unitWords)) && !at.isTime(c.index) &&
			!slices.Contains(at.series, c.index) {
			if found == nil || found.index < at.value {
				found = c
			}
		}
	}
	return found
}

// setMeasure makes a unit that of all values.
func (at *layout) setMeasure(m measure, by string) {
	for i := range at.measures {
		at.measures[i] = m
	}
	at.measureOf = by
}

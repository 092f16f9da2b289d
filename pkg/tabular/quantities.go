package tabular

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// manyRepeats of one moment are no correction of a reading.
const manyRepeats = 8

// checkQuantities refuses a file in which most moments of a series have two values, when a column
// tells these apart: one id holds several quantities there. Without such a column it is a warning.
func (l *loader) checkQuantities(first, repeats int) error {
	rows := l.table.rows[first:]
	if repeats == 0 || 3*repeats < len(rows) {
		return nil
	}
	moments, differ, example := l.countDoubled(rows)
	if 2*differ < moments || differ < 2 && repeats < manyRepeats {
		return nil
	}
	what := fmt.Sprintf("%d of %d moments of %s have several values, as where a file holds several "+
		"quantities", differ, moments, example)
	column, values := -1, []string(nil)
	if l.at.delimiter != 0 { // delimited text
		var err error
		if column, values, err = l.apart(); err != nil {
			return err
		}
	}
	if column < 0 && l.later.joint > 0 {
		return l.fileError(
			fmt.Sprintf("%s: the header stands again in line %d, where another table begins", what,
				l.later.joint),
			fmt.Sprintf("cut the file into its tables, the first one before line %d", l.later.joint))
	}
	if column < 0 {
		l.report.Warnings = append(l.report.Warnings,
			fmt.Sprintf("%s: %s; the last value of a moment counts", l.file, what))
		return nil
	}
	name := l.at.names[column]
	if kindOf([]byte(values[0])).isTime() {
		return l.fileError(
			fmt.Sprintf("%s: column %s holds other times (%s)", what, strconv.Quote(name), listed(values)),
			fmt.Sprintf("--time-column %s if these are the times of the readings", strconv.Quote(name)))
	}
	if words := wordsOf(name); words.in(hourWords) || words.in(periodWords) || words.in(minuteWords) {
		return l.fileError(
			fmt.Sprintf("%s: column %s tells them apart (%s) and may be a part of the time",
				what, strconv.Quote(name), listed(values)),
			"write the whole time of day into one column, as 13:15")
	}
	if ofDay(values) && l.at.timing.clock < 0 && l.at.timing.calendar != epoch {
		return l.fileError(
			fmt.Sprintf("%s: column %s counts %d periods of a day and may be the time of day",
				what, strconv.Quote(name), len(values)),
			fmt.Sprintf("--time-column %q if it is", l.at.names[l.at.timing.date]+","+name))
	}
	fix := fmt.Sprintf("--where %s takes one of them", strconv.Quote(name+"="+values[0]))
	if len(l.at.series) > 0 || l.opts.Series == "" {
		fix = fmt.Sprintf("--series-column %s makes each a series; %s", strconv.Quote(name), fix)
	} else {
		fix += fmt.Sprintf("; --series-column %s in the place of --series makes each a series",
			strconv.Quote(name))
	}
	return l.fileError(
		fmt.Sprintf("%s: column %s tells them apart (%s); the last value would count",
			what, strconv.Quote(name), listed(values)), fix)
}

// ofDay reports whether texts are all numbers of the hours, half-hours or quarter-hours of a day.
func ofDay(values []string) bool {
	numbers := map[int]bool{}
	for _, text := range values {
		n, ok := ordinal([]byte(text))
		if !ok {
			return false
		}
		numbers[n] = true
	}
	least, most := span(numbers)
	return least < 2 && most-least+1 == len(numbers) && len(numbers) == len(values) &&
		(wholeDay(len(numbers)) || len(numbers) == 24)
}

// countDoubled counts the moments of rows, and those that have several values; it names a series of
// these.
func (l *loader) countDoubled(rows []Row) (moments, differ int, example string) {
	sorted := slices.Clone(rows)
	slices.SortFunc(sorted, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Series, b.Series), cmp.Compare(a.Unix, b.Unix))
	})
	for from, to := 0, 0; from < len(sorted); from = to {
		a := sorted[from]
		several := false
		for to = from; to < len(sorted); to++ {
			b := sorted[to]
			if b.Series != a.Series || b.Unix != a.Unix {
				break
			}
			several = several || b.Value != a.Value
		}
		moments++
		if several {
			differ++
			if example == "" {
				example = l.table.Series[a.Series].String()
			}
		}
	}
	return moments, differ, example
}

// apartRows bounds how many rows are looked at for the column that tells quantities apart.
const apartRows = 200_000

// apart finds the column of words that differs between the rows of one time, and its values; -1 for
// none.
func (l *loader) apart() (column int, values []string, err error) {
	at := &l.at
	firsts := map[string][][]byte{}
	differs, twice, read := make([]int, len(at.names)), 0, 0
	texts := make([]map[string]int, len(at.names)) // by text, how many others came before it
	err = l.each(at, func(fields [][]byte) error {
		if read++; read > apartRows {
			return nil
		}
		key := at.momentOf(fields, at.series)
		for i, field := range fields {
			if texts[i] == nil {
				texts[i] = map[string]int{}
			}
			if _, known := texts[i][string(field)]; !known && len(texts[i]) <= maxDistinct {
				texts[i][string(field)] = len(texts[i])
			}
		}
		first, again := firsts[key]
		if !again {
			firsts[key] = cloneFields(fields)
			return nil
		}
		twice++
		for i, field := range fields {
			if string(field) != string(first[i]) {
				differs[i]++
			}
		}
		return nil
	})
	column = -1
	for i, n := range differs {
		few := len(texts[i]) > 1 && len(texts[i]) <= maxDistinct
		if few && 2*n >= twice && twice > 0 && !at.isValue(i) && !at.isTime(i) &&
			(column < 0 || len(texts[i]) < len(texts[column])) && !fractions(texts[i]) {
			column = i
		}
	}
	if column < 0 {
		return column, nil, err
	}
	for text := range texts[column] {
		values = append(values, text)
	}
	slices.SortFunc(values, func(a, b string) int { return texts[column][a] - texts[column][b] })
	return column, values, err
}

// fractions reports whether texts are numbers with a mark, which name no quantity.
func fractions(texts map[string]int) bool {
	for text := range texts {
		n, ok := numberShape([]byte(text))
		if !ok || n.points+n.commas == 0 && !strings.HasPrefix(text, "-") {
			return false
		}
	}
	return true
}

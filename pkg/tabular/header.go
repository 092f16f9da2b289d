package tabular

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// maxColumns is how wide a file may be.
const maxColumns = 20_000

// Columns of the long form.
const (
	columnSeries    = "series"
	columnTimestamp = "timestamp"
	columnValue     = "value"
)

// Layouts of a file.
const (
	LayoutLong = "long"       // a row a reading
	LayoutWide = "wide"       // a row a time, a column a series
	LayoutOne  = "one series" // a row a reading, all of one series
)

// layout says where what stands in a file.
type layout struct {
	kind   string
	names  []string // of the columns, as written
	time   int
	value  int     // long, one
	series int     // long
	mapped bool    // long: names of series need not be legal
	ids    []int32 // wide: of each column, -1 for the time and for columns without a name
	one    int32   // one
}

const noHeader = "its first line is no header of a CSV file"

// header finds out the layout of a file from its first line and the options.
func (l *loader) header(line []byte, long bool) (layout, error) {
	var ok bool
	if l.fields, ok = splitFields(l.fields[:0], line); !ok || long || len(l.fields) > maxColumns {
		return layout{}, l.fileError(noHeader, remedyHeader)
	}
	at := layout{names: make([]string, len(l.fields))}
	for i, field := range l.fields {
		at.names[i] = string(field)
	}
	var err error
	if at.time, err = l.column(
		at.names, l.opts.TimeColumn, columnTimestamp, "--time-column",
	); err != nil {
		return at, err
	}
	if at.series, err = l.column(
		at.names, l.opts.SeriesColumn, columnSeries, "--series-column",
	); err != nil {
		return at, err
	}
	if at.value, err = l.column(
		at.names, l.opts.ValueColumn, columnValue, "--value-column",
	); err != nil {
		return at, err
	}
	if err := l.distinct(at); err != nil {
		return at, err
	}
	one := l.opts.Series != ""
	switch {
	case at.series >= 0:
		at.kind, at.mapped = LayoutLong, l.opts.SeriesColumn != ""
		return at, l.needs(at)
	case one && at.value < 0 && at.time >= 0 && len(at.names) == 2:
		at.value = 1 - at.time
		fallthrough
	case one && at.value >= 0:
		at.kind = LayoutOne
		if err := l.needs(at); err != nil {
			return at, err
		}
		return at, l.one(&at)
	case at.value >= 0:
		return at, l.fileError(
			"no column says which series a value belongs to; the columns are "+listed(at.names),
			"name the series with --series NAME, or the column that does with --series-column",
		)
	case at.time >= 0 && len(at.names) > 1 && (at.time == 0 || l.opts.TimeColumn != ""):
		at.kind = LayoutWide
		return at, l.wide(&at)
	}
	return at, l.missing(at.names, columnSeries)
}

// column finds a column by the name an option gives it, else by its default; -1 when there is none
// by default.
func (l *loader) column(names []string, option, byDefault, flag string) (int, error) {
	name := option
	if name == "" {
		name = byDefault
	}
	found := matching(names, func(s string) bool { return option != "" && s == option })
	if len(found) == 0 {
		found = matching(names, func(s string) bool { return strings.EqualFold(s, name) })
	}
	switch {
	case len(found) > 1:
		return -1, l.fileError(
			fmt.Sprintf(
				"two columns are named %s: %d and %d",
				strconv.Quote(shown(name)), found[0]+1, found[1]+1,
			),
			"rename one of them",
		)
	case len(found) == 1:
		return found[0], nil
	case option != "" && oneColumn(names):
		return -1, l.fileError(
			fmt.Sprintf("no column %s; the columns are %s", strconv.Quote(shown(name)), listed(names)),
			splitRemedy,
		)
	case option != "":
		return -1, l.fileError(
			fmt.Sprintf("no column %s; the columns are %s", strconv.Quote(shown(name)), listed(names)),
			"give "+flag+" one of these",
		)
	}
	return -1, nil
}

func matching(names []string, match func(string) bool) []int {
	var found []int
	for i, name := range names {
		if match(name) {
			found = append(found, i)
		}
	}
	return found
}

// distinct refuses options that give one column two meanings.
func (l *loader) distinct(at layout) error {
	if at.time >= 0 && (at.time == at.series || at.time == at.value) ||
		at.series >= 0 && at.series == at.value {
		return l.fileError(
			"one column cannot be series, time and value at once",
			"give --series-column, --time-column and --value-column a column each",
		)
	}
	return nil
}

// needs refuses a file of rows without the column of times or of values.
func (l *loader) needs(at layout) error {
	switch {
	case at.time < 0:
		return l.missing(at.names, columnTimestamp)
	case at.value < 0:
		return l.missing(at.names, columnValue)
	}
	return nil
}

// splitRemedy is the remedy of a file whose columns are not separated by commas.
const splitRemedy = "separate the columns by commas, and write decimals with a point"

// oneColumn reports whether a header is one column for this reader because another sign than a comma
// separates its columns.
func oneColumn(names []string) bool {
	return len(names) == 1 && strings.ContainsAny(names[0], ";\t|")
}

func (l *loader) missing(names []string, column string) error {
	problem := fmt.Sprintf("no column %q; the columns are %s", column, listed(names))
	has := func(name string) bool {
		return slices.ContainsFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
	}
	switch {
	case oneColumn(names):
		return l.fileError(problem, splitRemedy)
	case column == columnTimestamp:
		return l.fileError(problem, "name the column of times with --time-column")
	case column == columnValue:
		return l.fileError(problem, "name the column of values with --value-column")
	case has(columnTimestamp):
		return l.fileError(
			problem,
			"name the columns with --series-column and --value-column, or put timestamp first in a wide "+
				"file, a column per series",
		)
	}
	return l.fileError(
		problem,
		"name the columns with --series-column, --time-column and --value-column; of a wide file "+
			"--time-column alone",
	)
}

// one prepares a file of one series.
func (l *loader) one(at *layout) error {
	id, _, err := l.names.lookup([]byte(l.opts.Series), true)
	if err != nil {
		return l.fileError(err.Error(), "give --series another name")
	}
	at.one = id
	return nil
}

// wide finds the series of each column. The same series twice is an error, whatever the two columns
// are called. A column without a name is none, as long as its cells are empty.
func (l *loader) wide(at *layout) error {
	at.ids = make([]int32, len(at.names))
	columns := map[meter.ID]int{}
	for i, name := range at.names {
		at.ids[i] = -1
		if i == at.time || name == "" {
			continue
		}
		if series, ok := mappedName(name); ok {
			if first, twice := columns[series]; twice {
				return l.fileError(
					fmt.Sprintf(
						"two columns of one series: %d (%s) and %d (%s) are both %s",
						first+1, strconv.Quote(shown(at.names[first])),
						i+1, strconv.Quote(shown(name)), series,
					),
					"rename one of them",
				)
			}
			columns[series] = i
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
		at.ids[i] = id
	}
	return nil
}

// listed gives the first columns of a header for an error.
func listed(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(shown(name))
	}
	return firstOf(quoted)
}

package tabular

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
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
	LayoutDays = "days"       // a row a day, a column a time of day
)

// layout says where what stands in a file.
type layout struct {
	kind      string
	names     []string // of the columns, as written
	data      int      // number of the line before the first row of data
	least     int      // fields that rows have at least, see fitted; 0 for as many as names
	record    byte     // letter that rows of data begin with, where others are other records; or 0
	delimiter byte
	numbers   numbers
	timing    timing
	time      int     // the column that a rejected time is named by
	value     int     // long, one; days: the first column of values
	series    []int   // long, days: columns that name the series together
	mapped    bool    // names of series need not be legal
	ids       []int32 // wide: of each column, -1 for the time and for columns that are no series
	one       int32   // one
	slots     []int   // days: the period of the day of each column, -1 for other columns
	where     []condition
	unit      int       // column with the unit of each row, -1 for none
	measures  []measure // of the values, by column
	measureOf string    // what says the unit, for a person
	// The unit stands behind the number of each value.
	suffixed bool
	// The unit may stand in the names of the series, as in "Active Import Interval (kW)".
	unitInNames bool
	left        []string // columns of numbers that are left out
	texts       []int    // columns of texts that are not read
	notes       []string // what was found out beyond the contract, for a person
	contract    bool     // the names are those of the contract
}

// condition is a column and the text that it must have.
type condition struct {
	column int
	text   string
}

const noHeader = "its first line is no header of a CSV file"

// choice are the columns that options and the contract name, -1 for those that they do not name.
type choice struct {
	time, clock, series, value int
	contractTime               bool
}

// choose finds the columns that options and the contract name.
func (l *loader) choose(names []string) (c choice, err error) {
	c.clock = -1
	if c.time, c.clock, err = l.timeColumns(names); err != nil {
		return c, err
	}
	c.contractTime = c.time >= 0 && l.opts.TimeColumn == ""
	if c.series, err = l.column(
		names, l.opts.SeriesColumn, columnSeries, "--series-column",
	); err != nil {
		return c, err
	}
	if c.value, err = l.column(
		names, l.opts.ValueColumn, columnValue, "--value-column",
	); err != nil {
		return c, err
	}
	for _, own := range [...]struct{ series, time, value string }{
		{"unique_id", "ds", "y"}, {"item_id", "timestamp", "target"},
	} {
		if has(names, own.series) && has(names, own.time) && has(names, own.value) {
			index := func(given int, name string) int {
				if given >= 0 {
					return given
				}
				return slices.IndexFunc(names, func(s string) bool { return strings.EqualFold(s, name) })
			}
			c.series, c.time = index(c.series, own.series), index(c.time, own.time)
			c.value = index(c.value, own.value)
		}
	}
	if c.time >= 0 && (c.time == c.series || c.time == c.value) ||
		c.series >= 0 && c.series == c.value {
		return c, l.fileError(
			"one column cannot be series, time and value at once",
			"give --series-column, --time-column and --value-column a column each",
		)
	}
	return c, nil
}

// timeColumns finds the column that --time-column names, or two of them: "Date,Time".
func (l *loader) timeColumns(names []string) (date, clock int, err error) {
	option := l.opts.TimeColumn
	first, second, two := strings.Cut(option, ",")
	if two && !has(names, option) && has(names, strings.TrimSpace(first)) {
		if date, err = l.column(names, strings.TrimSpace(first), "", "--time-column"); err != nil {
			return -1, -1, err
		}
		clock, err = l.column(names, strings.TrimSpace(second), "", "--time-column")
		return date, clock, err
	}
	date, err = l.column(names, option, columnTimestamp, "--time-column")
	return date, -1, err
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

// contractField reports whether a field is a name that the header must have.
func (l *loader) contractField(field []byte) bool {
	for _, name := range []string{
		columnTimestamp, l.opts.TimeColumn, l.opts.ValueColumn, l.opts.SeriesColumn,
	} {
		if name != "" && strings.EqualFold(string(field), name) {
			return true
		}
	}
	return false
}

// conditions finds the columns of --where.
func (l *loader) conditions(names []string) ([]condition, error) {
	var all []condition
	for _, where := range l.opts.Where {
		name, text, ok := strings.Cut(where, "=")
		if !ok {
			return nil, &OptionError{"where", shown(where), "names no value", "give COLUMN=VALUE"}
		}
		at, err := l.column(names, strings.TrimSpace(name), "", "--where")
		if err != nil {
			return nil, err
		}
		all = append(all, condition{at, strings.TrimSpace(text)})
	}
	return all, nil
}

// listed gives the first columns of a header for an error.
func listed(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = strconv.Quote(shown(name))
	}
	return firstOf(quoted)
}

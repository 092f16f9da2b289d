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

// layout says where the three columns of a file stand.
type layout struct {
	columns                  int
	series, timestamp, value int
}

// header finds the three columns, in any order and beside others.
func (l *loader) header(file string, line []byte, long bool) (layout, error) {
	var ok bool
	if l.fields, ok = splitFields(l.fields[:0], line); !ok || long || len(l.fields) > maxColumns {
		return layout{}, &FileError{
			File: file, Problem: "its first line is no header of a CSV file", Remedy: "start it with the header series,timestamp,value",
		}
	}
	names := make([]string, len(l.fields))
	for i, field := range l.fields {
		names[i] = strings.ToLower(string(field))
	}
	at := layout{columns: len(names)}
	for _, c := range []struct {
		name string
		at   *int
	}{{columnSeries, &at.series}, {columnTimestamp, &at.timestamp}, {columnValue, &at.value}} {
		*c.at = slices.Index(names, c.name)
		if *c.at < 0 {
			return layout{}, &FileError{
				File: file, Problem: fmt.Sprintf("no column %q; the columns are %s", c.name, listed(l.fields)), Remedy: missingRemedy(names),
			}
		}
		if slices.Contains(names[*c.at+1:], c.name) {
			return layout{}, &FileError{File: file, Problem: fmt.Sprintf("two columns are named %q", c.name), Remedy: "rename one of them"}
		}
	}
	return at, nil
}

func missingRemedy(names []string) string {
	switch {
	case len(names) == 1 && strings.ContainsAny(names[0], ";\t"):
		return "separate the columns by commas"
	case slices.Contains(names, columnTimestamp) && !slices.Contains(names, columnSeries) && !slices.Contains(names, columnValue):
		return "bring it into the long form, one row a reading, with the header series,timestamp,value; wide files come with a later release"
	default:
		return "name the columns series, timestamp and value in the header"
	}
}

// listed gives the first columns of a header for an error.
func listed(fields [][]byte) string {
	const most = 12
	var quoted []string
	for _, field := range fields[:min(len(fields), most)] {
		quoted = append(quoted, strconv.Quote(shown(field)))
	}
	if more := len(fields) - most; more > 0 {
		quoted = append(quoted, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(quoted, ", ")
}

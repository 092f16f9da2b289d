package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// markColumns are the columns of a file of marks, in any order.
var markColumns = []string{"series", "from", "until", "reason"}

// mostMarkRows bounds the rows of a file of marks.
const mostMarkRows = 1_000_000

// markRow is a row of a file of marks.
type markRow struct {
	pattern meter.ID
	mark    meter.Mark
}

// badRow is a row that is no mark.
type badRow struct {
	line int
	err  error
}

// readMarks reads a file of marks: CSV with a header that names series, from, until and reason. Rows
// that are no marks are in bad, with their lines. The error is about the whole file.
func readMarks(path string) (rows []markRow, bad []badRow, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = f.Close() }() // a failed close of a file that was read loses nothing
	r := csv.NewReader(f)
	r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord = -1, true, true
	header, err := r.Read()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	places, err := markPlaces(header)
	if err != nil {
		return nil, nil, usageError(fmt.Sprintf("%s: %v", path, err),
			"the file is CSV with the header series,from,until,reason, as loadtide series marks --csv prints it")
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, bad, nil
		}
		line, _ := r.FieldPos(0)
		var parse *csv.ParseError
		if errors.As(err, &parse) {
			bad = append(bad, badRow{parse.StartLine, parse.Err})
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		row, err := parseMarkRow(fields, places)
		if err != nil {
			bad = append(bad, badRow{line, err})
			continue
		}
		if rows = append(rows, row); len(rows) > mostMarkRows {
			return nil, nil, fmt.Errorf("%s: more than %d marks: cut the file", path, mostMarkRows)
		}
	}
}

// markPlaces returns the places of markColumns in a header.
func markPlaces(header []string) ([]int, error) {
	names := make([]string, len(header))
	for i, name := range header {
		names[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
	}
	places := make([]int, len(markColumns))
	for i, column := range markColumns {
		if places[i] = slices.Index(names, column); places[i] < 0 {
			return nil, fmt.Errorf("no column %q among %q", column, strings.Join(names, ","))
		}
	}
	return places, nil
}

func parseMarkRow(fields []string, places []int) (markRow, error) {
	if len(fields) <= slices.Max(places) {
		return markRow{}, fmt.Errorf("%d fields: want a series, from, until and a reason", len(fields))
	}
	field := func(i int) string { return strings.TrimSpace(fields[places[i]]) }
	control := streams.MarkControl{
		Series: markedSeries(field(0)), Reason: strings.ToLower(field(3)),
	}
	for i, to := range []*time.Time{&control.From, &control.Until} {
		var err error
		if *to, err = time.Parse(time.RFC3339, field(1+i)); err != nil {
			return markRow{}, fmt.Errorf("%s %q is no time in RFC 3339, e.g. 2026-01-31T13:00:00Z",
				markColumns[1+i], field(1+i))
		}
	}
	pattern, mark, err := control.Mark()
	return markRow{pattern, mark}, err
}

// markedSeries is a name or a pattern of series as a file has it: a name without a site is of the
// site of such names in files of readings.
func markedSeries(name string) string {
	if _, ok := meter.ParsePattern(name); ok || name == "" || strings.ContainsAny(name, ".*") {
		return name
	}
	return meter.ID{Site: fileSite, Meter: meter.Token(name)}.String()
}

// shownBadRows is how many rows that are no marks are shown.
const shownBadRows = 5

// showBadRows says which rows of a file are no marks.
func showBadRows(show func(format string, args ...any), path string, bad []badRow, all int) {
	if len(bad) == 0 {
		return
	}
	show("warn: %s: %d of %d rows are no marks and are left out", path, len(bad), all)
	for _, b := range bad[:min(len(bad), shownBadRows)] {
		show("warn: %s:%d: %v", path, b.line, b.err)
	}
}

// marksFlag names a file of marks, for commands that read readings from files.
type marksFlag struct {
	Marks string `placeholder:"FILE" help:"CSV with series,from,until,reason: intervals in these periods are kept from the model and the scores, as loadtide series mark keeps them."`
}

// load reads the file and shows its bad rows; without a file there are no marks.
func (f *marksFlag) load(show func(format string, args ...any)) (*meter.Marks, error) {
	marks := &meter.Marks{}
	if f.Marks == "" {
		return marks, nil
	}
	rows, bad, err := readMarks(f.Marks)
	if err != nil {
		return nil, err
	}
	showBadRows(show, f.Marks, bad, len(rows)+len(bad))
	for _, row := range rows {
		forgotten, ok := marks.Put(row.pattern, row.mark)
		if forgotten > 0 || !ok {
			return nil, fmt.Errorf("%s: too many marks: a series or pattern has at most %d, a file %d of "+
				"these", f.Marks, meter.MostMarks, meter.MostMarked)
		}
	}
	return marks, nil
}

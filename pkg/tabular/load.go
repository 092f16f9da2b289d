package tabular

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

const (
	defaultMaxRows = 20_000_000 // about 2.3 GB at the peak, the copy for sorting included
	maxSamples     = 20         // rejected rows a Report keeps
	maxSeries      = 1_000_000
)

// Options of Load; the zero value is good.
type Options struct {
	MaxRows  int            // rows kept at most; 0 is 20 million
	Rejected func(RowError) // called for each rejected row, in order; may be nil
}

// Report says what was read.
type Report struct {
	File        string     // the files as they were named, joined by ", "
	Rows        int        // rows read, rejected ones included; empty lines are none
	Rejected    int        // rows that could not be used
	First       []RowError // the first 20 of them
	Series      int        // distinct series
	From, Until time.Time  // oldest and newest timestamp kept, UTC; zero without rows
}

// Load reads files of the long form into one table, in the order of paths. Rows that cannot be used are counted in
// the report; the error is a *FileError when a file cannot be read or has not the right columns, or when no row of all
// files is usable. The report is good with an error too.
func Load(paths []string, opts Options) (*Table, Report, error) {
	l := newLoader(opts)
	for _, path := range paths {
		if err := l.addPath(path); err != nil {
			return nil, l.finish(paths), err
		}
	}
	report := l.finish(paths)
	if len(l.table.rows) > 0 {
		return l.table, report, nil
	}
	e := &FileError{File: report.File, Problem: "no rows", Remedy: "write at least one row under the header"}
	if len(paths) == 0 {
		e.File, e.Remedy = "no file", "name at least one CSV file"
	}
	if report.Rejected > 0 {
		first := report.First[0]
		e.Problem = fmt.Sprintf("none of %d rows is usable; first: %s", report.Rows, first.Error())
		e.Remedy = first.Remedy
	}
	return nil, report, e
}

// loader collects the rows of several files.
type loader struct {
	opts   Options
	table  *Table
	report Report
	index  map[string]int32 // series as written -> index
	names  map[SeriesName]int32
	fields [][]byte
}

func newLoader(opts Options) *loader {
	if opts.MaxRows <= 0 {
		opts.MaxRows = defaultMaxRows
	}
	return &loader{opts: opts, table: &Table{}, index: map[string]int32{}, names: map[SeriesName]int32{}}
}

func (l *loader) finish(paths []string) Report {
	l.report.File = strings.Join(paths, ", ")
	l.report.Series = len(l.table.Series)
	if len(l.table.rows) > 0 {
		first, last := l.table.rows[0].Unix, l.table.rows[0].Unix
		for _, r := range l.table.rows {
			first, last = min(first, r.Unix), max(last, r.Unix)
		}
		l.report.From, l.report.Until = time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
	}
	return l.report
}

func (l *loader) addPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err // the path is named already
		}
		return &FileError{File: path, Problem: "cannot be opened", Remedy: "check the name and the right to read it", Err: err}
	}
	defer f.Close()
	return l.add(path, f)
}

// add reads one file, gzip'd or plain by its first bytes.
func (l *loader) add(file string, r io.Reader) error {
	plain := bufio.NewReaderSize(r, maxLine)
	magic, err := plain.Peek(4) // shorter only at the end of the file or on an error that the next read gives again
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return unreadable(file, err)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		unzipped, err := gzip.NewReader(plain)
		if err != nil {
			return unreadable(file, err)
		}
		return l.lines(file, newLineReader(unzipped))
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return &FileError{File: file, Problem: "is compressed with zstd", Remedy: "unpack it first, or use gzip; zstd comes with a later release"}
	default:
		return l.lines(file, newLineReader(plain))
	}
}

func unreadable(file string, err error) error {
	return &FileError{File: file, Problem: "cannot be read to its end", Remedy: "check that the file is whole", Err: err}
}

func (l *loader) lines(file string, lines *lineReader) error {
	var at layout
	for header := true; ; {
		line, long, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return unreadable(file, fmt.Errorf("line %d: %w", lines.line+1, err))
		}
		if len(line) == 0 {
			continue
		}
		if header {
			if at, err = l.header(file, line, long); err != nil {
				return err
			}
			header = false
			continue
		}
		if len(l.table.rows) >= l.opts.MaxRows {
			return &FileError{
				File: file, Problem: fmt.Sprintf("more than %d rows in all", l.opts.MaxRows), Remedy: "split it and load the parts one by one",
			}
		}
		l.report.Rows++
		if e := l.row(&at, line, long); e != nil {
			e.File, e.Line = file, lines.line
			l.reject(*e)
		}
	}
	if at.columns == 0 {
		return &FileError{File: file, Problem: "is empty", Remedy: "start it with the header series,timestamp,value"}
	}
	return nil
}

func (l *loader) reject(e RowError) {
	l.report.Rejected++
	if len(l.report.First) < maxSamples {
		l.report.First = append(l.report.First, e)
	}
	if l.opts.Rejected != nil {
		l.opts.Rejected(e)
	}
}

// row reads one row into the table, or says what is wrong with it.
func (l *loader) row(at *layout, line []byte, long bool) *RowError {
	if long {
		return &RowError{Value: shown(line), Reason: reasonTooLarge, Remedy: remedyLine}
	}
	var ok bool
	if l.fields, ok = splitFields(l.fields[:0], line); !ok {
		return &RowError{Value: shown(line), Reason: reasonUnparsable, Remedy: remedyQuotes}
	}
	if len(l.fields) != at.columns {
		return &RowError{Value: shown(line), Reason: reasonUnparsable, Remedy: remedyFields}
	}
	series, bad := l.series(l.fields[at.series])
	if bad.reason != "" {
		return l.rowError(at.series, columnSeries, bad)
	}
	unix, bad := parseTime(l.fields[at.timestamp])
	if bad.reason != "" {
		return l.rowError(at.timestamp, columnTimestamp, bad)
	}
	value, bad := parseValue(l.fields[at.value])
	if bad.reason != "" {
		return l.rowError(at.value, columnValue, bad)
	}
	l.table.rows = append(l.table.rows, Row{Series: series, Unix: unix, Value: value})
	return nil
}

// series returns the index of a series by its name as written.
func (l *loader) series(text []byte) (int32, problem) {
	if i, ok := l.index[string(text)]; ok {
		return i, problem{}
	}
	name, bad := parseSeries(text)
	if bad.reason != "" {
		return 0, bad
	}
	i, ok := l.names[name] // "m1" and "default.m1" are one
	if !ok {
		if len(l.table.Series) == maxSeries {
			return 0, problem{reasonTooLarge, remedyMany}
		}
		i = int32(len(l.table.Series))
		l.names[name] = i
		l.table.Series = append(l.table.Series, name)
	}
	l.index[string(text)] = i
	return i, problem{}
}

func (l *loader) rowError(column int, name string, bad problem) *RowError {
	return &RowError{
		Column: column + 1, Name: name, Value: shown(l.fields[column]), Reason: bad.reason, Remedy: bad.remedy,
	}
}

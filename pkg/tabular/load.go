package tabular

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

const defaultMaxRows = 20_000_000 // 480 MB

// Load reads files into one table, in the order of paths. Rows that cannot be used are counted in
// the report. The error is an *OptionError when an option is wrong; a *FileError when a file cannot
// be read or its columns are not those that header and options promise, or when no row of all files
// is usable. The report is good with an error too.
func Load(paths []string, opts Options) (*Table, Report, error) {
	l, err := newLoader(opts)
	if err != nil {
		return nil, Report{}, err
	}
	for _, path := range paths {
		if err := l.read(path); err != nil {
			return nil, l.finish(paths), err
		}
	}
	report := l.finish(paths)
	if len(l.table.rows) > 0 {
		return l.table, report, nil
	}
	return nil, report, l.nothing(paths, &report)
}

// nothing says why there is no row.
func (l *loader) nothing(paths []string, report *Report) error {
	switch {
	case len(paths) == 0:
		return &FileError{File: "no file", Problem: "no rows", Remedy: "name at least one CSV file"}
	case report.Rejected > 0:
		first := report.First[0]
		return &FileError{
			File:    report.File,
			Problem: fmt.Sprintf("none of %d rows is usable; first: %s", report.Rows, first.Error()),
			Remedy:  first.Remedy,
		}
	case l.names.only != nil && !l.names.found:
		var others []string
		for _, k := range l.names.list {
			others = append(others, k.name.String())
		}
		return &FileError{
			File: report.File,
			Problem: fmt.Sprintf(
				"no series %s; there are %s",
				strconv.Quote(shown(l.opts.Series)), listed(others),
			),
			Remedy: "give --series one of these; in a file of one series name its columns with " +
				"--time-column and --value-column",
		}
	}
	return &FileError{
		File: report.File, Problem: "no rows", Remedy: "write at least one row under the header",
	}
}

// loader collects the rows of several files.
type loader struct {
	opts      Options
	zone      *zone
	table     *Table
	report    Report
	reasons   map[meter.Reason]int
	intervals map[time.Duration]int // rows of files with this interval
	names     names

	// Of the file being read.
	file   string
	source io.ReadSeeker
	line   int
	at     layout
	fields [][]byte
	used   []bool   // columns that gave a reading
	late   bool     // times are settled at the end of the file
	notes  []uint32 // of its rows, for that
	form   struct { // of a time without an offset
		length    int
		separator byte
	}
}

func newLoader(opts Options) (*loader, error) {
	if err := opts.check(); err != nil {
		return nil, err
	}
	z, err := loadZone(opts.Timezone)
	if err != nil {
		return nil, err
	}
	if opts.MaxRows <= 0 {
		opts.MaxRows = defaultMaxRows
	}
	return &loader{
		opts: opts, zone: z, table: &Table{Unit: opts.Unit, Kind: opts.Kind},
		reasons: map[meter.Reason]int{}, intervals: map[time.Duration]int{},
		names: newNames(opts.Series), late: opts.IntervalLabel == LabelEnd || z.name != time.UTC.String(),
	}, nil
}

// delimited reads one file of delimited text, which begins with head.
func (l *loader) delimited(plain io.Reader, head []byte) error {
	return l.lines(newLineReader(charsetOf(head).decoded(plain)))
}

// lines reads one file.
func (l *loader) lines(lines *lineReader) error {
	l.at = layout{}
	clear(l.names.byText)
	l.notes = l.notes[:0]
	first, before := len(l.table.rows), l.report
	for {
		line, long, err := lines.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return l.unreadable(fmt.Errorf("line %d: %w", lines.line+1, err))
		}
		l.line = lines.line
		switch {
		case len(line) == 0:
		case l.at.kind == "":
			if l.at, err = l.header(line, long); err != nil {
				return err
			}
			l.used = make([]bool, len(l.at.names))
		default:
			if err := l.row(line, long); err != nil {
				return err
			}
		}
		if len(l.table.rows) > l.opts.MaxRows {
			return l.fileError(
				fmt.Sprintf("more than %d rows in all", l.opts.MaxRows),
				"split it and load the parts one by one",
			)
		}
	}
	if l.at.kind == "" {
		return l.fileError("is empty", remedyHeader)
	}
	shifts, interval := steps(l.table.rows[first:], len(l.table.Series))
	if l.late {
		if err := l.settle(first, shifts, interval); err != nil {
			return err
		}
	}
	l.fileReport(first, interval, before)
	return nil
}

// settle turns the times of a file's rows, from first on, into starts of intervals in UTC. shifts
// are the steps of the series, 0 for those that take interval, that of most.
func (l *loader) settle(first int, shifts []int64, interval int64) error {
	rows := l.table.rows[first:]
	ends := l.opts.IntervalLabel == LabelEnd
	if ends && interval == 0 && len(rows) > 0 {
		return l.fileError(
			"labels intervals by their end, and no series has two times that tell how long they are",
			"give it more rows, or label intervals by their start",
		)
	}
	for s := range shifts {
		switch {
		case !ends:
			shifts[s] = 0
		case shifts[s] == 0:
			shifts[s] = interval
		}
	}
	t := newTimes(l.zone, shifts, l.at.kind == LayoutWide)
	if ends {
		t.convention(rows, l.notes)
	}
	kept, refused := 0, uint32(0)
	for i, r := range rows {
		p := t.place(r.Series, r.Unix, l.notes[i])
		switch {
		case p.remedy == "":
			r.Unix = p.unix
			rows[kept], l.notes[kept] = r, uint32(p.twin)
			kept++
		case l.notes[i] == refused: // another cell of a line that is rejected as one row
			l.report.Rows--
		default:
			refused = l.notes[i]
			l.line = int(refused >> 1)
			l.rejectField(l.at.time, []byte(written(r.Unix, l.form.length, l.form.separator)), problem{
				meter.ReasonBadTimestamp, p.remedy,
			})
		}
	}
	l.table.rows = l.table.rows[:first+kept]
	t.resolve()
	for i, twin := range l.notes[:kept] {
		if twin > 0 && t.twins[twin-1].second {
			rows[i].Unix += t.twins[twin-1].apart
		}
	}
	return nil
}

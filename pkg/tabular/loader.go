package tabular

import (
	"io"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// loader collects the rows of several files.
type loader struct {
	opts       Options
	flags      flags // of opts
	callerZone *zone // that opts name
	table      *Table
	report     Report
	reasons    map[meter.Reason]int
	intervals  map[time.Duration]int // rows of files with this interval
	names      names

	// Of the file being read.
	file         string
	source       io.ReadSeeker
	charset      charset
	line         int
	at           layout
	zone         *zone  // of times without an offset
	zoneBy       string // the zone that the file says; empty when it says none
	split        splitter
	wrapped      bool // lines stand in quotes as a whole
	later        laterTable
	mixed        mixedUnits
	fields       [][]byte
	used         []bool   // columns that gave a reading
	late         bool     // times are settled at the end of the file
	notes        []uint32 // of its rows, for that
	periods      []uint16 // of its rows, when periods are counted from midnight on
	first        int      // its first row in the table
	bare         []int32  // its rows that have a date without a clock, counted from first on
	blocks       []block
	totals       int // lines with sums
	otherRecords int // lines of other kinds of records
	// The unit of the row read last, as written and as read.
	unitText string
	unitRead measure
	// The first unit of the file that --unit overrules, and where it stands.
	overruled, overruledIn string
	// The zone of the row read last, as written and as read.
	offsetText  string
	offsetRead  int64
	offsetKnown bool
	form        struct { // of a time without an offset
		length    int
		separator byte
	}
}

func newLoader(opts Options) (*loader, error) {
	f, err := opts.check()
	if err != nil {
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
		opts: opts, flags: f, callerZone: z, zone: z, table: &Table{Unit: opts.Unit, Kind: opts.Kind},
		reasons: map[meter.Reason]int{}, intervals: map[time.Duration]int{},
		names: newNames(opts.Series),
	}, nil
}

// open reads the lines of the file from its start.
func (l *loader) open() (lines *lineReader, done func(), err error) {
	plain, done, err := l.unpacked()
	if err != nil {
		return nil, nil, err
	}
	lines = newLineReader(l.charset.decode(plain))
	lines.unwrap = l.wrapped
	return lines, done, nil
}

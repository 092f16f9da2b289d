package dataset

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Builder gathers readings of many series in any order.
type Builder struct {
	index   map[meter.ID]int // of series
	series  []gathered
	repeats int
	// asked is the interval that histories are to have, in seconds; 0 is found by Build. interval is
	// the one that they have.
	asked    int64
	interval int64
	left     []string             // series that come more rarely than interval, with their intervals
	apart    []string             // series that come more often, at a step that does not divide interval
	odd      []string             // series that come at a step that does not divide the hour
	changed  []string             // series that Build left out until they changed their interval
	offset   int64                // from UTC, of the hours that finer readings are joined to, in seconds
	refused  map[meter.Reason]int // readings that Add refused
	offGrid  map[meter.Reason]int // readings that Build refused
	marks    *meter.Marks
	kept     map[meter.ID]int // by series: the measured intervals that marks keep from models
}

// gathered are the readings of one series.
type gathered struct {
	id    meter.ID
	terms meter.Terms
	reads []reading
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder {
	return &Builder{
		index: map[meter.ID]int{}, asked: meter.HourSeconds, refused: map[meter.Reason]int{},
		marks: &meter.Marks{},
	}
}

// Add adds one reading: the Unix second at which its interval starts, or at which a register was
// read, and its value. The first unit of a series is the unit of the series. Values in another unit
// are converted, or left out when they cannot be, as in serving.
func (b *Builder) Add(id meter.ID, unit string, second int64, value float64) {
	b.AddReading(id, Reading{Unit: unit, Second: second, Value: value})
}

// Reading is a reading with all that its sender may say of it.
type Reading struct {
	// Kind is KindUnknown when the sender gives none. A series keeps its kind, as in serving;
	// readings of another kind are left out.
	Kind   meter.Kind
	Unit   string // empty when the sender gives none
	Second int64  // Unix second at which its interval starts, or at which a register was read
	Value  float64
	// Interval is the length in seconds that the sender gives, 0 when the sender gives none.
	Interval int32
	// Quality is OK when the sender gives none. The value of a reading of a quality that is not
	// accepted is none: its cell is BAD.
	Quality meter.Quality
	// AtEnd says that Second is the end of the reading's interval. It says nothing of a register.
	AtEnd bool
}

// reading is a reading in the unit of its series.
type reading struct {
	second   int64
	value    float64
	interval int32
	quality  meter.Quality
	kind     meter.Kind // that the series has with the reading
	atEnd    bool
}

// AddReading is Add of a reading that says more than its unit.
func (b *Builder) AddReading(id meter.ID, r Reading) {
	i, known := b.index[id]
	said, value := meter.Terms{Unit: r.Unit, Kind: r.Kind}, r.Value
	terms, err := said.Begin()
	if known {
		value, terms, err = b.series[i].terms.Take(value, said)
	}
	if err != nil {
		b.refused[meter.ReasonOf(err)]++
		return
	}
	if !known {
		i = len(b.series)
		b.index[id] = i
		b.series = append(b.series, gathered{id: id})
	}
	s := &b.series[i]
	s.terms = terms
	s.reads = append(s.reads, reading{
		r.Second, value, r.Interval, r.Quality.OrOK(), terms.Kind, r.AtEnd,
	})
}

// Span is the number of series, and the first and the last second of their readings.
func (b *Builder) Span() (count int, first, last int64) {
	first, last = math.MaxInt64, math.MinInt64
	for i := range b.series {
		for _, r := range b.series[i].reads {
			first, last = min(first, r.second), max(last, r.second)
		}
	}
	return len(b.series), first, last
}

// Build makes the histories, sorted by series, of the readings that serving would have taken. A
// series that comes more rarely than the interval of the histories is left out, see Coarse. A hole
// that is longer than the ring of serving ends a history; the next history of the series begins
// after it, as serving begins the series anew.
func (b *Builder) Build() []*History {
	sorted := make([]*gathered, len(b.series))
	for i := range sorted {
		sorted[i] = &b.series[i]
	}
	byName := func(x, y *gathered) int { return cmp.Compare(x.id.String(), y.id.String()) }
	slices.SortFunc(sorted, byName)
	b.repeats, b.left, b.apart, b.odd, b.changed = 0, nil, nil, nil, nil
	b.offGrid, b.kept = map[meter.Reason]int{}, map[meter.ID]int{}
	var native []*History
	for _, s := range sorted {
		b.repeats += s.repeats()
		native = append(native, b.histories(s)...)
	}
	if b.interval = b.asked; b.asked == 0 {
		b.interval = finest(native)
	}
	var all []*History
	for from, to := 0, 0; from < len(native); from = to {
		for to < len(native) && native[to].ID == native[from].ID {
			to++
		}
		all = append(all, b.atInterval(native[from:to])...)
	}
	return all
}

// atInterval brings the histories of a series to the interval of all. Those that are coarser are left
// out.
func (b *Builder) atInterval(own []*History) []*History {
	var all []*History
	coarse := int64(0)
	for _, h := range own {
		switch {
		case h.Len.Interval == b.interval:
			all = append(all, h)
		case b.interval%h.Len.Interval == 0:
			if joined := h.joined(b.interval, b.offset); joined != nil {
				all = append(all, joined)
			}
		default:
			coarse = h.Len.Interval
		}
	}
	switch {
	case coarse == 0:
	case len(all) == 0 && coarse < b.interval:
		b.apart = append(b.apart, every(own[0].ID, coarse))
	case len(all) == 0:
		b.left = append(b.left, every(own[0].ID, coarse))
	default:
		b.changed = append(b.changed, every(own[0].ID, coarse))
	}
	return all
}

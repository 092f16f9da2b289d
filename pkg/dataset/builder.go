package dataset

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Builder gathers readings of many series in any order.
type Builder struct {
	index   map[meter.ID]int // of series
	series  []gathered
	repeats int
	kind    meter.Kind // of readings that do not name one, see Kind
}

// gathered are the readings of one series.
type gathered struct {
	id    meter.ID
	unit  string
	kind  meter.Kind
	reads []meter.Read
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder { return &Builder{index: map[meter.ID]int{}} }

// Kind says what the values mean that Add takes from now on. KindUnknown leaves it to the unit of
// each series: energy is added up into hours, all else is averaged.
func (b *Builder) Kind(kind meter.Kind) { b.kind = kind }

// Add adds one reading: the Unix second at which its interval starts, or at which a register was
// read, and its value. The first unit of a series is the unit of the series. Values in another unit
// are converted, or left out when they cannot be, as in serving.
func (b *Builder) Add(id meter.ID, unit string, second int64, value float64) {
	b.AddOf(b.kind, id, unit, second, value)
}

// AddOf adds a reading that names its kind. The kind of the first reading is the kind of the
// series; readings of another kind are left out.
func (b *Builder) AddOf(kind meter.Kind, id meter.ID, unit string, second int64, value float64) {
	i, known := b.index[id]
	if !known {
		i = len(b.series)
		b.index[id] = i
		b.series = append(b.series, gathered{id: id, unit: unit, kind: kind})
	}
	s := &b.series[i]
	if known && unit != "" {
		if s.unit == "" {
			s.unit = unit
		}
		conversion, err := meter.Convert(unit, s.unit)
		if err != nil {
			return
		}
		value = conversion.Apply(value)
	}
	if known && kind != s.kind && kind != meter.KindUnknown {
		if s.kind != meter.KindUnknown || kind == meter.Register {
			return
		}
		s.kind = kind
	}
	s.reads = append(s.reads, meter.Read{Second: second, Value: value})
}

// Span is the number of series, and the first and the last second of their readings.
func (b *Builder) Span() (count int, first, last int64) {
	first, last = math.MaxInt64, math.MinInt64
	for i := range b.series {
		for _, r := range b.series[i].reads {
			first, last = min(first, r.Second), max(last, r.Second)
		}
	}
	return len(b.series), first, last
}

// Build makes the histories, sorted by series, of the readings that serving would have taken. A
// hole that is longer than the ring of serving ends a history; the next history of the series
// begins after it, as serving begins the series anew.
func (b *Builder) Build() []*History {
	sorted := make([]*gathered, len(b.series))
	for i := range sorted {
		sorted[i] = &b.series[i]
	}
	byName := func(x, y *gathered) int { return cmp.Compare(x.id.String(), y.id.String()) }
	slices.SortFunc(sorted, byName)
	var all []*History
	for _, s := range sorted {
		b.repeats += s.repeats()
		points := s.points()
		if len(points) == 0 {
			continue
		}
		phase := points[0].second - hourOf(points[0].second)*meter.IntervalSeconds
		points = onGrid(points, phase)
		start := 0
		for k := 1; k <= len(points); k++ {
			if k == len(points) || cellsApart(points[k-1], points[k]) > series.RingCells {
				all = append(all, newHistory(s.id, s.unit, phase, points[start:k]))
				start = k
			}
		}
	}
	return all
}

// point is a reading brought to the interval of the histories.
type point struct {
	second  int64
	value   float32
	quality meter.Quality
}

func cellsApart(a, b point) int64 { return (b.second - a.second) / meter.IntervalSeconds }

// onGrid keeps the points that serving takes, of points in the order of time: those on the grid,
// the last one of each moment, and none that is far ahead and not confirmed.
func onGrid(points []point, phase int64) []point {
	kept := make([]point, 0, len(points))
	for i, p := range points {
		cell := meter.FloorDiv(p.second-phase, meter.IntervalSeconds)
		if cell*meter.IntervalSeconds+phase != p.second {
			continue
		}
		if len(kept) == 0 {
			kept = append(kept, p)
			continue
		}
		switch last := &kept[len(kept)-1]; {
		case p.second == last.second:
			*last = p
		case !lone(points[i:], last.second, func(p point) int64 { return p.second }):
			kept = append(kept, p)
		}
	}
	return kept
}

// newHistory makes one history of points on its grid.
func newHistory(id meter.ID, unit string, phase int64, points []point) *History {
	h := &History{ID: id, Unit: unit, Phase: phase}
	first, last := h.Cell(points[0].second), h.Cell(points[len(points)-1].second)
	size := int(last-first) + 1
	h.Raw = series.Ring{Values: make([]float32, size), Quality: meter.NewQualities(size)}
	for _, p := range points {
		n := h.Cell(p.second)
		for h.Raw.Known > 0 && h.Raw.Newest < n-1 {
			next := h.Raw.Newest + 1
			h.Raw.Put(next, h.Raw.SameHour(next, meter.DayCells), meter.Missing)
		}
		h.Raw.Put(n, p.value, p.quality)
	}
	h.replay(series.Plain)
	return h
}

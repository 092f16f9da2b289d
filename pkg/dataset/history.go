package dataset

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// History is the past of one series on its grid: a ring as long as the history,
// holes filled with the same hour of the day before and marked MISSING, and the
// causal scaler that serving would have had at every cell.
type History struct {
	ID    meter.ID
	Unit  string
	Phase int64       // seconds between a full interval since the epoch and the start of a cell
	Ring  series.Ring // what the network is shown: BAD cells are filled
	Raw   series.Ring // what was read, whether it can be true or not; holes are filled in the same way
	spans []span
}

// span is a scaler and the first cell at which it was in force.
type span struct {
	from   int64
	scaler series.Scaler
}

// Start is the Unix second at which cell n starts.
func (h *History) Start(n int64) int64 { return n*meter.IntervalSeconds + h.Phase }

// Cell is the cell that holds the Unix second t.
func (h *History) Cell(t int64) int64 { return meter.FloorDiv(t-h.Phase, meter.IntervalSeconds) }

// ScalerAt is the scaler in force once cell n was known, if there was one.
func (h *History) ScalerAt(n int64) (series.Scaler, bool) {
	i, found := slices.BinarySearchFunc(h.spans, n, func(s span, n int64) int { return cmp.Compare(s.from, n) })
	if !found {
		i--
	}
	if i < 0 {
		return series.Scaler{}, false
	}
	return h.spans[i].scaler, true
}

// Bent is the same history as serving on another curve of the scale sees it.
func (h *History) Bent(c series.Curve) *History {
	b := *h
	b.walk(c)
	return &b
}

// walk goes over a history as serving would, which sees no further back than its
// ring: holes, and cells that cannot be true, are filled with the same hour of the
// day before; the scalers on the way are noted. A new scaler looks at the open
// cells again, as it does in serving.
func (h *History) walk(c series.Curve) {
	raw := &h.Raw
	h.Ring = series.Ring{Values: make([]float32, len(raw.Values)), Quality: meter.NewQualities(len(raw.Values))}
	h.spans = nil
	scaling := series.Scaling{Curve: c}
	accepted := 0
	for n := raw.First(); n <= raw.Newest; n++ {
		if h.judge(n, scaling.Scaler.Usual) {
			accepted++
		}
		seen := h.Ring
		seen.Known = min(seen.Known, series.RingCells)
		if !scaling.Advance(&seen, accepted) {
			continue
		}
		h.spans = append(h.spans, span{n, scaling.Scaler})
		first := max(raw.First(), n-meter.LatenessCells)
		h.Ring = h.Ring.Until(first - 1)
		for m := first; m <= n; m++ {
			h.judge(m, scaling.Scaler.Usual)
		}
	}
}

// judge puts cell n into the ring and says whether it is one that was measured.
func (h *History) judge(n int64, usual float32) bool {
	value, q := h.Raw.At(n)
	past := meter.Past{Values: h.Ring.Values, Quality: h.Ring.Quality, Newest: h.Ring.Newest, Known: h.Ring.Known, PerDay: meter.DayCells, Usual: usual}
	if q == meter.OK && h.Ring.Known > 0 && past.Judge(value) != meter.Fine {
		q = meter.Bad
	}
	if !q.Accepted() {
		value = h.Ring.SameHour(n, meter.DayCells)
	}
	h.Ring.Put(n, value, q)
	return q.Accepted()
}

// Values is a copy of the first n cells as they were read, oldest first.
func (h *History) Values(n int) []float32 {
	r := h.Raw
	r.Newest, r.Known = r.First()+int64(n)-1, n
	return r.Past(make([]float32, len(r.Values)))
}

// MeanAbs is the mean absolute value of the accepted cells, for sampling by
// scale.
func (h *History) MeanAbs() float64 {
	var sum, n float64
	for i, v := range h.Ring.Values {
		if h.Ring.Quality.At(i).Accepted() {
			sum += math.Abs(float64(v))
			n++
		}
	}
	return sum / max(n, 1)
}

// Builder gathers readings of many series in any order.
type Builder struct {
	index  map[meter.ID]int
	points [][]meter.Read
	ids    []meter.ID
	units  []string
	kinds  []meter.Kind

	repeats int
	kind    meter.Kind // of the readings that do not say one, see Kind
}

type point struct {
	second  int64
	value   float32
	quality meter.Quality
}

// NewBuilder is an empty builder.
func NewBuilder() *Builder { return &Builder{index: map[meter.ID]int{}} }

// Add takes one reading: the Unix second at which its interval starts, or at
// which a register was read, and its value. The first unit of a series is that of
// all; values in another are converted, or left out when they cannot be, as in
// serving.
func (b *Builder) Add(id meter.ID, unit string, second int64, value float64) {
	b.AddOf(b.kind, id, unit, second, value)
}

// AddOf is Add of a reading that says its kind. That of the first reading is the
// series' own; others are left out.
func (b *Builder) AddOf(kind meter.Kind, id meter.ID, unit string, second int64, value float64) {
	i, ok := b.index[id]
	if ok && unit != "" {
		if b.units[i] == "" {
			b.units[i] = unit
		}
		conversion, err := meter.Convert(unit, b.units[i])
		if err != nil {
			return
		}
		value = conversion.Apply(value)
	}
	if ok && kind != b.kinds[i] && kind != meter.KindUnknown {
		if b.kinds[i] != meter.KindUnknown || kind == meter.Register {
			return
		}
		b.kinds[i] = kind
	}
	if !ok {
		b.kinds = append(b.kinds, kind)
		i = len(b.ids)
		b.index[id] = i
		b.ids = append(b.ids, id)
		b.units = append(b.units, unit)
		b.points = append(b.points, nil)
	}
	b.points[i] = append(b.points[i], meter.Read{Second: second, Value: value})
}

// Span is the number of series added and the first and last second of them.
func (b *Builder) Span() (count int, first, last int64) {
	first, last = math.MaxInt64, math.MinInt64
	for _, ps := range b.points {
		for _, p := range ps {
			first, last = min(first, p.Second), max(last, p.Second)
		}
	}
	return len(b.ids), first, last
}

// Build makes the histories, sorted by series, of the readings that serving
// would have taken. A hole as long as a serving ring ends a history and starts
// the next one of the same series, as serving starts the series anew.
func (b *Builder) Build() []*History {
	order := make([]int, len(b.ids))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return cmp.Compare(b.ids[x].String(), b.ids[y].String()) })
	var all []*History
	for _, i := range order {
		points := b.hours(i)
		if len(points) == 0 {
			continue
		}
		phase := ((points[0].second % meter.IntervalSeconds) + meter.IntervalSeconds) % meter.IntervalSeconds
		points = onGrid(points, phase)
		start := 0
		for k := 1; k <= len(points); k++ {
			if k == len(points) || (points[k].second-points[k-1].second)/meter.IntervalSeconds > series.RingCells {
				all = append(all, build(b.ids[i], b.units[i], phase, points[start:k]))
				start = k
			}
		}
	}
	return all
}

// onGrid keeps the points that serving takes, of points in the order of time: those on the grid,
// the last one of each moment, and none that is far ahead and not confirmed.
func onGrid(points []point, phase int64) []point {
	kept := make([]point, 0, len(points))
	for i, p := range points {
		if meter.FloorDiv(p.second-phase, meter.IntervalSeconds)*meter.IntervalSeconds+phase != p.second {
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

// build makes one history of readings that were taken.
func build(id meter.ID, unit string, phase int64, points []point) *History {
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
	h.walk(series.Plain)
	return h
}

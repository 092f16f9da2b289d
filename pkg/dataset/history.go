package dataset

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// History is the past of one series on its grid: a ring as long as the history, in which holes are
// filled with the same hour of the day before and marked MISSING, and the scalers that serving
// would have used. A scaler is made of cells before it only.
type History struct {
	ID    meter.ID
	Unit  string
	Phase int64 // seconds between a full interval since the epoch and the start of a cell
	Len   series.Lengths
	Ring  series.Ring // what the network reads: BAD cells are filled
	Raw   series.Ring // what was read, true or not; holes are filled in the same way
	// Own is the first cell that was read on this grid. A series that changes its grid has a history
	// for each. The cells before Own are those that serving brings over from the grid before.
	Own     int64
	scalers []scalerFrom
	absurd  map[int64]float32 // what stands in for the values of the first two weeks that are absurd
	kind    meter.Kind
	marks   *meter.Marks
	curve   series.Curve
}

// scalerFrom is a scaler and the first cell at which it was in force.
type scalerFrom struct {
	cell   int64
	scaler series.Scaler
}

// Start is the Unix second at which cell n starts.
func (h *History) Start(n int64) int64 { return n*h.Len.Interval + h.Phase }

// Cell is the cell that holds the Unix second t.
func (h *History) Cell(t int64) int64 { return meter.FloorDiv(t-h.Phase, h.Len.Interval) }

// ScalerAt is the scaler in force once cell n was known; ok is false when there was none yet.
func (h *History) ScalerAt(n int64) (scaler series.Scaler, ok bool) {
	byCell := func(s scalerFrom, n int64) int { return cmp.Compare(s.cell, n) }
	i, found := slices.BinarySearchFunc(h.scalers, n, byCell)
	if !found {
		i--
	}
	if i < 0 {
		return series.Scaler{}, false
	}
	return h.scalers[i].scaler, true
}

// OnCurve returns the history as serving on another curve of the scale sees it.
func (h *History) OnCurve(c series.Curve) *History {
	other := *h
	other.replay(c)
	return &other
}

// replay makes Ring and scalers of Raw as serving would, which sees no further back than its ring.
// Holes and cells that cannot be true are filled with the same hour of the day before. When there
// is a new scaler, the open cells are judged again, as in serving.
func (h *History) replay(c series.Curve) {
	h.absurd, h.curve = nil, c
	judged, final := h.Raw.First()-1, false
	for {
		again := false
		if judged, again = h.walk(c, judged, final); !again {
			return
		}
		final = !h.young(judged + 1)
	}
}

// young says that serving has all that was said of the series up to cell n: its ring is long enough.
func (h *History) young(n int64) bool { return n-h.Raw.First() < int64(h.Len.Ring) }

// walk is one pass of replay. When the first scale is due, at the end of each day, and when the cells
// of two weeks can no longer change, what was said is judged again, as in serving: if
// other values are absurd than before, walk returns true, and the series is walked anew. judged is the
// newest cell at which that was done; final says that it is not done any more.
func (h *History) walk(c series.Curve, judged int64, final bool) (at int64, again bool) {
	raw := &h.Raw
	h.Ring = series.Ring{Values: make([]float32, len(raw.Values)),
		Quality: meter.NewQualities(len(raw.Values))}
	h.scalers = nil
	scaling := series.Scaling{Curve: c}
	closed := 0
	for n := raw.First(); n <= raw.Newest; n++ {
		h.put(n, scaling.Scaler.Usual)
		if m := n - int64(h.Len.Open); h.Ring.Has(m) {
			if _, q := h.Ring.At(m); q.Accepted() {
				closed++
			}
		}
		seen := h.Ring
		seen.Known = min(seen.Known, h.Len.Ring)
		last := n // of the cells that are judged
		if !h.young(n + 1) {
			last -= int64(h.Len.Open)
		}
		wholeDay := (n-raw.First()+1)%int64(h.Len.Day) == 0
		due := last < n || scaling.Due(&seen, &h.Len, closed) || scaling.Ready && wholeDay
		if (due || wholeDay) && h.young(n) && !final && n > judged {
			if judged = n; h.reconsider(last, due) {
				return judged, true
			}
		}
		if !scaling.Advance(&seen, &h.Len, closed, series.Growth{}) {
			continue
		}
		h.scalers = append(h.scalers, scalerFrom{n, scaling.Scaler})
		first := max(raw.First(), n-int64(h.Len.Late))
		h.Ring = h.Ring.Until(first - 1)
		for m := first; m <= n; m++ {
			h.put(m, scaling.Scaler.Usual)
		}
	}
	return judged, false
}

// reconsider judges what was read up to cell n again, before the first scale is due by the unit of the
// first values alone, and says whether other values are absurd than before.
func (h *History) reconsider(n int64, due bool) bool {
	values := make([]float32, n-h.Raw.First()+1)
	for i := range values {
		value, q := h.Raw.At(h.Raw.First() + int64(i))
		if values[i] = value; !q.Accepted() {
			values[i] = float32(math.NaN())
		}
	}
	before := make([]int, 0, len(h.absurd))
	for cell := range h.absurd {
		before = append(before, int(cell-h.Raw.First()))
	}
	slices.Sort(before)
	found := meter.AbsurdUnit(values, before, h.Len.Day)
	if due {
		found = meter.Absurd(values, before, h.Len.Day)
	}
	if !h.news(found) {
		return false
	}
	h.absurd = map[int64]float32{}
	for _, i := range found {
		h.absurd[h.Raw.First()+int64(i)] = meter.StandIn(values, found, h.Len.Day, i)
	}
	return true
}

// news says that a value which was taken for true is among those found at their places in the history,
// or that one which was found before is not.
func (h *History) news(found []int) bool {
	again := 0
	for _, i := range found {
		n := h.Raw.First() + int64(i)
		if _, q := h.Ring.At(n); q.Accepted() {
			return true
		}
		if _, ok := h.absurd[n]; ok {
			again++
		}
	}
	return again < len(h.absurd)
}

// put puts cell n of Raw into Ring.
func (h *History) put(n int64, usual float32) {
	value, q := h.Raw.At(n)
	past := meter.Past{
		Values: h.Ring.Values, Quality: h.Ring.Quality, Newest: h.Ring.Newest, Known: h.Ring.Known,
		PerDay: h.Len.Day, Usual: usual,
	}
	if instead, ok := h.absurd[n]; ok {
		h.Ring.Put(n, instead, meter.Bad)
		return
	}
	if q == meter.OK && h.Ring.Known > 0 && past.Judge(value) != meter.Fine {
		q = meter.Bad
	}
	if !q.Accepted() {
		value = h.Ring.SameHour(n, h.Len.Day)
	}
	h.Ring.Put(n, value, q)
}

// Values returns a copy of the first n cells as they were read, oldest first.
func (h *History) Values(n int) []float32 {
	r := h.Raw
	r.Newest, r.Known = r.First()+int64(n)-1, n
	return r.Past(make([]float32, len(r.Values)))
}

// MeanAbs is the mean absolute value of the accepted cells, by which series are sampled.
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

package engine

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// head runs the network's head for each series in slots. It returns the quantiles
// [slot][lead][level] in scaled units, ascending in a lead. They belong to the engine until the
// next call.
func (e *Engine) head(slots []int32) []float32 {
	if len(slots) == 0 {
		return nil
	}
	w, hidden, sh := &e.work, e.slabs.hidden, e.work.shapeOf
	w.room(len(slots))
	for i, slot := range slots {
		h, _ := e.slabs.halves(e.slabs.live.row(slot))
		copy(w.h[i*hidden:], h)
		win := e.window(slot, e.slabs.record(slot).newest, series.FeatureCells)
		layout := e.layoutOf(slot)
		layout.Current(w.current[i*sh.Current:][:sh.Current], &win)
		layout.Lead(
			w.lead[i*sh.Horizon*sh.LeadFeatures:][:sh.Horizon*sh.LeadFeatures],
			&win,
			sh.Horizon,
		)
	}
	e.model.Head.Forward(w.ws, w.out, w.h, w.current, w.lead, len(slots))
	for row := range len(slots) * sh.Horizon {
		slices.Sort(w.out[row*sh.Levels:][:sh.Levels])
	}
	return w.out
}

// forecast appends a forecast for each touch that asks for one.
func (e *Engine) forecast(touched []touch, result *Result) {
	s, w := &e.slabs, &e.work
	w.asking = w.asking[:0]
	asked := 0
	for i := range touched {
		if touched[i].ask < 0 {
			continue
		}
		asked++
		if s.record(touched[i].slot).fresh {
			w.asking = append(w.asking, touched[i].slot)
		}
	}
	if asked == 0 {
		return
	}
	out := e.head(w.asking)
	levels, horizon := e.levels()
	size := horizon * len(levels)
	values := make([]float32, asked*size)
	served := 0
	result.Forecasts = slices.Grow(result.Forecasts, asked)
	for i := range touched {
		t := &touched[i]
		if t.ask < 0 {
			continue
		}
		f := Forecast{
			Message: t.ask, Series: s.ids[t.slot], Unit: s.units[t.slot], Origin: s.origin(t.slot),
			Revision: s.record(t.slot).
				issue(),
			Horizon: horizon, Levels: levels, Quantiles: values[:size:size],
		}
		values = values[size:]
		ring := s.ring(t.slot)
		_, f.Quality = ring.At(ring.Newest)
		if s.record(t.slot).fresh {
			e.network(t.slot, &f, out[served*size:(served+1)*size], result)
			served++
		} else {
			f.Source = e.naive(f.Quantiles, t.slot, horizon, levels)
		}
		result.Unscored += e.await(t.slot, &f)
		result.Forecasts = append(result.Forecasts, f)
	}
}

// naive writes the forecast of a simple rule: the value of the day before, with the spread of the
// series' own changes. The forecast is finite and within meter.MaxValue, whatever the ring holds.
func (e *Engine) naive(dst []float32, slot int32, horizon int, levels []float64) meter.Source {
	w, ring := &e.work, e.slabs.ring(slot)
	w.past = slices.Grow(w.past[:0], series.RingCells)[:series.RingCells]
	past := ring.Past(w.past)
	for i, v := range past {
		past[i] = bounded(v)
	}
	w.naive = slices.Grow(w.naive[:0], accuracy.NaiveScratch(series.RingCells, len(levels)))
	rule := accuracy.SeasonalNaive(dst, past, len(past), meter.DayCells, horizon, levels, w.naive)
	for i, v := range dst {
		dst[i] = bounded(v)
	}
	return rule
}

// issue counts a forecast of the newest origin and returns its revision.
func (r *record) issue() int {
	if r.issued == r.newest {
		r.revision++
	} else {
		r.issued, r.revision, r.reported = r.newest, 0, false
	}
	return int(r.revision)
}

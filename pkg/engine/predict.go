package engine

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/series"
)

// window is the past of a series in the scale in force, up to n cells back.
func (e *Engine) window(slot int32, n int) series.Window {
	w := &e.work
	w.window = slices.Grow(w.window[:0], n)[:n]
	ring := e.slabs.ring(slot)
	win := series.WindowOf(w.window, &ring, e.slabs.scaling[slot].Scaler, ring.Newest, int64(e.slabs.phase[slot]), Interval)
	if e.ahead != nil {
		win.Ahead = e.ahead(e.slabs.ids[slot])
	}
	return win
}

// stepLSTM takes one step of each series in slots with its newest cell.
func (e *Engine) stepLSTM(slots []int32) {
	if len(slots) == 0 {
		return
	}
	w, hidden := &e.work, e.slabs.hidden
	w.room(len(slots))
	for i, slot := range slots {
		h, c := e.slabs.state(slot)
		copy(w.h[i*hidden:], h)
		copy(w.c[i*hidden:], c)
		win := e.window(slot, series.FeatureCells)
		e.layout.Input(w.x[i*w.shapeOf.Inputs:][:w.shapeOf.Inputs], &win)
	}
	e.model.LSTM.Step(w.ws, w.x, w.h, w.c, len(slots))
	for i, slot := range slots {
		h, c := e.slabs.state(slot)
		copy(h, w.h[i*hidden:])
		copy(c, w.c[i*hidden:])
	}
}

// warmUp computes the hidden state of each series in slots from zero over the
// last cells of its ring, all series side by side.
func (e *Engine) warmUp(slots []int32) {
	if len(slots) == 0 {
		return
	}
	w, s, hidden := &e.work, &e.slabs, e.slabs.hidden
	for _, slot := range slots {
		h, c := s.state(slot)
		clear(h)
		clear(c)
		s.fresh[slot] = true
	}
	w.room(len(slots))
	for i, slot := range slots {
		h, c := s.state(slot)
		copy(w.h[i*hidden:], h)
		copy(w.c[i*hidden:], c)
	}
	for back := WarmUpCells - 1; back >= 0; back-- {
		for i, slot := range slots {
			win := e.window(slot, series.RingCells).Back(back)
			e.layout.Input(w.x[i*w.shapeOf.Inputs:][:w.shapeOf.Inputs], &win)
		}
		e.model.LSTM.Step(w.ws, w.x, w.h, w.c, len(slots))
	}
	for i, slot := range slots {
		h, c := s.state(slot)
		copy(h, w.h[i*hidden:])
		copy(c, w.c[i*hidden:])
	}
}

// head runs the network's head for each series in slots: [slot][lead][level],
// in scaled units, ascending in a lead.
func (e *Engine) head(slots []int32) []float32 {
	if len(slots) == 0 {
		return nil
	}
	w, hidden, sh := &e.work, e.slabs.hidden, e.work.shapeOf
	w.room(len(slots))
	for i, slot := range slots {
		h, _ := e.slabs.state(slot)
		copy(w.h[i*hidden:], h)
		win := e.window(slot, series.FeatureCells)
		e.layout.Current(w.current[i*sh.Current:][:sh.Current], &win)
		e.layout.Lead(w.lead[i*sh.Horizon*sh.LeadFeatures:][:sh.Horizon*sh.LeadFeatures], &win, sh.Horizon)
	}
	e.model.Head.Forward(w.ws, w.out, w.h, w.current, w.lead, len(slots))
	for row := range len(slots) * sh.Horizon {
		slices.Sort(w.out[row*sh.Levels:][:sh.Levels])
	}
	return w.out
}

// forecast appends the forecasts that the touches ask for.
func (e *Engine) forecast(touched []touch, result *Result) {
	s, w := &e.slabs, &e.work
	w.asking = w.asking[:0]
	asked := 0
	for i := range touched {
		if touched[i].ask < 0 {
			continue
		}
		asked++
		if s.fresh[touched[i].slot] {
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
			Horizon: horizon, Levels: levels, Quantiles: values[:size:size],
		}
		values = values[size:]
		ring := s.ring(t.slot)
		_, f.Quality = ring.At(ring.Newest)
		if s.fresh[t.slot] {
			f.Source, f.Model = SourceLSTM, e.model
			scaler := s.scaling[t.slot].Scaler
			for k, z := range out[served*size : (served+1)*size] {
				f.Quantiles[k] = scaler.Inverse(z)
			}
			served++
		} else {
			f.Source = e.naive(f.Quantiles, &ring, horizon, levels)
		}
		result.Forecasts = append(result.Forecasts, f)
	}
}

// naive writes the forecast of a simple rule: what the series did a day before,
// with the spread of its own past changes.
func (e *Engine) naive(dst []float32, ring *series.Ring, horizon int, levels []float64) Source {
	w := &e.work
	w.past = slices.Grow(w.past[:0], series.RingCells)[:series.RingCells]
	past := ring.Past(w.past)
	w.naive = slices.Grow(w.naive[:0], accuracy.NaiveScratch(series.RingCells, len(levels)))
	return Source(accuracy.SeasonalNaive(dst, past, len(past), perDay, horizon, levels, w.naive))
}

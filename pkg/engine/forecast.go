package engine

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
)

// head runs the network's head for each series in slots: [slot][lead][level],
// in scaled units, ascending in a lead.
func (co *cohort) head(slots []int32) []float32 {
	if len(slots) == 0 {
		return nil
	}
	w, size := &co.work, co.outputs()
	w.out = slices.Grow(w.out[:0], len(slots)*size)[:len(slots)*size]
	for _, n := range co.networks() {
		w.picked = w.picked[:0]
		for i, slot := range slots {
			if co.by(slot) == n {
				w.picked = append(w.picked, i)
			}
		}
		co.headOf(n, slots)
		for row, i := range w.picked {
			copy(w.out[i*size:][:size], n.out[row*size:])
		}
	}
	return w.out
}

// outputs is the number of quantiles of a forecast.
func (co *cohort) outputs() int {
	levels, horizon := co.levels()
	return horizon * len(levels)
}

// headOf runs the head of one network for those of slots that are picked.
func (co *cohort) headOf(n *network, slots []int32) {
	picked, sh := co.work.picked, n.shape
	if len(picked) == 0 {
		return
	}
	n.room(len(picked))
	for i, at := range picked {
		slot := slots[at]
		h, _ := co.slabs.halves(co.slabs.live.row(slot))
		copy(n.h[i*sh.Hidden:][:sh.Hidden], h)
		win := co.window(slot, co.slabs.record(slot).newest, co.len.Features)
		layout := co.layoutOf(n, slot)
		layout.Current(n.current[i*sh.Current:][:sh.Current], &win)
		layout.Lead(n.lead[i*sh.Horizon*sh.LeadFeatures:][:sh.Horizon*sh.LeadFeatures], &win, sh.Horizon)
	}
	n.model.Head.Forward(n.ws, n.out, n.h, n.current, n.lead, len(picked))
	for row := range len(picked) * sh.Horizon {
		slices.Sort(n.out[row*sh.Levels:][:sh.Levels])
	}
}

// forecast appends the forecasts that the updates ask for.
func (co *cohort) forecast(touched []update, result *Result) {
	s, w := &co.slabs, &co.work
	w.asking = w.asking[:0]
	asked := 0
	for i := range touched {
		// A series that sends too rarely is not forecast, nor is an origin again that is past since the
		// series changed its interval.
		rec := s.record(touched[i].slot)
		if touched[i].ask < 0 || rec.Coarse > 0 || s.origin(touched[i].slot) < rec.issued {
			touched[i].ask = -1
			continue
		}
		asked++
		if rec.fresh {
			w.asking = append(w.asking, touched[i].slot)
		}
	}
	if asked == 0 {
		return
	}
	out := co.head(w.asking)
	levels, horizon := co.levels()
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
			Message:   t.ask,
			Series:    s.ids[t.slot],
			Unit:      s.units[t.slot],
			Origin:    s.origin(t.slot),
			Interval:  co.len.Interval,
			Revision:  s.record(t.slot).issue(),
			Horizon:   horizon,
			Levels:    levels,
			Quantiles: values[:size:size],
		}
		values = values[size:]
		ring := s.ring(t.slot)
		f.Quality, _ = s.standing(t.slot, &ring)
		if s.record(t.slot).fresh {
			co.network(t.slot, &f, out[served*size:(served+1)*size], result)
			served++
		} else {
			f.Source = co.naive(f.Quantiles, t.slot, horizon, levels)
		}
		co.bound(t.slot, &f)
		co.limits.compare(&f, result)
		result.Unscored += co.await(t.slot, &f)
		result.Forecasts = append(result.Forecasts, f)
	}
}

// naive writes the forecast of a simple rule: what the series did a day before, with the spread of
// its own past changes. The forecast is finite and within meter.MaxValue, whatever the ring holds.
// In the first week, in which no cell is judged yet, it reads past values that are absurd beside the
// others as if they had been like those of another day.
func (co *cohort) naive(dst []float32, slot int32, horizon int, levels []float64) meter.Source {
	w, ring := &co.work, co.slabs.ring(slot)
	w.past = slices.Grow(w.past[:0], co.len.Ring)[:co.len.Ring]
	past := ring.Past(w.past)
	for i, v := range past {
		past[i] = bounded(v)
	}
	if len(past) < meter.LearnDays*co.len.Day {
		leaveOutAbsurd(past, co.len.Day)
	}
	w.naive = slices.Grow(w.naive[:0], accuracy.NaiveScratch(co.len.Ring, len(levels)))
	rule := accuracy.SeasonalNaive(dst, past, len(past), co.len.Day, horizon, levels, w.naive)
	for i, v := range dst {
		dst[i] = bounded(v)
	}
	return rule
}

// standsOut is how many times the mean of all others the largest value of a new series is at least
// where some may be absurd. It spares most forecasts the search for them.
const standsOut = 8

// leaveOutAbsurd replaces the absurd values among those of a new series.
func leaveOutAbsurd(past []float32, day int) {
	largest, sum := float32(0), float32(0)
	for _, v := range past {
		largest, sum = max(largest, magnitude(v)), sum+magnitude(v)
	}
	if largest*float32(len(past)-1) < standsOut*(sum-largest) {
		return
	}
	found := meter.Absurd(past, nil, day)
	if len(found) == 0 {
		return
	}
	said := slices.Clone(past)
	for _, i := range found {
		past[i] = meter.StandIn(said, found, day, i)
	}
}

// issue counts the forecast of the newest origin and returns its revision.
func (r *record) issue() int {
	if origin := r.Start(r.newest + 1); r.issued == origin {
		r.revision++
	} else {
		r.issued, r.revision, r.reported = origin, 0, false
	}
	return int(r.revision)
}

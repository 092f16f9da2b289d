package engine

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// A load five times as high from its second week on has another scale from this
// cell on: the first one whose lateness window has left the level's first weekly
// boundary behind.
const rescaled = 361

// risen is the reading at i of a series whose level rises after a week.
func risen(i int64) Reading {
	r := at(i)
	if i >= scaleCells {
		r.Value *= 5
	}
	return r
}

func feedRisen(e *Engine, to int64) {
	var batch []Reading
	for i := range to {
		batch = append(batch, risen(i))
	}
	e.Step(batch)
}

// When the scale changes the state is computed anew from the ring in that scale,
// whether it changes under a reading, after a gap or within one.
func TestChangeOfScaleWarmsUpAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ known, reading int64 }{
		"in order":          {rescaled, rescaled},
		"right after a gap": {rescaled - gapHours, rescaled},
		"after one cell":    {rescaled - 1, rescaled},
		"at the last fill":  {rescaled - gapHours + 1, rescaled + 1},
		"at a middle fill":  {rescaled - 2, rescaled + 2},
		"at the first fill": {rescaled, rescaled + gapHours},
		"in a long gap":     {rescaled - 10, rescaled + 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, randomModel(9, 5))
			feedRisen(e, c.known)
			before := e.hours().slabs.scale(0).Scaler
			f := last(t, e, risen(c.reading))
			if after := e.hours().slabs.scale(0).Scaler; after.Scale < 1.5*before.Scale {
				t.Fatalf("scale %+v, before %+v: this tests nothing", after, before)
			}
			steps := c.reading - rescaled // since the change
			h, state := warmed(e, m17, warmUpCells(&series.Hourly)+steps)
			checkState(t, e, h, state)
			if f.Source != meter.SourceLSTM || sound(&f) != "" {
				t.Errorf("%s %s", f.Source, sound(&f))
			}
		})
	}
}

// The scale of a series is that of the same readings as a training history: one
// function, whatever is missing, repeated, off the grid or long silent (I5).
func TestScaleIsThatOfTraining(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.IntRange(150, 1000).Draw(t, "cells")
		silent := rapid.SampledFrom([]float64{0, 0.02, 0.3, 0.7}).Draw(t, "share of silent hours")
		hole := rapid.SampledFrom([]int{0, 0, ringCells - 1, ringCells}).Draw(t, "hole in the middle")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var readings []Reading
		cell, level, strayed, strays := int64(0), 1.0, 0, 0
		var newest Reading
		heard := 0 // hours
		for i := range cells {
			cell++
			level *= 1 + 0.03*random.NormFloat64()
			if i == cells/2 {
				cell += int64(hole)
			}
			// Two strays in a row are half-hours. In the first day of a series, which lasts for at
			// least eight readings, one stray is enough for half-hours: until that day is over, all
			// cells are made again when the grid changes.
			grown := heard >= 8 && newest.Second > at(dayHours).Second
			r := at(cell)
			r.Value = level * (2 + random.NormFloat64())
			switch p := random.Float64(); {
			case p < silent && i > 0:
				continue
			case p > 0.995 && i > strayed+1 && grown:
				strayed = i
				strays++
				stray := r
				stray.Second -= 1800
				readings = append(readings, stray)
			case p > 0.985:
				readings = append(readings, r)
			}
			readings = append(readings, r)
			newest = r
			heard++
		}
		e, curve := New(), series.Plain
		if rapid.Bool().Draw(t, "on the curve of asinh") {
			e, curve = newEngine(t, randomModel(asinhModel, 4)), series.Asinh
		}
		b := dataset.NewBuilder()
		type known struct {
			cell   int64
			scaler series.Scaler
			ready  bool
		}
		var served []known
		taken := 0
		for _, r := range readings {
			b.Add(r.Series, r.Unit, r.Second, r.Value)
			for range e.Step([]Reading{r}).Applied {
				taken++
			}
			s, newest := e.hours().slabs.scale(0), e.hours().slabs.record(0).newest
			if len(served) == 0 || served[len(served)-1].cell != newest {
				served = append(served, known{newest, s.Scaler, s.Ready})
			}
		}
		var histories []*dataset.History
		for _, h := range b.Build() {
			histories = append(histories, h.OnCurve(curve))
		}
		for _, k := range served {
			for len(histories) > 1 && k.cell > histories[0].Ring.Newest {
				histories = histories[1:]
			}
			h := histories[0]
			if !h.Ring.Has(k.cell) {
				t.Fatalf("cell %d was served and is not in the history %d to %d",
					k.cell, h.Ring.First(), h.Ring.Newest)
			}
			scaler, ready := h.ScalerAt(k.cell)
			if ready != k.ready || ready && scaler != k.scaler {
				t.Fatalf("cell %d: training has %+v %v, serving %+v %v",
					k.cell, scaler, ready, k.scaler, k.ready)
			}
			if v, q := h.Raw.At(k.cell); q != meter.OK {
				t.Fatalf("cell %d was served, the history has %v %s", k.cell, v, q)
			}
		}
		measured := 0
		for _, h := range b.Build() {
			for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
				if _, q := h.Raw.At(n); q == meter.OK {
					measured++
				}
			}
		}
		// A stray may count for a moment in the first day of a series, before the grid is known.
		if measured > taken || measured < taken-strays {
			t.Fatalf("histories hold %d readings, %d were taken", measured, taken)
		}
		// What is flagged is the same too.
		h, ring := histories[0], e.hours().slabs.ring(0)
		for n := max(ring.First(), h.Ring.First()); n <= ring.Newest; n++ {
			_, a := ring.At(n)
			if _, b := h.Ring.At(n); a != b {
				t.Fatalf("cell %d: training has %s, serving %s", n, b, a)
			}
		}
	})
}

// A step of the network reads the scale in force: series that differ by a factor
// alone have forecasts that differ by it.
func TestForecastsFollowTheScale(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(10, 5))
	const factor = 1024 // exact in float32
	for i := range int64(300) {
		small, large := at(i), at(i)
		large.Series.Meter, large.Value = "large", float64(float32(large.Value))*factor
		small.Message, large.Message = 0, 1
		f := e.Step([]Reading{small, large}).Forecasts
		for k := range f[0].Quantiles {
			a, b := f[0].Quantiles[k]*factor, f[1].Quantiles[k]
			if a-b > 1e-4*factor || b-a > 1e-4*factor {
				t.Fatalf("reading %d, quantile %d: %v and %v", i, k, a, b)
			}
		}
	}
}

package engine

import (
	"fmt"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// A short gap is filled with the network's lead-1 median, step by step: the same
// as if those medians had been measured.
func TestShortGapIsFilledWithTheMedian(t *testing.T) {
	t.Parallel()
	const n = int64(200)
	for gap := int64(1); gap <= gapHours; gap++ {
		t.Run(fmt.Sprint(gap), func(t *testing.T) {
			t.Parallel()
			e, measured := newEngine(t, randomModel(4, 5)), newEngine(t, randomModel(4, 5))
			feed(e, 0, n)
			forecast := feed(measured, 0, n).Forecasts[n-1]
			for i := n; i < n+gap; i++ {
				r := at(i)
				r.Value = float64(forecast.Quantiles[median])
				forecast = last(t, measured, r)
			}
			got, want := last(t, e, at(n+gap)), last(t, measured, at(n+gap))
			want.Model = e.Model(meter.HourSeconds) // the same weights
			if d := differ(&got, &want); d != "" {
				t.Errorf("the forecast after the gap differs: %s\n%v\n%v", d, got.Quantiles, want.Quantiles)
			}
			for i := n; i <= n+gap; i++ {
				v, q := cellAt(t, e, i)
				w, _ := cellAt(t, measured, i)
				quality := meter.Missing
				if i == n+gap {
					quality = meter.OK
				}
				if v != w || q != quality {
					t.Errorf("cell %d is %v %s, want %v %s", i-n, v, q, w, quality)
				}
			}
			h, c := live(measured, 0)
			checkState(t, e, h, c)
		})
	}
}

// The first cells of a longer gap are filled with the network's median, the
// others with the same hour of the day before, and all are stepped through up to
// lateHours. After more the state is computed anew from the ring.
func TestLongGapIsFilledWithThePast(t *testing.T) {
	t.Parallel()
	const n = int64(200)
	for _, gap := range []int64{gapHours + 1, 24, 30, lateHours, lateHours + 1, 200, ringCells - 1} {
		t.Run(fmt.Sprint(gap), func(t *testing.T) {
			t.Parallel()
			e, measured := newEngine(t, randomModel(5, 5)), newEngine(t, randomModel(5, 5))
			forecast := feed(e, 0, n).Forecasts[n-1]
			f := after(t, e, n+gap)
			if f.Source != meter.SourceLSTM || f.Quality != meter.OK || f.Origin != epoch+(n+gap+1+far(gap))*meter.HourSeconds {
				t.Errorf("after the gap: %+v", f)
			}
			feed(measured, 0, n)
			for i := n; i < n+gap; i++ {
				if i <= n+gap+far(gap)-ringCells {
					continue
				}
				v, q := cellAt(t, e, i)
				switch before := i - 24; {
				case i == n && v != forecast.Quantiles[median]:
					t.Errorf("the first cell is %v, forecast %v", v, forecast.Quantiles[median])
				case i >= n+gapHours && before > n+gap+far(gap)-ringCells:
					if w, _ := cellAt(t, e, before); v != w {
						t.Errorf("cell %d is %v, a day before %v", i-n, v, w)
					}
				}
				if q != meter.Missing {
					t.Errorf("cell %d is %s", i-n, q)
				}
				r := at(i)
				r.Value = float64(v)
				last(t, measured, r)
			}
			if gap > lateHours {
				h, c := warmed(e, m17, warmUpCells(&series.Hourly)+1)
				checkState(t, e, h, c)
				return
			}
			for i := n + gap; i <= n+gap+far(gap); i++ {
				last(t, measured, at(i))
			}
			h, c := live(measured, 0)
			checkState(t, e, h, c)
		})
	}
}

// far is 1 after a gap so long that the reading after it waits for a second one.
func far(gap int64) int64 {
	if gap >= lateHours {
		return 1
	}
	return 0
}

// A gap as long as the ring leaves nothing to go on with.
func TestGapOfARingStartsAnew(t *testing.T) {
	t.Parallel()
	for _, gap := range []int64{ringCells, ringCells + 1, 100_000} {
		e := newEngine(t, randomModel(6, 5))
		feed(e, 0, 300)
		f := after(t, e, 300+gap)
		if f.Source != meter.SourcePersistence || longerThan(e, 3) != 0 || longerThan(e, 2) != 1 || warm(e) != 0 {
			t.Errorf("gap of %d: source %s, %d warm", gap, f.Source, warm(e))
		}
		// From there it is a young series.
		fresh := newEngine(t, e.Model(meter.HourSeconds))
		for i := 300 + gap; i < 500+gap; i++ {
			if i > 301+gap {
				f = last(t, e, at(i))
			}
			want := last(t, fresh, at(i))
			if i == 300+gap {
				continue
			}
			if d := differ(&f, &want); d != "" {
				t.Fatalf("gap of %d, %d readings after it: %s", gap, i-300-gap, d)
			}
		}
		if f.Source != meter.SourceLSTM {
			t.Errorf("200 readings after a gap of %d: source %s", gap, f.Source)
		}
	}
}

// Gaps of a series that no network serves yet are filled with its own past.
func TestGapOfAYoungSeries(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]bool{"with a model": true, "without": false} {
		e := New()
		if m {
			e = newEngine(t, randomModel(7, 4))
		}
		feed(e, 0, 10)
		last(t, e, at(13))
		for i := int64(10); i < 13; i++ {
			if v, q := cellAt(t, e, i); v != float32(load(9)) || q != meter.Missing {
				t.Errorf("%s: cell %d is %v %s", name, i, v, q)
			}
		}
		feed(e, 14, 40)
		last(t, e, at(44))
		for i := int64(40); i < 44; i++ {
			if v, q := cellAt(t, e, i); v != float32(load(i-24)) || q != meter.Missing {
				t.Errorf("%s: cell %d is %v %s", name, i, v, q)
			}
		}
	}
}

// A value that its sender calls bad is not taken: its cell is filled as a gap
// would be, says BAD, and the forecast after it too.
func TestBadCellIsFilled(t *testing.T) {
	t.Parallel()
	const n = int64(200)
	for _, gap := range []int64{0, 3, gapHours} {
		e, silent := newEngine(t, randomModel(8, 5)), newEngine(t, randomModel(8, 5))
		feed(e, 0, n)
		feed(silent, 0, n)
		r := bad(at(n + gap))
		r.Value = 1e9
		f := last(t, e, r)
		if f.Source != meter.SourceLSTM || f.Quality != meter.Bad || f.Origin != epoch+(n+gap+1)*meter.HourSeconds {
			t.Errorf("gap of %d: %+v", gap, f)
		}
		if result := e.Step([]Reading{r}); result.Repeated != 1 {
			t.Errorf("bad again: %+v", result)
		}
		got := last(t, e, at(n+gap+1))
		if gap < gapHours { // the bad cell is one more cell of the gap
			want := last(t, silent, at(n+gap+1))
			want.Model = e.Model(meter.HourSeconds) // the same weights
			if d := differ(&got, &want); d != "" {
				t.Errorf("gap of %d: the forecast after a bad cell is not that after a silent one: %s", gap, d)
			}
			h, c := live(silent, 0)
			checkState(t, e, h, c)
		}
		for i := n; i <= n+gap; i++ {
			quality := meter.Missing
			if i == n+gap {
				quality = meter.Bad
			}
			if v, q := cellAt(t, e, i); q != quality || v > 100 {
				t.Errorf("gap of %d: cell %d is %v %s", gap, i-n, v, q)
			}
		}
	}
	// After a long gap there is nothing measured to go on from: the day before
	// stands in.
	e := newEngine(t, randomModel(8, 5))
	feed(e, 0, n)
	const gap = lateHours - 1
	if f := last(t, e, bad(at(n+gap))); f.Source != meter.SourceLSTM || f.Quality != meter.Bad {
		t.Errorf("bad after a gap of %d: %+v", gap, f)
	}
	want, _ := cellAt(t, e, n+gap-24)
	if v, q := cellAt(t, e, n+gap); v != want || q != meter.Bad {
		t.Errorf("bad after a gap of %d: cell %v %s", gap, v, q)
	}
}

// after feeds the reading of cell n and gives its forecast; one that is far ahead
// waits for the next.
func after(t testing.TB, e *Engine, n int64) Forecast {
	t.Helper()
	result := e.Step([]Reading{at(n)})
	if result.Held == 0 && len(result.Forecasts) == 1 {
		return result.Forecasts[0]
	}
	if result.Held != 1 || len(result.Forecasts) != 0 || result.Applied != 0 {
		t.Fatalf("far ahead: %+v", result)
	}
	result = e.Step([]Reading{at(n + 1)})
	if result.Applied != 2 || len(result.Forecasts) != 1 {
		t.Fatalf("the second one far ahead: %+v", result)
	}
	return result.Forecasts[0]
}

// An estimate is taken as its sender says, however far it lies from what was measured.
func TestEstimateIsNotJudged(t *testing.T) {
	t.Parallel()
	for quality, taken := range map[meter.Quality]bool{meter.OK: false, meter.Estimated: true} {
		e := newEngine(t, randomModel(42, 4))
		feed(e, 0, 250)
		r := at(250)
		r.Value, r.Quality = 1e6, quality
		e.Step([]Reading{r})
		value, got := cellAt(t, e, 250)
		if (value == 1e6 && got == quality) != taken {
			t.Errorf("%s: the cell is %v %s", quality, value, got)
		}
	}
}

// Before the network serves a series, its gaps are filled as without a model.
func TestGapsOfAYoungSeries(t *testing.T) {
	t.Parallel()
	with, without := newEngine(t, randomModel(42, 4)), newEngine(t, nil)
	for _, e := range []*Engine{with, without} {
		feed(e, 0, 60)
		e.Step([]Reading{at(63)})
	}
	for i := int64(60); i < 63; i++ {
		got, _ := cellAt(t, with, i)
		if want, _ := cellAt(t, without, i); got != want {
			t.Errorf("cell %d is filled with %v, want %v", i, got, want)
		}
	}
}

package accuracy

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestWaitingLeads(t *testing.T) {
	t.Parallel()
	for horizon, want := range map[int][]int{1: {1}, 6: {1, 6}, 8: {1, 6, 8}, 24: {1, 6, 12, 24}, 30: {1, 6, 12, 24, 30}, 168: {1, 6, 12, 24, 168}} {
		w, err := NewWaiting(fiveLevels, horizon, 1)
		if err != nil {
			t.Fatal(err)
		}
		var leads []int
		for _, l := range w.leads {
			leads = append(leads, l.lead)
			if l.slots > inFlight+HeldCells {
				t.Errorf("horizon %d: %d forecasts of lead %d wait", horizon, l.slots, l.lead)
			}
		}
		if !slices.Equal(leads, want) {
			t.Errorf("horizon %d: leads %v, want %v", horizon, leads, want)
		}
	}
	if w, _ := NewWaiting(fiveLevels, 24, 1); w.Bytes() != (1+6+12+24+4*HeldCells)*21 {
		t.Errorf("a row of a day takes %d bytes", w.Bytes())
	}
	for name, bad := range map[string]func() (*Waiting, error){
		"no median": func() (*Waiting, error) { return NewWaiting([]float64{0.1, 0.9}, 24, 1) },
		"horizon":   func() (*Waiting, error) { return NewWaiting(fiveLevels, 0, 1) },
	} {
		if _, err := bad(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestWaitingIsAListOfForecasts holds the bytes against a plain list of all
// forecasts, over random origins, actuals that come late, and corrections.
func TestWaitingIsAListOfForecasts(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		horizon := rapid.SampledFrom([]int{1, 3, 6, 12, 24, 30, 168}).Draw(t, "horizon")
		w, err := NewWaiting(fiveLevels, horizon, 1)
		if err != nil {
			t.Fatal(err)
		}
		type key struct {
			lead   int
			target int64
		}
		type made struct {
			by        Maker
			scored    int
			quantiles []float32
			putAt     int64
		}
		row, all := make([]byte, w.Bytes()), map[key]*made{}
		newest := rapid.Int64Range(0, 1<<20).Draw(t, "start")
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			newest += rapid.SampledFrom([]int64{0, 1, 1, 1, 1, 2, 7}).Draw(t, "cells")
			quantiles := make([]float32, horizon*len(fiveLevels))
			for k := range horizon {
				for q := range fiveLevels {
					quantiles[k*len(fiveLevels)+q] = float32(rapid.Float64Range(-50, 50).Draw(t, "value"))
					if q > 0 {
						break // the rest of a lead is drawn from two numbers, to be quick
					}
				}
				lead := quantiles[k*len(fiveLevels):][:len(fiveLevels)]
				lead[2], lead[3], lead[4] = lead[1], lead[1]+1, lead[1]+2
				slices.Sort(lead)
			}
			by := Maker{rapid.Uint8Min(1).Draw(t, "source"), rapid.Uint16().Draw(t, "model")}
			w.Put(row, newest, by, quantiles)
			for _, l := range w.leads {
				if target := newest + int64(l.lead); target%l.stride == 0 {
					all[key{l.lead, target}] = &made{by: by, quantiles: quantiles[(l.lead-1)*len(fiveLevels):][:len(fiveLevels)], putAt: newest}
				}
			}
			if err := w.Check(row, newest); err != nil {
				t.Fatal(err)
			}
			// held, whatever came after
			target := newest + 1 - rapid.Int64Range(-2, HeldCells).Draw(t, "late")
			if target < 0 {
				continue
			}
			actual, naive := float32(rapid.Float64Range(-50, 50).Draw(t, "actual")), float32(1)
			void := rapid.Bool().Draw(t, "void")
			got := w.Score(nil, row, target, actual, func(int) float32 { return naive }, void)
			for _, l := range w.leads {
				m, ok := all[key{l.lead, target}]
				i := slices.IndexFunc(got, func(h Held) bool { return h.Lead == l.lead })
				if want := ok && (!void || m.scored > 0); want != (i >= 0) {
					t.Fatalf(
						"lead %d of target %d at %d: there is one: %v, scored: %v",
						l.lead, target, newest, want, i >= 0,
					)
				}
				if i < 0 {
					continue
				}
				if h := got[i]; h.By != m.by || h.Revision != m.scored {
					t.Fatalf("%+v, want one by %v for the %dth time", h, m.by, m.scored)
				} else if !void {
					checkHeld(t, h, m.quantiles, actual, naive)
				}
				m.scored++
			}
		}
	})
}

func checkHeld(t *rapid.T, h Held, quantiles []float32, actual, naive float32) {
	var pinball, plain float64
	for i, level := range fiveLevels {
		pinball += Pinball(level, float64(actual), float64(quantiles[i])) / 5
		plain += Pinball(level, float64(actual), float64(naive)) / 5
	}
	// numbers up to 100, to five digits
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-3 }
	if !near(h.Pinball, pinball) || !near(h.Naive, plain) ||
		!near(h.Error, float64(actual-quantiles[2])) || !h.Has50 || !h.Has80 {
		t.Fatalf("%+v, want pinball %v, naive %v", h, pinball, plain)
	}
	clear := func(q int) bool { return math.Abs(float64(actual-quantiles[q])) > 1e-3 }
	if clear(0) && clear(4) && h.Inside80 != (quantiles[0] <= actual && actual <= quantiles[4]) {
		t.Fatalf("%+v: %v in %v", h, actual, quantiles)
	}
}

func TestRound24KeepsOrderAndFiveDigits(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Float32().Draw(t, "a"), rapid.Float32().Draw(t, "b")
		if a <= b && round24(a) > round24(b) {
			t.Fatalf("%v <= %v became %v > %v", a, b, round24(a), round24(b))
		}
		if r := round24(a); !meter.Finite(float64(r)) ||
			math.Abs(float64(a)) > 1e-30 && math.Abs(float64(r-a)) > 1.6e-5*math.Abs(float64(a)) {
			t.Fatalf("%v became %v", a, r)
		}
	})
	if round24(math.MaxFloat32) > math.MaxFloat32 || round24(-math.MaxFloat32) < -math.MaxFloat32 ||
		round24(0) != 0 {
		t.Error("the ends of the range do not stay in it")
	}
}

// An actual that equals a bound to the bit lies inside.
func TestWaitingBoundsBelongToTheInterval(t *testing.T) {
	t.Parallel()
	w, err := NewWaiting(fiveLevels, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]byte, w.Bytes())
	for _, v := range []float32{0, 1.2345678, -987654.3} {
		w.Put(row, 9, Maker{Source: 1}, []float32{v, v, v, v, v})
		h := w.Score(nil, row, 10, v, func(int) float32 { return v }, false)
		if len(h) != 1 || !h[0].Inside50 || !h[0].Inside80 {
			t.Errorf("%v: %+v", v, h)
		}
	}
}

// A row of version 1 has source and model in one byte; what it is worth stays.
func TestWaitingReadsVersion1(t *testing.T) {
	t.Parallel()
	w, err := NewWaiting(fiveLevels, 24, 1)
	if err != nil {
		t.Fatal(err)
	}
	row, quantiles := make([]byte, w.Bytes()), make([]float32, 24*len(fiveLevels))
	for i := range quantiles {
		quantiles[i] = float32(i)
	}
	for n := range int64(20) {
		w.Put(row, n, Maker{Source: uint8(1 + n%3), Model: uint16(n) * 31 / 19}, quantiles)
		w.Score(nil, row, n, 7, func(int) float32 { return 7 }, false)
	}
	old := make([]byte, 0, w.Bytes1())
	for at := 0; at < len(row); at += w.size {
		slot := row[at : at+w.size]
		old = append(old, slot[0], slot[1], slot[2]<<5|slot[4], slot[3])
		old = append(old, slot[slotHead:]...)
	}
	again := make([]byte, w.Bytes())
	w.Read1(again, old)
	if len(old) != w.Bytes1() || !slices.Equal(again, row) {
		t.Errorf("%d bytes give another row", len(old))
	}
}

package series

import (
	"math"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// served streams values into a ring and its scaling; those of bad cells are BAD there.
func served(curve Curve, values []float32, bad ...int64) (Ring, Scaling) {
	ring, s, closed := newRing(ringCells), Scaling{Curve: curve}, 0
	for n, v := range values {
		q := meter.OK
		if slices.Contains(bad, int64(n)) {
			q = meter.Bad
		}
		ring.Put(int64(n), v, q)
		if n >= Hourly.Open && !slices.Contains(bad, int64(n-Hourly.Open)) {
			closed++
		}
		s.Advance(&ring, &Hourly, closed, Growth{})
	}
	return ring, s
}

func within(a, b, share float64) bool { return math.Abs(a-b) <= share*(math.Abs(a)+math.Abs(b)) }

// An outage of two days at zero is taken out of the moments, and comes back as it was.
func TestCellsLeaveTheMomentsAndReturn(t *testing.T) {
	t.Parallel()
	for _, curve := range []Curve{Plain, Asinh} {
		const total, from, until = 700, 520, 568
		values := daily(total, 5, 9)
		var bad []int64
		var cells []Revised
		for n := int64(from); n < until; n++ {
			values[n] = 0
			bad, cells = append(bad, n), append(cells, Revised{n, 0})
		}
		ring, s := served(curve, values)
		_, want := served(curve, values, bad...)
		before := s
		for _, n := range bad {
			ring.Set(n, 5, meter.Bad)
		}
		s.Leave(&ring, &Hourly, cells)
		// The cells before the outage keep the age that the outage gave them: two days of 90.
		for _, m := range [][2]float64{
			{s.Weight, want.Weight}, {s.Mean, want.Mean}, {s.Square, want.Square},
			{s.Absolute, want.Absolute},
		} {
			if !within(m[0], m[1], 0.02) {
				t.Errorf("curve %d: %v after the cells left, %v where they never were", curve, m[0], m[1])
			}
		}
		if within(before.Mean, s.Mean, 0.02) {
			t.Errorf("curve %d: the mean was %v and is %v: this tests little", curve, before.Mean, s.Mean)
		}
		for _, n := range bad {
			ring.Set(n, 0, meter.OK)
		}
		s.Return(&ring, &Hourly, cells)
		for _, m := range [][2]float64{
			{s.Weight, before.Weight}, {s.Mean, before.Mean}, {s.Square, before.Square},
			{s.Absolute, before.Absolute},
		} {
			if !within(m[0], m[1], 1e-9) {
				t.Errorf("curve %d: %v after the cells returned, %v before", curve, m[0], m[1])
			}
		}
	}
}

// When nearly all cells leave, the scale is found from those that stay.
func TestScaleOfFewCells(t *testing.T) {
	t.Parallel()
	values := daily(300, 5, 10)
	ring, s := served(Plain, values)
	var cells []Revised
	for n := int64(0); n <= s.Taken; n++ {
		if n%24 != 0 {
			cells = append(cells, Revised{n, values[n]})
			ring.Set(n, 5, meter.Bad)
		}
	}
	if !s.Leave(&ring, &Hourly, cells) {
		t.Error("the scale stayed")
	}
	if !(s.Weight > 5 && s.Scaler.Scale > 0) || !meter.Finite(s.Scaler.Center) {
		t.Errorf("%+v", s)
	}
}

// Cells without a scale, and those that are newer than the moments, change nothing.
func TestNothingLeaves(t *testing.T) {
	t.Parallel()
	ring, s := served(Plain, daily(50, 5, 11))
	if before := s; s.Leave(&ring, &Hourly, []Revised{{10, 5}}) || s != before {
		t.Error("moments changed before the first scale")
	}
	ring, s = served(Plain, daily(300, 5, 11))
	if before := s; s.Leave(&ring, &Hourly, []Revised{{s.Taken + 1, 5}}) || s != before {
		t.Error("a cell left that is in no moments")
	}
}

package series

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

func newRing(size int) Ring {
	return Ring{Values: make([]float32, size), Quality: meter.NewQualities(size)}
}

// The model of a ring is the list of all that was ever put into it.
func TestRingKeepsTheNewestCells(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 40).Draw(t, "size")
		first := rapid.Int64Range(0, 100).Draw(t, "first cell")
		puts := rapid.IntRange(1, 130).Draw(t, "puts")
		day := rapid.IntRange(1, 30).Draw(t, "day")
		r := newRing(size)
		var values []float32
		var qualities []meter.Quality
		for i := range puts {
			n, v := first+int64(i), float32(i+1)
			q := meter.OK + meter.Quality(i%4)
			r.Put(n, v, q)
			values, qualities = append(values, v), append(qualities, q)

			kept := min(len(values), size)
			oldest := n - int64(kept) + 1
			if r.Newest != n || r.Known != kept || r.First() != oldest {
				t.Fatalf(
					"after %d puts: cells %d to %d, %d of them; want %d to %d, %d",
					i+1, r.First(), r.Newest, r.Known, oldest, n, kept,
				)
			}
			for cell := oldest - 2; cell <= n+2; cell++ {
				if want := cell >= oldest && cell <= n; r.Has(cell) != want {
					t.Fatalf("Has(%d) = %v in %d to %d", cell, !want, oldest, n)
				}
			}
			for k := range kept {
				at := len(values) - kept + k
				if v, q := r.At(oldest + int64(k)); v != values[at] || q != qualities[at] {
					t.Fatalf("cell %d is %v %s, want %v %s", oldest+int64(k), v, q, values[at], qualities[at])
				}
			}
			if past := r.Past(make([]float32, size)); !slices.Equal(past, values[len(values)-kept:]) {
				t.Fatalf("past %v, want %v", past, values[len(values)-kept:])
			}
			want := values[len(values)-1]
			if kept >= day {
				want = values[len(values)-day]
			}
			if got := r.SameHour(n+1, day); got != want {
				t.Fatalf("same hour a day of %d before is %v, want %v of %v", day, got, want, values)
			}
		}
		// Any run of cells that is still there comes out whole, also across the seam.
		kept := min(puts, size)
		n := rapid.IntRange(1, kept).Draw(t, "cells copied")
		back := rapid.IntRange(0, kept-n).Draw(t, "cells back")
		got := make([]float32, n)
		r.copyTo(got, r.Newest-int64(back))
		if want := values[puts-back-n : puts-back]; !slices.Equal(got, want) {
			t.Fatalf("copy of %d cells, %d back: %v, want %v", n, back, got, want)
		}
	})
}

func TestEmptyRingHasNothing(t *testing.T) {
	t.Parallel()
	r := newRing(ringCells)
	for _, n := range []int64{0, 1, -1, 500_000} {
		if r.Has(n) {
			t.Errorf("an empty ring has cell %d", n)
		}
	}
	if past := r.Past(make([]float32, ringCells)); len(past) != 0 {
		t.Errorf("an empty ring has a past of %d cells", len(past))
	}
}

// Rings are views: a second view of the same slices sees what the first wrote,
// once it is told how far it goes.
func TestRingIsAView(t *testing.T) {
	t.Parallel()
	one := newRing(4)
	for n := int64(10); n < 16; n++ {
		one.Put(n, float32(n), meter.OK)
	}
	two := Ring{Values: one.Values, Quality: one.Quality, Newest: one.Newest, Known: one.Known}
	if got := two.Past(make([]float32, 4)); !slices.Equal(got, []float32{12, 13, 14, 15}) {
		t.Errorf("past %v", got)
	}
}

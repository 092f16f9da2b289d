package meter_test

import (
	"math"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"pgregory.net/rapid"
)

func TestConstantSeriesIsNeverFlagged(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Float32Range(-1e12, 1e12).Draw(t, "value")
		gaps := rapid.Float64Range(0, 0.5).Draw(t, "share of gaps")
		s := newStrip(24, rapid.Int64Range(0, 1e6).Draw(t, "first"))
		for n := range rapid.IntRange(1, 900).Draw(t, "cells") {
			if noise(7, n) < gaps {
				s.miss()
			} else if reason := s.take(v); reason != meter.Fine {
				t.Fatalf("cell %d: %s", n, reason)
			}
		}
	})
}

// nastyStream draws what a series may send: plausible values, and any others.
func nastyStream(t *rapid.T) []float32 {
	lives := []load{zone, house, coarse, mostlyZero, solar, net, constant(0), constant(5)}
	var out []float32
	for len(out) < 900 {
		l := rapid.SampledFrom(lives).Draw(t, "life")
		factor := rapid.SampledFrom(
			[]float32{1, 1, 1, 1000, 0.001, -1, 10, 1e30, 1e-38},
		).Draw(t, "factor")
		for range rapid.IntRange(1, 400).Draw(t, "cells") {
			out = append(out, factor*l(len(out)))
		}
		for range rapid.IntRange(0, 3).Draw(t, "odd") {
			out = append(
				out,
				rapid.SampledFrom(
					[]float32{
						0, 1, -1, math.MaxFloat32, -math.MaxFloat32, math.SmallestNonzeroFloat32,
						float32(math.Copysign(0, -1)),
					},
				).Draw(t, "value"),
			)
		}
		for range rapid.SampledFrom([]int{0, 0, 1, 5, 400}).Draw(t, "silence") {
			out = append(out, float32(math.NaN()))
		}
	}
	return out
}

func verdicts(s *strip, values []float32) []meter.Flag {
	out := make([]meter.Flag, len(values))
	for i, v := range values {
		if v != v {
			s.miss()
		} else {
			out[i] = s.take(v)
		}
	}
	return out
}

// For any values of a meter, at most two days in a row are flagged, or one day when the flags lie
// close together. Of values that are not many times beyond the rest, at most a day in a week is
// flagged.
func TestFlagsEnd(t *testing.T) {
	t.Parallel()
	every := []meter.Flag{
		meter.Tenfold,
		meter.Frozen, meter.ZeroRun, meter.Spike, meter.Gathered, meter.Double, meter.Factor, meter.Sign,
	}
	beyond := []meter.Flag{meter.Spike, meter.Factor, meter.Gathered}
	rapid.Check(t, func(t *rapid.T) {
		values := nastyStream(t)
		got := verdicts(newStrip(24, 0), values)
		counts := func(i int) bool { return got[i] != meter.Fine && !slices.Contains(beyond, got[i]) }
		flags, row := 0, 0
		for i, reason := range got {
			if reason != meter.Fine && !slices.Contains(every, reason) {
				t.Fatalf("cell %d: %q is no reason", i, reason)
			}
			switch {
			case reason != meter.Fine:
				row++
			case values[i] == values[i]: // silence does not end a row
				row = 0
			}
			if counts(i) {
				flags++
			}
			if old := i - 7*24 - 1; old >= 0 && counts(old) {
				flags--
			}
			if row > 48 || flags > 24 {
				t.Fatalf("cell %d: %d flags in a row, %d in a week", i, row, flags)
			}
		}
	})
}

// Flags depend only on the accepted cells of the last two weeks: not on their position in the ring,
// on older cells, or on the fills of gaps. A series with the other sign has the same flags.
func TestVerdictsAreAFunctionOfTheirPast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := nastyStream(t)
		want := verdicts(newStrip(24, 0), values)

		if got := verdicts(
			newStrip(24, rapid.Int64Range(0, 1e9).Draw(t, "first")), values,
		); !slices.Equal(got, want) {
			t.Fatal("another place in the ring")
		}
		long := longStrip(2000, 24, 0)
		if got := verdicts(long, values); !slices.Equal(got, want) {
			t.Fatal("a longer ring")
		}
		mirrored := slices.Clone(values)
		for i := range mirrored {
			mirrored[i] = -mirrored[i]
		}
		if got := verdicts(newStrip(24, 0), mirrored); !slices.Equal(got, want) {
			t.Fatal("mirrored")
		}
		fill := rapid.Float32().Draw(t, "fill")
		for i := range long.Values {
			if q := long.Quality.At(i); q == meter.Missing || q == meter.Bad {
				long.Values[i] = fill
			}
		}
		// A replay from any cell of the lateness window on.
		for range lateness {
			at := long.Past
			back := rapid.IntRange(1, lateness).Draw(t, "back")
			at.Newest -= int64(back)
			at.Known -= back
			if v := values[len(values)-back]; v == v && at.Judge(v) != want[len(values)-back] {
				t.Fatalf("a replay %d cells back", back)
			}
		}
	})
}

package series

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// around is the mean of the cells from i on, n of them, of a history whose newest cell is t. A cell
// after t is that of the newest day that is known.
func around(z []float64, t, i, n, day int) (mean float64) {
	for k := i; k < i+n; k++ {
		known := k
		for known > t {
			known -= day
		}
		mean += z[known] / float64(n)
	}
	return mean
}

// The features of finer intervals are those of their definitions, for quarter-hours and half-hours,
// beside the features that every interval has.
func TestFinerFeatures(t *testing.T) {
	t.Parallel()
	for _, interval := range []int64{900, 1800} {
		lengths := LengthsOf(interval)
		day, hour := lengths.Day, lengths.Day/24
		ring, random := newRing(lengths.Ring), rand.New(rand.NewPCG(1, uint64(interval)))
		z := make([]float64, lengths.Features)
		for i := range z {
			v := float32(random.NormFloat64())
			z[i] = float64(v)
			ring.Put(int64(i), v, meter.OK)
		}
		newest := len(z) - 1
		w := WindowOf(make([]float32, len(z)), &ring, Scaler{Scale: 1}, ring.Newest, 0, interval)
		plain, finer := DefaultLayout(false), DefaultLayout(false).Finer()

		current := make([]float32, len(finer.CurrentNames()))
		finer.Current(current, &w)
		last := around(z, newest, newest+1-hour, hour, day)
		want := []float64{
			last, around(z, newest, newest+1-4*hour, 4*hour, day),
			last - around(z, newest, newest+1-hour-day, hour, day),
			last - around(z, newest, newest+1-hour-7*day, hour, day),
		}
		compare(t, "current", finerCurrent, current[len(currentFeatures):], want)

		width, base := len(finer.LeadNames()), len(plain.LeadNames())
		lead, same := make([]float32, day*width), make([]float32, day*base)
		finer.Lead(lead, &w, day)
		plain.Lead(same, &w, day)
		mean := func(i int) (sum float64) {
			for d := 1; d <= 7; d++ {
				sum += z[i-d*day] / 7
			}
			return sum
		}
		for k := 1; k <= day; k++ {
			row, tau := lead[(k-1)*width:k*width], newest+k
			hours := float64(k) / float64(hour)
			decay1, decay4 := math.Exp(-hours), math.Exp(-hours/4)
			n := hour/2*2 + 1
			compare(t, "lead", finerLead, row[base-1:width-1], []float64{
				decay1, decay4,
				around(z, newest, tau-hour/2-day, n, day), around(z, newest, tau-hour/2-7*day, n, day),
				mean(tau) + decay4*(z[newest]-mean(newest)), decay1*z[newest] + (1-decay1)*mean(tau),
			})
			other := same[(k-1)*base : k*base]
			if !slices.Equal(slices.Concat(row[:base-1], row[width-1:]), other) {
				t.Fatalf("lead %d: %v, without the finer features %v", k, row, other)
			}
		}
	}
}

// The names of a spec say whether a model reads the finer features. A model of quarter-hours that
// was trained without them keeps its layout.
func TestLayoutOfFinerModels(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Layout{
		"finer": DefaultLayout(true).Finer(), "not finer": DefaultLayout(true),
	} {
		got, err := LayoutOf(want.InputNames(), want.LeadNames(), want.CurrentNames())
		if err != nil || !slices.Equal(got.LeadNames(), want.LeadNames()) ||
			!slices.Equal(got.CurrentNames(), want.CurrentNames()) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	finer, plain := DefaultLayout(false).Finer(), DefaultLayout(false)
	if _, err := LayoutOf(finer.InputNames(), finer.LeadNames(), plain.CurrentNames()); err == nil {
		t.Error("leads with the finer features and a current part without them are accepted")
	}
}

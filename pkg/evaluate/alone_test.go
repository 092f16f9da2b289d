package evaluate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// fleetReport has the losses of series at 100 origins: levels are their mean losses.
func fleetReport(seed uint64, levels ...float64) *Report {
	r, sums := &Report{}, lossSums{}
	shared := rand.New(rand.NewPCG(1, 1))
	own := rand.New(rand.NewPCG(seed, 2))
	for i, level := range levels {
		s := SeriesReport{Series: fmt.Sprintf("site.m%d", i)}
		for n := range 100 {
			loss := level * (1 + shared.Float64() + 0.01*own.NormFloat64())
			s.Losses = append(s.Losses, Loss{Second: int64(n) * 5 * 3600, Pinball: loss, Actual: level})
		}
		r.PerSeries = append(r.PerSeries, s)
		sums.add(s.Losses)
	}
	r.Losses = sums.sorted()
	return r
}

// One series with a large scale does not decide which model is better, in either direction.
func TestOneSeriesDoesNotDecide(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ours, theirs []float64
		better       bool
		without      string
		words        string
	}{
		"all agree": {[]float64{1, 1, 1, 1}, []float64{2, 2, 2, 2}, true, "", "better by"},
		"a large one agrees": {
			[]float64{1, 1, 1, 1e6}, []float64{2, 2, 2, 2e6}, true, "", "better by",
		},
		"only a large one is better": {
			[]float64{2, 2, 2, 1e6}, []float64{1, 1, 1, 2e6}, false, "site.m3",
			"without site.m3, which alone would make it better by",
		},
		"only a large one is worse": {
			[]float64{1, 1, 1, 2e6}, []float64{2, 2, 2, 1e6}, true, "site.m3",
			"without site.m3, which alone would make it worse by",
		},
		"one is worse, and decides nothing": {
			[]float64{1, 1, 1, 1.5}, []float64{2, 2, 2, 1}, true, "", "better by",
		},
		"one of two": {[]float64{2, 1e6}, []float64{1, 2e6}, true, "", "better by"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours, theirs := fleetReport(3, c.ours...), fleetReport(4, c.theirs...)
			got, err := CompareReports(ours, theirs)
			if err != nil || got.Better != c.better || got.Without != c.without ||
				!strings.Contains(got.InWords, c.words) {
				t.Errorf("better %t without %q: %s, %v", got.Better, got.Without, got.InWords, err)
			}
			if less, without := LessLoss(ours, theirs); less != c.better || without != c.without {
				t.Errorf("less loss %t without %q", less, without)
			}
		})
	}
}

// Reports without losses of single series are compared as they are.
func TestCompareReportsOfSumsAlone(t *testing.T) {
	t.Parallel()
	ours, theirs := fleetReport(3, 1, 1, 1), fleetReport(4, 2, 2, 2)
	ours.PerSeries, theirs.PerSeries = nil, nil
	if c, err := CompareReports(ours, theirs); err != nil || !c.Better {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := CompareReports(&Report{}, theirs); err == nil {
		t.Error("nothing was compared")
	}
}

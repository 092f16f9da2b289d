package cycle

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
)

// With the choice the cycle fits both scales, takes one, and fits it on all
// before the test; progress counts through all three.
func TestChoiceOfScale(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Choose, cfg.Iterations = true, 30
	c := cycle(t, cfg, nil)
	c.Out = filepath.Join(t.TempDir(), "model")
	var told []Event
	c.Tell = iterations(func(e Event) { told = append(told, e) })
	out := run(t, c)
	m, err := model.Load(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	if m.Spec.Scale != out.Scale || out.Scale != model.ScalePlain && out.Scale != model.ScaleAsinh {
		t.Errorf("scale %q, the folder's is %q", out.Scale, m.Spec.Scale)
	}
	for i, p := range told {
		if p.Iteration != i+1 || p.Iteration > p.Iterations {
			t.Fatalf("call %d is told of iteration %d of %d", i+1, p.Iteration, p.Iterations)
		}
	}
	if end := told[len(told)-1]; end.Iteration != end.Iterations ||
		len(told) != 2*cfg.Iterations+leastRefit {
		t.Errorf("told of %d iterations, at the end of %d of %d", len(told), end.Iteration,
			end.Iterations)
	}
	// With a test range the network that ships is the one that was judged.
	source := dataset.NewBuilder()
	if err := c.Source.Load(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	report, err := evaluate.Backtest(t.Context(), m, source.Build(),
		evaluate.Config{From: epoch + 45*day, Until: epoch + 50*day, Every: judgeEvery(series.Hourly)})
	if err != nil || math.Abs(report.Overall.Pinball/out.Report.Overall.Pinball-1) > 1e-9 {
		t.Errorf("the folder's wQL on the test range is %v, the report says %v (%v)",
			report.Overall.Pinball, out.Report.Overall.Pinball, err)
	}
}

// Where the validation range is all there is to judge on, what is said of the
// model is what it was worth before it was fitted on that range too.
func TestNobodyIsJudgedOnWhatItLearnt(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Choose, cfg.Iterations = true, 5
	before := func(e dataset.Extent) (dataset.Cut, error) {
		return dataset.CutBefore(e, e.Last+e.Interval)
	}
	c := cycle(t, cfg, nil)
	c.Cut, c.Out = before, filepath.Join(t.TempDir(), "model")
	out := run(t, c)
	shipped, err := model.Load(c.Out)
	if err != nil {
		t.Fatal(err)
	}
	source := dataset.NewBuilder()
	if err := c.Source.Load(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	cut, err := before(dataset.Extent{First: epoch, Last: epoch + 50*day - hour,
		Interval: hour, Horizon: day})
	if err != nil {
		t.Fatal(err)
	}
	learnt, err := evaluate.Backtest(t.Context(), shipped, source.Build(),
		evaluate.Config{From: cut.TrainUntil, Until: cut.ValidUntil, Every: judgeEvery(series.Hourly)})
	if err != nil {
		t.Fatal(err)
	}
	// Fifty more iterations on the range itself are worth a lot after five.
	if !(learnt.Overall.Pinball < 0.8*out.Report.Overall.Pinball) {
		t.Errorf("the report says wQL %v; on the range it was fitted on the shipped network has %v",
			out.Report.Overall.Pinball, learnt.Overall.Pinball)
	}
}

// A load that changes sign is fitted as it is; one that dips below zero once is not.
func TestSignedLoadsKeepTheirScale(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		every, curves int // one reading in so many is negative
	}{"feeds in by day": {4, 1}, "one reading in a thousand": {1000, 2}, "never": {1 << 30, 2}} {
		b := dataset.NewBuilder()
		for i := range int64(2000) {
			v := 1.0
			if i%int64(c.every) == int64(c.every)-1 {
				v = -1
			}
			b.Add(meter.ID{Site: "a", Meter: "b"}, "kWh", epoch+i*hour, v)
		}
		if got := curvesOf(b.Build(), epoch+1500*hour); len(got) != c.curves {
			t.Errorf("%s: %d scales are tried, want %d", name, len(got), c.curves)
		}
	}
}

// Of three series or more, one that is wired backwards does not make the others signed loads; two do.
func TestOneSignedSeriesDoesNotDecideTheScale(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ series, signed, curves int }{
		{2, 1, 1}, {3, 0, 2}, {3, 1, 2}, {20, 1, 2}, {20, 2, 1}, {3, 3, 1},
	} {
		b := dataset.NewBuilder()
		for m := range c.series {
			for i := range int64(400) {
				v := 1.0
				if m < c.signed && i%4 > 0 {
					v = -1
				}
				b.Add(meter.ID{Site: "a", Meter: fmt.Sprint("m", m)}, "kWh", epoch+i*hour, v)
			}
		}
		if got := curvesOf(b.Build(), epoch+400*hour); len(got) != c.curves {
			t.Errorf("%d of %d are signed: %d scales are tried, want %d", c.signed, c.series, len(got),
				c.curves)
		}
	}
}

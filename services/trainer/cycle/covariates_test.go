package cycle

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
)

// heated is a source whose one series follows a temperature that nobody can guess
// from the past.
type heated struct{ hours int }

func (s heated) each(f func(second int64, temperature float64)) {
	random := rand.New(rand.NewPCG(5, 6))
	for i := range int64(s.hours) {
		f(epoch+i*hour, 10+5*random.NormFloat64())
	}
}

func (s heated) Load(_ context.Context, b *dataset.Builder) error {
	s.each(func(second int64, temperature float64) {
		b.Add(meter.ID{Site: "north", Meter: "m1"}, "kWh", second, 40-temperature)
	})
	return nil
}

func (s heated) covariates(t testing.TB) *dataset.Covariates {
	t.Helper()
	b := dataset.NewBuilder()
	s.each(func(second int64, temperature float64) {
		b.Add(meter.ID{Site: "default", Meter: "temperature"}, "", second, temperature)
	})
	c, err := b.Covariates()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is known ahead is used: the same training without it is far behind. The
// champion that needs it keeps its place against one that was trained without.
func TestCovariatesAreLearnt(t *testing.T) {
	t.Parallel()
	reg, source := local(t), heated{30 * 24}
	cfg := tiny()
	cfg.Iterations = 80
	with, without := cycle(t, cfg, reg), cycle(t, cfg, reg)
	with.Source, without.Source = source, source
	with.Ahead = source.covariates(t)
	var warned []string
	with.Tell = warnings(&warned)

	warm := run(t, with)
	if len(warned) != 0 {
		t.Errorf("warned of %q", warned)
	}
	cold := run(t, without)
	if warm.Report.Overall.Pinball > 0.7*cold.Report.Overall.Pinball {
		t.Errorf("wQL %.3g with the temperature, %.3g without", warm.Report.Overall.Pinball,
			cold.Report.Overall.Pinball)
	}
	if cold.Champion || !strings.Contains(cold.Why, engine.ErrCovariates.Error()) ||
		champion(t, reg, registry.Champion) != "1" {
		t.Errorf("%+v", cold)
	}
}

func TestMissingCovariatesAreTold(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Iterations = 1
	c := cycle(t, cfg, nil)
	c.Source, c.Ahead = heated{40 * 24}, heated{30 * 24}.covariates(t)
	var warned []string
	c.Tell = warnings(&warned)
	run(t, c)
	if want := "covariates: temperature is missing in 240 of 960 hours (240 take the same hour " +
		"of a day before, 0 the mean)"; len(warned) != 1 || warned[0] != want {
		t.Errorf("warned %q, want %q", warned, want)
	}

	// The training range has none.
	c.Cut = func(e dataset.Extent) (dataset.Cut, error) {
		return dataset.Cut{First: e.First, TrainUntil: e.First, ValidUntil: e.First + 20*day,
			TestFrom: e.First + 20*day, TestUntil: e.First + 40*day}, nil
	}
	if _, err := c.Run(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "covariate temperature has no value in the training range") {
		t.Errorf("%v", err)
	}
}

// A model folder keeps its scores by every lead.
func TestScoresByEveryLeadAreKept(t *testing.T) {
	t.Parallel()
	reg := local(t)
	cfg := tiny()
	cfg.Iterations = 1
	out := run(t, cycle(t, cfg, reg))
	v, err := reg.ByAlias(t.Context(), "load-1h", registry.Champion)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range out.Report.ByLead {
		for k, want := range []float64{m.Pinball, m.WAPE, m.Coverage80} {
			if got, ok := v.Metrics[LeadMetric(LeadMetrics[k], i+1)]; !ok || got != want {
				t.Errorf("%s of lead %d: %v, want %v", LeadMetrics[k], i+1, got, want)
			}
		}
	}
}

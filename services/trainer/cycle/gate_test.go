package cycle

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
)

// losses returns the losses at n origins five hours apart: factor times a part that all forecasters
// share, and some noise.
func losses(n int, factor float64) []evaluate.Loss {
	shared, own := rand.New(rand.NewPCG(1, 1)), rand.New(rand.NewPCG(uint64(factor*1000), 2))
	all := make([]evaluate.Loss, n)
	for i := range all {
		all[i] = evaluate.Loss{Second: epoch + int64(i)*5*hour,
			Pinball: factor*(1+3*shared.Float64()) + 0.05*own.NormFloat64(), Actual: 10}
	}
	return all
}

func report(n int, factor float64) evaluate.Report {
	return evaluate.Report{Losses: losses(n, factor)}
}

func good() gateInput {
	return gateInput{
		forecasts: forecastCounts{forecasts: 100, ratio: 1.1}, difference: 4e-7, crossed: 0.01,
		ours: losses(100, 0.5), naive: losses(100, 1),
		champion: &championComparison{version: "7", ours: report(100, 0.5),
			theirs: report(100, 0.7)},
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*gateInput)
		failed []CheckName // that refuse it
		words  string      // in Why
		first  bool
	}{
		"better than the champion": {func(*gateInput) {}, nil, "champion v7: better by", false},
		"no better than the champion": {func(e *gateInput) { e.champion.theirs = report(100, 0.5) },
			[]CheckName{CheckChampion}, "champion v7: no sure difference", false},
		"worse than the champion": {func(e *gateInput) { e.champion.theirs = report(100, 0.4) },
			[]CheckName{CheckChampion}, "champion v7: worse by", false},
		"worse than the naive rule, better than the champion": {
			func(e *gateInput) { e.naive = losses(100, 0.4) },
			nil, "seasonal naive: worse by", false,
		},
		"worse than the naive rule and than the champion": {
			func(e *gateInput) {
				e.naive, e.champion.theirs = losses(100, 0.4), report(100, 0.4)
			},
			[]CheckName{CheckChampion}, "seasonal naive: worse by", false,
		},
		"nothing to judge on": {func(e *gateInput) {
			e.ours, e.naive = nil, nil
			e.champion.ours, e.champion.theirs = evaluate.Report{}, evaluate.Report{}
		},
			[]CheckName{CheckChampion}, "widen the test range", false},
		"quantiles that are no numbers": {func(e *gateInput) { e.forecasts.infinite = 1 },
			[]CheckName{CheckFinite}, "1 of 100 forecasts", false},
		"no forecasts at all": {func(e *gateInput) { e.forecasts.forecasts = 0 },
			[]CheckName{CheckFinite}, "0 of 0 forecasts", false},
		"quantiles out of order": {func(e *gateInput) { e.forecasts.unordered = 3 },
			[]CheckName{CheckOrdered}, "3 of 100", false},
		"four times too large": {func(e *gateInput) { e.forecasts.ratio = 4.1 },
			[]CheckName{CheckScale}, "4.1 times the readings", false},
		"four times too small": {func(e *gateInput) { e.forecasts.ratio = 0.24 },
			[]CheckName{CheckScale}, "0.24 times", false},
		"a ratio that is no number": {func(e *gateInput) { e.forecasts.ratio = math.NaN() },
			[]CheckName{CheckScale}, "NaN", false},
		"forecasts that run wild": {func(e *gateInput) { e.forecasts.wild = 1 },
			[]CheckName{CheckScale}, "1 % of forecasts are beyond 100 times", false},
		"kernels that disagree": {func(e *gateInput) { e.difference = 1.1e-5 },
			[]CheckName{CheckKernels}, "differs from the training graph by 1.1e-05", false},
		"kernels that say NaN": {func(e *gateInput) { e.difference = math.NaN() },
			[]CheckName{CheckFinite, CheckKernels}, "NaN", false},
		"a network that crosses": {func(e *gateInput) { e.crossed = 0.6 },
			[]CheckName{CheckCrossing}, "60 % of leads cross", false},
		"two faults are both told": {func(e *gateInput) {
			e.forecasts.unordered, e.crossed = 1, 0.6
		}, []CheckName{CheckOrdered, CheckCrossing}, "; ", false},
		"a champion that cannot be compared with": {
			func(e *gateInput) { e.champion.fault = "has other levels" },
			[]CheckName{CheckChampion}, "champion v7 has other levels", false,
		},
		"the first": {func(e *gateInput) { e.champion = nil }, nil,
			"the first model; seasonal naive: better by", true},
		"the first, worse than naive": {func(e *gateInput) {
			e.champion, e.naive, e.crossed = nil, losses(100, 0.2), 0.9
		}, nil, "seasonal naive: worse by", true},
		"the first, not sound": {func(e *gateInput) { e.champion, e.difference = nil, 1 },
			[]CheckName{CheckKernels}, "training graph", true},
		"a champion that cannot be read": {func(e *gateInput) {
			e.champion.fault, e.champion.broken = "cannot be read: gone", true
			e.naive = losses(100, 0.2)
		}, nil, "champion v7 cannot be read", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := good()
			c.change(&e)
			v := verdictOf(e)
			if v.Passed != (c.failed == nil) || v.First != c.first ||
				!strings.Contains(v.Why(), c.words) {
				t.Fatalf("passed %t, first %t: %s", v.Passed, v.First, v.Why())
			}
			if refusals := v.Refusals(); !slices.Equal(refusals, c.failed) {
				t.Errorf("refused by %v, want %v", refusals, c.failed)
			}
			tags, numbers := v.Tags(), v.Metrics()
			if word := tags["loadtide.gate"]; (word == "refused") != (c.failed != nil) ||
				(word == "first") != (c.first && v.Passed) {
				t.Errorf("tag %q", word)
			}
			if got := numbers["gate_passed"]; (got == 1) != v.Passed {
				t.Errorf("gate_passed %v", got)
			}
			for _, check := range v.Checks {
				text := tags["loadtide.gate."+string(check.Name)]
				if !strings.HasSuffix(text, check.Words) ||
					strings.HasPrefix(text, "ok: ") != check.Passed ||
					!strings.Contains(tags[registry.Description], check.Words) {
					t.Errorf("tag of %s: %q, description\n%s", check.Name, text,
						tags[registry.Description])
				}
				if x, ok := numbers["gate_"+string(check.Name)]; ok != meter.Finite(check.Value) ||
					ok && x != check.Value {
					t.Errorf("metric of %s: %v, %t", check.Name, x, ok)
				}
			}
		})
	}
}

// The statistics tell what is wrong with a forecast.
func TestForecastStats(t *testing.T) {
	t.Parallel()
	b := dataset.NewBuilder()
	id := meter.ID{Site: "s", Meter: "m"}
	for i := range int64(400) {
		b.Add(id, "kWh", epoch+i*hour, 2)
	}
	idle := meter.ID{Site: "s", Meter: "idle"}
	for i := range int64(400) {
		b.Add(idle, "kWh", epoch+i*hour, 0)
	}
	forecast := func(id meter.ID, quantiles ...float32) engine.Forecast {
		return engine.Forecast{Series: id, Origin: epoch + 300*hour, Horizon: 2,
			Levels: []float64{0.1, 0.5, 0.9}, Quantiles: quantiles}
	}
	replaced := forecast(id, 1, 2, 3, 1, 2, 3)
	replaced.Replaced = meter.ReasonOutOfRange
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		f    engine.Forecast
		want forecastCounts
	}{
		"fine": {forecast(id, 1, 2, 3, 1, 2, 3),
			forecastCounts{forecasts: 1, ratio: 1}},
		"half as large": {forecast(id, 1, 1, 3, 1, 1, 3),
			forecastCounts{forecasts: 1, ratio: 0.5}},
		"out of order": {forecast(id, 1, 2, 3, 2, 2, 1),
			forecastCounts{forecasts: 1, unordered: 1, ratio: 1}},
		"infinite": {forecast(id, 1, 2, 3, 1, 2, inf),
			forecastCounts{forecasts: 1, infinite: 1, wild: 1, ratio: 1}},
		"no number": {forecast(id, 1, 2, nan, 1, 2, 3),
			forecastCounts{forecasts: 1, infinite: 1, unordered: 1, ratio: 1}},
		"wild": {forecast(id, 1, 2, 3, 1, 2, 201),
			forecastCounts{forecasts: 1, wild: 1, ratio: 1}},
		"replaced": {replaced, forecastCounts{forecasts: 1, infinite: 1, ratio: 1}},
		"of an idle meter": {forecast(idle, 0, 1, 5, 0, 1, 5),
			forecastCounts{forecasts: 1, ratio: 1}},
	} {
		stats := newForecastStats(b.Build(), c.f.Levels)
		stats.add(c.f)
		if got := stats.sum(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// fit runs a cycle up to its fit.
func fit(t *testing.T, c *Cycle) fitted {
	t.Helper()
	a := c.newAttempt()
	if err := a.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.fit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a.fitted
}

// The layers that serve and the training graph agree on real windows, and a
// difference in one weight is seen.
func TestAgreement(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Hidden = 64
	c := cycle(t, cfg, nil)
	f := fit(t, c)
	difference, crossed, err := agreement(draft(f.spec, f.result), f.result, f.sample)
	t.Logf("serving differs by %.2g, %.2g of leads cross", difference, crossed)
	if err != nil || difference > maxDifference/4 || difference == 0 {
		t.Errorf("difference %v, %v", difference, err)
	}
	other := f.result
	other.LSTM = slices.Clone(f.result.LSTM)
	other.LSTM[len(other.LSTM)/2] += 0.01
	if difference, _, err := agreement(draft(f.spec, other), f.result, f.sample); err != nil ||
		difference <= maxDifference {
		t.Errorf("another weight: difference %v, %v", difference, err)
	}
}

// Quantiles of close levels cross in a sound network; those of the default levels count.
func TestCrossingCountsDefaultLevels(t *testing.T) {
	t.Parallel()
	levels := []float64{0.05, 0.1, 0.48, 0.5, 0.52, 0.9}
	for _, c := range []struct {
		name      string
		quantiles []float32
		ascend    bool
	}{
		{"all in order", []float32{1, 2, 3, 4, 5, 6}, true},
		{"close levels cross", []float32{2, 1, 5, 4, 3, 6}, true},
		{"the band crosses the median", []float32{1, 5, 5, 4, 5, 6}, false},
		{"the band is upside down", []float32{1, 6, 3, 4, 5, 2}, false},
	} {
		if got := ascend(c.quantiles, defaultLevels(levels)); got != c.ascend {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// A meter that was idle for long has readings of a million scales; that they agree
// to fewer digits after the point is no fault of the kernels.
func TestAgreementOnAnIdleMeter(t *testing.T) {
	t.Parallel()
	c := cycle(t, tiny(), nil)
	c.Source = idle{}
	f := fit(t, c)
	largest := slices.Max(inputSizes(f.spec.Shape(), f.sample))
	difference, _, err := agreement(draft(f.spec, f.result), f.result, f.sample)
	if err != nil || largest < 1e5 || difference > maxDifference/4 {
		t.Errorf("inputs up to %.3g scales: difference %v, %v", largest, difference, err)
	}
}

// idle is meters that say 0 for three weeks, and then what others do.
type idle struct{}

func (idle) Load(ctx context.Context, b *dataset.Builder) error {
	all := dataset.NewBuilder()
	if err := (meters{2, 50, nil}).Load(ctx, all); err != nil {
		return err
	}
	for _, h := range all.Build() {
		for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
			v, _ := h.Ring.At(n)
			if n < h.Ring.First()+21*24 {
				v = 0
			}
			b.Add(h.ID, h.Unit, h.Start(n), float64(v))
		}
	}
	return nil
}

package evaluate

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/loadtide/loadtide/pkg/engine"
)

// The report does not depend on how the series are shared by goroutines.
func TestWorkersChangeNothing(t *testing.T) {
	t.Parallel()
	all, m := histories(meters(hours)), randomModel(7)
	cfg := config()
	want := measure(t, m, all, cfg)
	for _, workers := range []int{1, 2, 3, 50} {
		cfg.Workers = workers
		got := measure(t, m, all, cfg)
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
	}
}

// A shorter horizon scores the same forecasts' first leads.
func TestShorterHorizonScoresTheFirstLeads(t *testing.T) {
	t.Parallel()
	all, m := histories(meters(hours)), randomModel(8)
	whole, err := Backtest(t.Context(), m, all, config())
	if err != nil {
		t.Fatal(err)
	}
	cfg := config()
	cfg.Horizon, cfg.Until = 6, cfg.Until-(horizon-6)*hour // the same origins
	part, err := Backtest(t.Context(), m, all, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(whole.ByLead[:6], part.ByLead, cmpopts.EquateNaNs()); diff != "" ||
		part.Forecasts != whole.Forecasts {
		t.Errorf("%d forecasts, %d of the whole horizon: %s", part.Forecasts, whole.Forecasts, diff)
	}
	cfg.Horizon = horizon + 1
	if _, err := Backtest(t.Context(), m, all, cfg); err == nil {
		t.Error("a horizon beyond the model's was taken")
	}
}

// The parts of a report fit together, and with the forecasts handed out.
func TestReportAddsUp(t *testing.T) {
	t.Parallel()
	all, cfg := meters(hours), config()
	var given []engine.Forecast
	most, last := 0, 0
	cfg.Each = func(f engine.Forecast) { given = append(given, f) }
	cfg.Progress = func(done, total int) { last, most = done, total }
	both := measure(t, randomModel(9), histories(all), cfg)
	r, baselines := both.Report, both.Baselines
	if len(given) != r.Forecasts || last != most || most < until-horizon {
		t.Errorf("%d forecasts handed out of %d, told of %d hours of %d", len(given), r.Forecasts,
			last, most)
	}
	values := map[string]metered{}
	for _, m := range all {
		values[m.id().String()] = m
	}
	held, actuals := make([]float64, 5), 0.0
	for _, f := range given {
		m := values[f.Series.String()]
		origin := int((f.Origin - epoch - m.phase) / hour)
		for k := range horizon {
			y := m.values[origin+k]
			if math.IsNaN(y) {
				continue
			}
			actuals++
			for i := range held {
				if y <= float64(f.Quantiles[5*k+i]) {
					held[i]++
				}
			}
		}
	}
	for i := range held {
		if math.Abs(r.AtOrBelow[i]-held[i]/actuals) > 1e-12 {
			t.Errorf("level %d holds %v of the actuals, want %v", i, r.AtOrBelow[i],
				held[i]/actuals)
		}
	}
	var pinball, actual float64
	// The rule's losses are on the same origins, and add up to its score but for the series without
	// a week behind it.
	var ours, naive float64
	for i, l := range baselines.Losses {
		if l.Second != r.Losses[i].Second || l.Actual != r.Losses[i].Actual {
			t.Errorf("origin %d: %+v beside %+v", i, l, r.Losses[i])
		}
		ours, naive = ours+r.Losses[i].Pinball, naive+l.Pinball
	}
	if got, want := naive/ours, baselines.SeasonalNaive().
		Pinball/r.Overall.Pinball; len(baselines.Losses) != len(r.Losses) ||
		math.Abs(got/want-1) > 0.01 {
		t.Errorf("the rule loses %v times as much by origin, %v times in all", got, want)
	}
	for i, l := range r.Losses {
		pinball, actual = pinball+l.Pinball, actual+l.Actual
		if i > 0 && l.Second <= r.Losses[i-1].Second {
			t.Errorf("losses at %d after %d", l.Second, r.Losses[i-1].Second)
		}
	}
	if wql := pinball / actual; math.Abs(wql/r.Overall.Pinball-1) > 1e-9 {
		t.Errorf("losses add up to a wQL of %v, overall %v", wql, r.Overall.Pinball)
	}
	n := 0
	var names []string
	for _, s := range r.PerSeries {
		n += s.Overall.N
		names = append(names, s.Series)
	}
	if n != r.Overall.N || !slices.Equal(names, []string{"s.gappy", "s.steady", "s.young"}) {
		t.Errorf("%d actuals of %v, overall %d", n, names, r.Overall.N)
	}
	n = 0
	for _, lead := range r.ByLead {
		n += lead.N
	}
	if n != r.Overall.N {
		t.Errorf("%d actuals by lead, overall %d", n, r.Overall.N)
	}
}

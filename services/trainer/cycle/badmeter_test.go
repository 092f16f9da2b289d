package cycle

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
)

// fleet is a source in memory: good meters of the same days, and others beside them.
type fleet struct {
	good, days int64
	bad        []badMeter
}

// badMeter has readings in the days from and before until; value turns what it used in an hour into
// what it sends.
type badMeter struct {
	name        string
	from, until int64 // days since the fleet began
	value       func(hour int64, used float64) (sent float64, ok bool)
}

// truth sends what was used.
func truth(_ int64, used float64) (float64, bool) { return used, true }

func (s fleet) Load(_ context.Context, b *dataset.Builder) error {
	for m := range s.good {
		good := badMeter{fmt.Sprintf("m%02d", m), 0, s.days, truth}
		good.add(b, uint64(m), 1+0.2*float64(m))
	}
	for m, bad := range s.bad {
		bad.add(b, uint64(1000+m), 1.5)
	}
	return nil
}

func (m badMeter) add(b *dataset.Builder, seed uint64, size float64) {
	random := rand.New(rand.NewPCG(seed, 2))
	id := meter.ID{Site: "site", Meter: m.name}
	for i := m.from * 24; i < m.until*24; i++ {
		used := 2 + math.Sin(2*math.Pi*float64(i+int64(seed%24))/24) + 0.2*random.NormFloat64()
		if sent, ok := m.value(i-m.from*24, used*size); ok {
			b.Add(id, "kWh", epoch+i*hour, sent)
		}
	}
}

// loadedOf runs the load of a cycle, and returns its cut and its warnings.
func loadedOf(t *testing.T, s fleet, named ...int64) (*attempt, []string) {
	t.Helper()
	c := cycle(t, tiny(), nil)
	var words []string
	c.Source, c.Named, c.Tell = s, named, warnings(&words)
	a := c.newAttempt()
	if err := a.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a, words
}

// Meters whose clocks run weeks ahead, or that are of last year, leave the ranges of the fleet, its
// features and the length of its windows as they are. Those that are cut are named.
func TestRangesAreThoseOfMostSeries(t *testing.T) {
	t.Parallel()
	for _, good := range []int64{2, 8, 20} {
		for _, days := range []int64{22, 60} {
			alone, _ := loadedOf(t, fleet{good, days, nil})
			for name, c := range map[string]struct {
				bad  []badMeter
				told string
			}{
				"weeks ahead": {
					[]badMeter{{"fast", 35, days + 35, truth}},
					"the time that is measured, and are not used: site.fast",
				},
				"weeks ahead from the start": {
					[]badMeter{{"fast", 10, days + 35, truth}},
					"those readings are not used: site.fast",
				},
				"of last year":         {[]badMeter{{"old", -365, -300, truth}}, "are not scored: site.old"},
				"back since last year": {[]badMeter{{"old", -365, days, truth}}, ""},
				"ended long ago":       {[]badMeter{{"old", -100, 5, truth}}, "are not scored: site.old"},
			} {
				if name == "weeks ahead" && days > 35 {
					c.told = "those readings are not used: site.fast"
				}
				if good > 2 {
					second := c.bad[0]
					second.name = "second"
					c.bad = append(c.bad, second)
				}
				a, words := loadedOf(t, fleet{good, days, c.bad})
				if want := alone.cut; a.cut.TrainUntil != want.TrainUntil ||
					a.cut.ValidUntil != want.ValidUntil || a.cut.TestUntil != want.TestUntil ||
					a.first != want.First {
					t.Errorf("%s, %d of %d days: %s from %s, want %s", name, good, days, a.cut,
						date(a.first), want)
				}
				if text := strings.Join(words, "\n"); !strings.Contains(text, c.told) {
					t.Errorf("%s, %d of %d days: told %q, want %q", name, good, days, text, c.told)
				}
				layout, err := a.features()
				want, _ := alone.features()
				if err != nil || fmt.Sprint(layout.InputNames()) != fmt.Sprint(want.InputNames()) {
					t.Errorf("%s: inputs %v, want %v", name, layout.InputNames(), want.InputNames())
				}
			}
		}
	}
}

// What a person names holds, inside and outside of the time of most series.
func TestNamedRangesHold(t *testing.T) {
	t.Parallel()
	s := fleet{5, 60, []badMeter{{"fast", 30, 95, truth}}}
	for _, c := range []struct{ named, until int64 }{{50, 60}, {60, 60}, {61, 95}, {-5, 95}} {
		a, _ := loadedOf(t, s, epoch+c.named*day)
		if a.cut.TestUntil != epoch+c.until*day {
			t.Errorf("day %d is named: %s", c.named, a.cut)
		}
	}
}

// A fleet with meters ahead, of last year, flat, dead and lying is trained like the fleet alone.
func TestBadMetersStopNoTraining(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Choose, cfg.Iterations = true, 20
	flat := func(int64, float64) (float64, bool) { return 1.25, true }
	dead := func(hour int64, used float64) (float64, bool) { return used, hour < 10*24 }
	lies := func(hour int64, used float64) (float64, bool) {
		switch {
		case hour < 20: // a register that is sent as energy
			return 4e7 + used, true
		case hour%37 == 0:
			return 1000 * used, true
		case hour > 30*24:
			return -used, true
		}
		return used, true
	}
	idle := func(hour int64, _ float64) (float64, bool) {
		if hour > 47*24 {
			return 9e10, true
		}
		return 1e-30 * float64(hour%3), true
	}
	bad := []badMeter{
		{"ahead1", 35, 85, truth}, {"ahead2", 30, 85, truth}, {"old", -400, 50, truth},
		{"flat", 0, 50, flat}, {"dead", 0, 50, dead}, {"lies", 0, 50, lies}, {"idle", 0, 50, idle},
	}
	c := cycle(t, cfg, nil)
	c.Source = fleet{8, 50, bad}
	var words []string
	c.Tell = warnings(&words)
	out := run(t, c)
	if out.Report.Forecasts == 0 || out.Series != 15 {
		t.Errorf("%d forecasts of %d series", out.Report.Forecasts, out.Series)
	}
	t.Logf("%+v\n%s", out.Report.Overall, strings.Join(words, "\n"))
	for _, s := range out.Report.PerSeries {
		if strings.HasPrefix(s.Series, "site.m") && !(s.Overall.WAPE < 1) {
			t.Errorf("%s: WAPE %v", s.Series, s.Overall.WAPE)
		}
	}
}

// Wild and infinite forecasts of one series of three or more keep no model from the others; those
// of two series do.
func TestWildForecastsOfOneSeriesRefuseNoModel(t *testing.T) {
	t.Parallel()
	levels := []float64{0.1, 0.5, 0.9}
	for _, c := range []struct {
		series         int
		bad            []int // forecasts by series
		infinite, wild int
		without        string
	}{
		{3, []int{0, 0, 0}, 0, 0, ""},
		{3, []int{0, 5, 0}, 0, 0, "site.m1"},
		{3, []int{1, 5, 0}, 1, 1, "site.m1"},
		{4, []int{2, 0, 2, 0}, 2, 2, "site.m0"},
		{2, []int{0, 5}, 5, 5, ""},
	} {
		b := dataset.NewBuilder()
		for m := range c.series {
			for i := range int64(48) {
				b.Add(meter.ID{Site: "site", Meter: fmt.Sprint("m", m)}, "kWh", epoch+i*hour, 2)
			}
		}
		stats := newForecastStats(b.Build(), levels)
		for m, bad := range c.bad {
			for i := range 6 {
				f := engine.Forecast{
					Series: meter.ID{Site: "site", Meter: fmt.Sprint("m", m)}, Origin: epoch + 24*hour,
					Horizon: 1, Levels: levels, Quantiles: []float32{1, 2, 3},
				}
				if i < bad {
					f.Quantiles[2] = float32(math.Inf(1))
				}
				stats.add(f)
			}
		}
		got := stats.sum()
		if got.infinite != c.infinite || got.wild != c.wild || got.without != c.without {
			t.Errorf("%v: %+v", c.bad, got)
		}
		in := good()
		got.ratio = 1
		in.forecasts = got
		v := verdictOf(in)
		if v.Passed != (c.infinite == 0) {
			t.Errorf("%v: %s", c.bad, v.Why())
		}
		if text := v.Tags()["loadtide.gate.finite"]; !strings.HasSuffix(text, c.without) {
			t.Errorf("%v: the check says %q", c.bad, text)
		}
	}
}

// In the gate one series with a large scale does not decide against the others, and the verdict
// names it.
func TestOneSeriesDoesNotDecideTheGate(t *testing.T) {
	t.Parallel()
	report := func(of, lies float64) (r evaluate.Report) {
		r.Losses = losses(100, 0)
		for i := range r.Losses {
			r.Losses[i].Pinball, r.Losses[i].Actual = 0, 0
		}
		for m := range 5 {
			one := evaluate.SeriesReport{Series: fmt.Sprint("site.m", m), Losses: losses(100, of)}
			if m == 4 {
				one = evaluate.SeriesReport{Series: "site.lies", Losses: losses(100, lies)}
				for i := range one.Losses {
					one.Losses[i].Pinball *= 1e6
				}
			}
			for i := range one.Losses {
				r.Losses[i].Pinball += one.Losses[i].Pinball
				r.Losses[i].Actual += one.Losses[i].Actual
			}
			r.PerSeries = append(r.PerSeries, one)
		}
		return r
	}
	for _, c := range []struct {
		name                     string
		ours, lies, theirs, lied float64
		passed                   bool
		words                    string
	}{
		{"all are better", 0.5, 0.5, 0.7, 0.7, true, "champion v7: better by"},
		{"one alone is better", 0.5, 0.3, 0.5, 0.7, false, "without site.lies, which alone would"},
		{"one alone is worse", 0.5, 0.9, 0.7, 0.7, true, "without site.lies, which alone would"},
	} {
		in := good()
		in.champion.ours, in.champion.theirs = report(c.ours, c.lies), report(c.theirs, c.lied)
		if v := verdictOf(in); v.Passed != c.passed || !strings.Contains(v.Why(), c.words) {
			t.Errorf("%s: passed %t: %s", c.name, v.Passed, v.Why())
		}
	}
}

// A meter that wakes up, or sends a thousand times what it used, in the validation range does not
// decide how long the network of the others is fitted, and is named.
func TestOneMeterDoesNotDecideTheIterations(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Iterations = 200
	alone := cycle(t, cfg, nil)
	alone.Source = fleet{8, 50, nil}
	want := fit(t, alone).result
	for name, value := range map[string]func(hour int64, used float64) (float64, bool){
		"wakes": func(hour int64, _ float64) (float64, bool) {
			if hour < 41*24 {
				return 0, true
			}
			return 9e9, true
		},
		"lies": func(hour int64, used float64) (float64, bool) {
			if hour < 41*24 {
				return used, true
			}
			return 1000 * used, true
		},
	} {
		c := cycle(t, cfg, nil)
		c.Source = fleet{8, 50, []badMeter{{name, 0, 50, value}}}
		var words []string
		c.Tell = warnings(&words)
		got := fit(t, c).result
		if got.Best < cfg.Iterations/2 || !(got.Valid < 1.2*want.Valid) {
			t.Errorf("%s: iteration %d with loss %v; without it %d with %v", name, got.Best, got.Valid,
				want.Best, want.Valid)
		}
		text, told := strings.Join(words, "\n"), "measured without windows of site."+name
		if !strings.Contains(text, told) {
			t.Errorf("%s: told %q", name, text)
		}
	}
}

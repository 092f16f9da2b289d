package cycle

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

// comings is a source in memory: series by the seconds between their readings.
type comings []comer

type comer struct {
	name  string
	step  int64
	level float64
}

func (s comings) Load(_ context.Context, b *dataset.Builder) error {
	for _, c := range s {
		id := meter.ID{Site: "s", Meter: c.name}
		for second := int64(epoch); second < epoch+30*day; second += c.step {
			angle := 2 * math.Pi * float64(second%day) / day
			b.Add(id, "kW", second, c.level*(2+math.Sin(angle)+0.1*math.Sin(float64(second))))
		}
	}
	return nil
}

// A training is at the interval that is asked for, or that of the name, or the finest that at least
// half of the series come at. Finer series are joined, coarser ones are left out with a word.
func TestIntervalOfATraining(t *testing.T) {
	t.Parallel()
	source := comings{{"a", 900, 1}, {"b", 1800, 1}, {"c", 1800, 1}, {"d", 3600, 1}, {"e", day, 1}}
	for name, c := range map[string]struct {
		interval time.Duration
		name     string
		want     string
		named    string
		series   int
		left     string
	}{
		"found":         {0, "", "30m", "load-30m", 3, "2 of 5 series come more rarely than every 30 minutes"},
		"asked for":     {15 * time.Minute, "", "15m", "load-15m", 1, "4 of 5 series come more rarely than every 15 minutes"},
		"of the name":   {0, "load-1h", "1h", "load-1h", 4, "1 of 5 series come more rarely than every 60 minutes"},
		"of hours":      {time.Hour, "homes", "1h", "homes", 4, "s.e (every 24h)"},
		"of half-hours": {0, "homes", "30m", "homes", 3, "s.d (every 1h)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told []string
			cfg := tiny()
			cfg.Interval, cfg.Model, cfg.Iterations = c.interval, c.name, 2
			training := cycle(t, cfg, nil)
			training.Source, training.Out, training.Tell = source, t.TempDir()+"/model", warnings(
				&told,
			)
			out := run(t, training)
			m, err := model.Load(training.Out)
			if err != nil {
				t.Fatal(err)
			}
			day := int(24 * time.Hour / m.Spec.Step())
			if m.Spec.Interval != c.want || m.Spec.Name != c.named || m.Spec.Horizon != day ||
				out.Series != c.series {
				t.Errorf(
					"model %s of %s, %d leads, %d series",
					m.Spec.Name,
					m.Spec.Interval,
					m.Spec.Horizon,
					out.Series,
				)
			}
			finer := slices.Contains(m.Spec.LeadFeatures, series.FeatureAnchor)
			if finer != (c.want != "1h") {
				t.Errorf("a model of %s has the finer features: %v", c.want, finer)
			}
			if !slices.ContainsFunc(
				told,
				func(text string) bool { return strings.Contains(text, c.left) },
			) {
				t.Errorf("told %q, want %q", told, c.left)
			}
		})
	}
}

func TestNameOfAnotherIntervalIsRefused(t *testing.T) {
	t.Parallel()
	cfg := tiny()
	cfg.Interval = 15 * time.Minute
	want := "load-1h is the name of a model of 1h, not of 15m: name it load-15m"
	if _, err := cycle(t, cfg, nil).Run(t.Context()); err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("%v", err)
	}
	cfg.Interval = 7 * time.Minute
	if _, err := cycle(t, cfg, nil).Run(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "interval: 7m0s") {
		t.Errorf("%v", err)
	}
}

// A series that no model can be judged by leaves the others to be trained on; without any other the
// training says why it cannot be.
func TestUnfitSeriesAreLeftOut(t *testing.T) {
	t.Parallel()
	const large = meter.MaxValue / 8
	for name, c := range map[string]struct {
		source comings
		warned string
		failed string
	}{
		"large values":       {comings{{"a", 3600, 1}, {"b", 3600, large}}, "1 of 2 series hold values beyond 1e+11 and are left out: s.b", ""},
		"large values alone": {comings{{"b", 3600, large}}, "", "give readings in a larger unit"},
		"daily":              {comings{{"a", 3600, 1}, {"b", day, 1}}, "s.b (every 24h)", ""},
		"daily alone":        {comings{{"b", day, 1}}, "", "give readings that come at least once an hour"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var told []string
			cfg := tiny()
			cfg.Iterations = 2
			training := cycle(t, cfg, nil)
			training.Source, training.Tell = c.source, warnings(&told)
			out, err := training.Run(t.Context())
			if got := fmt.Sprint(err); c.failed != "" && !strings.Contains(got, c.failed) ||
				c.failed == "" && err != nil {
				t.Fatal(got)
			}
			if err == nil && out.Series != 1 ||
				!strings.Contains(strings.Join(told, "\n"), c.warned) {
				t.Errorf("%d series, told %q", out.Series, told)
			}
		})
	}
}

// All times of the day are origins that a model is judged at, about every five hours.
func TestOriginsCoverTheDay(t *testing.T) {
	t.Parallel()
	for _, interval := range []int64{300, 600, 900, 1200, 1800, 3600} {
		l := series.LengthsOf(interval)
		every := judgeEvery(l)
		seen := map[int]bool{}
		for k := range l.Day {
			seen[k*every%l.Day] = true
		}
		if hours := float64(every) * float64(interval) / hour; len(seen) != l.Day || hours < 5 ||
			hours > 6 {
			t.Errorf("interval %d: every %d", interval, every)
		}
	}
}

// apart is a source of which some series stand alone in time.
type apart struct{ lone map[string][]int64 }

func (s apart) Load(ctx context.Context, b *dataset.Builder) error {
	for name, seconds := range s.lone {
		for i, second := range seconds {
			value := 2 + math.Sin(float64(i))
			b.Add(meter.ID{Site: "lone", Meter: name}, "kW", second, value)
		}
	}
	return meters{3, 50, nil}.Load(ctx, b)
}

// steps are n seconds from first on, step apart.
func steps(first, step int64, n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = first + int64(i)*step
	}
	return all
}

// A series that comes once a month, that was read years ago or whose clock is years ahead costs
// itself alone: the others are trained and measured as without it.
func TestSeriesOfAnotherTimeCostsItselfAlone(t *testing.T) {
	t.Parallel()
	train := func(t *testing.T, source Source) (Outcome, []string) {
		var told []string
		training := cycle(t, tiny(), nil)
		training.Source, training.Out = source, t.TempDir()+"/model"
		training.Tell = warnings(&told)
		return run(t, training), told
	}
	alone, _ := train(t, meters{3, 50, nil})
	for name, c := range map[string]struct {
		seconds []int64
		told    string
	}{
		"monthly":     {steps(epoch-700*day, 30*day, 24), "lone.x (every 30 days)"},
		"daily":       {steps(epoch-700*day, day, 750), "lone.x (every 24h)"},
		"one reading": {steps(epoch-700*day, hour, 1), "lone.x (1)"},
		"years ago":   {steps(epoch-700*day, hour, 600), "end before the time that is measured"},
		"years ahead": {steps(epoch+700*day, hour, 600), "begin after the time that is measured"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, told := train(t, apart{map[string][]int64{"x": c.seconds}})
			if out.Report.Forecasts != alone.Report.Forecasts {
				t.Errorf("%d forecasts are measured, %d without it", out.Report.Forecasts,
					alone.Report.Forecasts)
			}
			if !strings.Contains(strings.Join(told, "; "), c.told) {
				t.Errorf("told %q, want %q", told, c.told)
			}
		})
	}
}

// An iteration costs about the same at every interval and horizon. The first leads weigh more where
// there are more than those of a day of hours.
func TestPositionsAndWeightsOfAHorizon(t *testing.T) {
	t.Parallel()
	quarters := series.LengthsOf(900)
	for _, c := range []struct {
		len           series.Lengths
		leads         int
		positions     int
		weight, hours float64
	}{
		{series.Hourly, 6, 24, 0, 0}, {series.Hourly, 24, 24, 0, 0},
		{series.Hourly, 25, 23, 4, 12}, {series.Hourly, 48, 12, 4, 12}, {series.Hourly, 168, 3, 4, 12},
		{quarters, 48, 6, 4, 3}, {quarters, 96, 6, 4, 3}, {quarters, 672, 1, 4, 3},
		{series.LengthsOf(300), 2016, 1, 4, 3},
	} {
		a := attempt{Cycle: &Cycle{Config: DefaultConfig()}, len: c.len, leads: c.leads}
		weight, hours := a.near()
		if n := a.Config.positions(a.len, a.leads); n != c.positions || weight != c.weight ||
			hours != c.hours {
			t.Errorf("%d leads of %d s: %d positions, weights %v over %v h, want %d, %v, %v", c.leads,
				c.len.Interval, n, weight, hours, c.positions, c.weight, c.hours)
		}
	}
}

// The measure of an iteration has the leads and the loss positions of a day, however far the network
// forecasts.
func TestIterationsAreMeasuredByADay(t *testing.T) {
	t.Parallel()
	b := dataset.NewBuilder()
	if err := (meters{2, 60, nil}).Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	cut := dataset.Cut{First: epoch, TrainUntil: epoch + 30*day, ValidUntil: epoch + 60*day}
	for _, leads := range []int{12, 24, 48} {
		f := fitting{
			attempt: &attempt{Cycle: &Cycle{Config: DefaultConfig()}, len: series.Hourly, leads: leads,
				cut: cut},
			way: way{layout: series.DefaultLayout(false), settle: DefaultConfig().BurnIn},
		}
		histories := b.Build()
		for stage, window := range map[uint64][2]int64{
			stageFit: {cut.First, cut.TrainUntil}, stageValid: {cut.TrainUntil, cut.ValidUntil},
		} {
			windows, err := f.sampler(histories, window[0], window[1], stage)
			if err != nil {
				t.Fatal(err)
			}
			batch := windows.Batches(1)[0]
			last := batch.Weight[leads-1] > 0
			if stage == stageFit && (batch.S != min(24, 24*24/leads) || !last) ||
				stage == stageValid && (batch.S != 24 || last != (leads <= 24)) {
				t.Errorf("%d leads, stage %d: %d positions, the last lead weighs %v", leads, stage,
					batch.S, batch.Weight[leads-1])
			}
		}
	}
}

// Beyond a day the last fit is as long as the last look that is as good as the best within measuring.
func TestIterationsOfTheLastFit(t *testing.T) {
	t.Parallel()
	looks := []train.Point{
		{Iteration: 25, Valid: 0.2}, {Iteration: 100, Valid: 0.1}, {Iteration: 150, Valid: 0.1005},
		{Iteration: 200, Valid: 0.11}, {Iteration: 250, Valid: 0.1008}, {Iteration: 300, Valid: 0.102},
	}
	for _, c := range []struct {
		leads, best, want int
	}{{24, 100, 100}, {48, 100, 250}, {24, 25, leastRefit}} {
		f := fitting{attempt: &attempt{len: series.Hourly, leads: c.leads}}
		if got := f.refit(train.Result{Best: c.best, Valid: 0.1, Losses: looks}); got != c.want {
			t.Errorf("%d leads, best %d: %d iterations, want %d", c.leads, c.best, got, c.want)
		}
	}
}

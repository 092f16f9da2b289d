package evaluate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
)

const (
	hour    = meter.HourSeconds
	epoch   = 480_000 * hour
	horizon = 24
)

var fiveLevels = []float64{0.1, 0.25, 0.5, 0.75, 0.9}

func randomModel(seed uint64) *model.Model { return randomModelOf(hour, seed) }

// randomModelOf is a small network of an interval in seconds, with a day of leads.
func randomModelOf(interval int64, seed uint64) *model.Model {
	layout, step := series.DefaultLayout(false), time.Duration(interval)*time.Second
	spec := model.Spec{
		Schema: model.SpecSchema, Name: "load-" + meter.IntervalName(step), Interval: meter.IntervalName(step), Hidden: 4, Width: 6,
		Horizon: int(meter.DaySeconds / interval), Levels: fiveLevels, Scale: model.ScalePlain,
		Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(),
		CurrentFeatures: layout.CurrentNames(),
	}
	shape := spec.Shape()
	random := rand.New(rand.NewPCG(seed, 1))
	weights := func(n int) []float32 {
		w := make([]float32, n)
		for i := range w {
			w[i] = float32(0.2 * random.NormFloat64())
		}
		return w
	}
	return &model.Model{Spec: spec, LSTM: nn.NewLSTM(shape, weights(shape.LSTMParams())),
		Head: nn.NewHead(shape, weights(shape.HeadParams()))}
}

// metered is one series of a test: its readings by hour, NaN where none came.
type metered struct {
	name   string
	phase  int64
	values []float64
}

// meters are a steady series, one with gaps and a grid of its own, and a young one.
func meters(hours int) []metered {
	random := rand.New(rand.NewPCG(8, 9))
	load := func(level float64) []float64 {
		v := make([]float64, hours)
		for i := range v {
			v[i] = float64(float32(level * (2 + math.Sin(2*math.Pi*float64(i)/24) +
				0.4*random.NormFloat64())))
		}
		return v
	}
	all := []metered{{"steady", 0, load(1)}, {"gappy", 900, load(30)}, {"young", 0, load(5)}}
	for i := range all[1].values {
		if i > 0 && i%37 < 3 || i >= 400 && i < 430 {
			all[1].values[i] = math.NaN()
		}
	}
	for i := range hours / 2 {
		all[2].values[i] = math.NaN()
	}
	return all
}

func (m metered) id() meter.ID { return meter.ID{Site: "s", Meter: m.name} }

func (m metered) second(i int) int64 { return epoch + int64(i)*hour + m.phase }

func histories(all []metered) []*dataset.History {
	b := dataset.NewBuilder()
	for _, m := range all {
		for i, v := range m.values {
			if !math.IsNaN(v) {
				b.Add(m.id(), "kWh", m.second(i), v)
			}
		}
	}
	return b.Build()
}

// sums adds up measures in the plainest way.
type sums struct {
	n                         int
	err, actual, inside, wide float64
	pinball                   [5]float64
}

func (s *sums) add(y float64, q []float64) {
	s.n++
	s.err += math.Abs(y - q[2])
	s.actual += math.Abs(y)
	for i, level := range fiveLevels {
		if y >= q[i] {
			s.pinball[i] += level * (y - q[i])
		} else {
			s.pinball[i] += (1 - level) * (q[i] - y)
		}
	}
	if q[0] <= y && y <= q[4] {
		s.inside++
	}
	s.wide += q[4] - q[0] + 10*math.Max(0, q[0]-y) + 10*math.Max(0, y-q[4])
}

func (s *sums) join(o sums) {
	s.n, s.err, s.actual, s.inside, s.wide = s.n+o.n, s.err+o.err, s.actual+o.actual,
		s.inside+o.inside, s.wide+o.wide
	for i := range s.pinball {
		s.pinball[i] += o.pinball[i]
	}
}

func (s *sums) measures() map[string]float64 {
	nd := func(i int) float64 { return 2 * s.pinball[i] / s.actual }
	return map[string]float64{
		"mae": s.err / float64(s.n), "wape": s.err / s.actual,
		"pinball": (nd(0) + nd(1) + nd(2) + nd(3) + nd(4)) / 5,
		"nd_p10":  nd(0), "nd_p50": nd(2), "nd_p90": nd(4), "coverage80": s.inside / float64(s.n),
		"interval_score80": s.wide / s.actual,
	}
}

func check(
	t *testing.T, what string, n int, got map[string]float64, want *sums, also map[string]float64,
) {
	t.Helper()
	if n != want.n {
		t.Errorf("%s: %d actuals, want %d", what, n, want.n)
	}
	all := want.measures()
	for name, v := range also {
		all[name] = v
	}
	for name, v := range all {
		if g, ok := got[name]; !ok || math.Abs(g-v) > 1e-5*math.Abs(v)+1e-9 {
			t.Errorf("%s: %s is %v, want %v", what, name, g, v)
		}
	}
}

// typeSeven is the quantile of sorted values by interpolation.
func typeSeven(sorted []float64, level float64) float64 {
	at := level * float64(len(sorted)-1)
	i := int(at)
	if i == len(sorted)-1 {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// measured is a model and the rules on the same origins.
type measured struct {
	Report    Report
	Baselines Baselines
}

func measure(t *testing.T, m *model.Model, all []*dataset.History, cfg Config) (got measured) {
	t.Helper()
	var err error
	if got.Report, err = Backtest(t.Context(), m, all, cfg); err != nil {
		t.Fatal(err)
	}
	if got.Baselines, err = ScoreRules(t.Context(), got.Report, all, cfg); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestEveryRunGivesTheSame(t *testing.T) {
	t.Parallel()
	all, m := histories(meters(hours)), randomModel(3)
	one, two := measure(t, m, all, config()), measure(t, m, all, config())
	if diff := cmp.Diff(one, two, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

// What lies after the range changes nothing in it, and what lies after an origin
// nothing in its forecast: scores of the same forecasts differ by their actuals
// alone.
func TestNothingLaterIsSeen(t *testing.T) {
	t.Parallel()
	later := meters(hours)
	for _, m := range later {
		for i := until; i < hours; i++ {
			m.values[i] = 1e6 * float64(i)
		}
	}
	before := measure(t, randomModel(4), histories(meters(hours)), config())
	after := measure(t, randomModel(4), histories(later), config())
	if diff := cmp.Diff(before, after, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}

	// One origin, and its actuals moved far up: all errors of the median are the
	// move less what they were, whatever the model had seen of them would show.
	single := Config{From: epoch + from*hour, Until: epoch + (from+horizon)*hour, Every: 1000}
	steady := meters(hours)[:1]
	want, err := Backtest(t.Context(), randomModel(4), histories(steady), single)
	if err != nil || want.Forecasts != 1 {
		t.Fatalf("%d forecasts, %v", want.Forecasts, err)
	}
	const move = 1 << 20
	for i := from; i < hours; i++ {
		steady[0].values[i] += move
	}
	got, err := Backtest(t.Context(), randomModel(4), histories(steady), single)
	if err != nil {
		t.Fatal(err)
	}
	for k := range horizon {
		// |y+move-q| - |y-q| is the move give or take twice the error.
		if d := got.ByLead[k].MAE - move; math.Abs(d) > want.ByLead[k].MAE+1 {
			t.Errorf("lead %d: the error moved by %v more than its actual", k+1, d)
		}
	}
}

// A series that fell silent for longer than a ring is two histories; the second
// one begins as a young series does.
func TestSeriesInTwoParts(t *testing.T) {
	t.Parallel()
	all := meters(1200)[:1]
	for i := 300; i < 300+series.Hourly.Ring; i++ {
		all[0].values[i] = math.NaN()
	}
	parts := histories(all)
	if len(parts) != 2 {
		t.Fatalf("%d histories", len(parts))
	}
	report, err := Backtest(t.Context(), randomModel(5), parts,
		Config{From: epoch + 200*hour, Until: epoch + 1200*hour, Every: 10})
	if err != nil {
		t.Fatal(err)
	}
	// Every tenth hour from 199 to 275, and from 684 on a hundredth first origin
	// counts through the hole.
	want := 0
	for i := 199; i+horizon < 1200; i += 10 {
		if i+horizon < 300 || i >= 300+series.Hourly.Ring {
			want++
		}
	}
	if report.Series != 1 || report.Forecasts != want {
		t.Errorf("%d forecasts of %d series, want %d of 1", report.Forecasts, report.Series, want)
	}
}

func TestBacktestRefuses(t *testing.T) {
	t.Parallel()
	all := histories(meters(hours))
	foreign := randomModel(6)
	foreign.Spec.Inputs = append([]string{"z", "temperature"}, foreign.Spec.Inputs[2:]...)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	for name, c := range map[string]struct {
		ctx  context.Context
		m    *model.Model
		cfg  Config
		want error
		says string
	}{
		"after the data": {t.Context(), randomModel(6),
			Config{From: epoch + 800*hour, Until: epoch + 900*hour, Every: 1}, ErrNoOrigins, ""},
		"less than a horizon": {t.Context(), randomModel(6),
			Config{From: epoch + 500*hour, Until: epoch + 523*hour, Every: 1}, ErrNoOrigins, ""},
		"empty range": {t.Context(), randomModel(6),
			Config{From: epoch + 500*hour, Until: epoch + 500*hour, Every: 1}, ErrNoOrigins, ""},
		"features of another": {t.Context(), foreign, config(), nil, "temperature"},
		"stopped":             {stopped, randomModel(6), config(), context.Canceled, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Backtest(c.ctx, c.m, all, c.cfg)
			if err == nil || c.want != nil && !errors.Is(err, c.want) ||
				!strings.Contains(err.Error(), c.says) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := Backtest(t.Context(), randomModel(6), nil, config()); !errors.Is(err,
		ErrNoOrigins) {
		t.Errorf("no histories: %v", err)
	}
}

func TestSkillOfNothing(t *testing.T) {
	t.Parallel()
	if got := Skill(accuracy.Measures{}, accuracy.Measures{}); got != 0 {
		t.Errorf("%v", got)
	}
}

// What cannot be true is scored by default, and left out when that is asked for;
// the model does not hear it in either case.
func TestExcludeFlagged(t *testing.T) {
	t.Parallel()
	m := meters(1200)[0]
	const wrong = 1000 // a value a thousand times too high, on the last days
	m.values[wrong] *= 1000
	all := histories([]metered{m})
	cfg := Config{From: m.second(900), Until: m.second(1200), Every: 1}
	flagged := measure(t, randomModel(7), all, cfg)
	cfg.ExcludeFlagged = true
	plain := measure(t, randomModel(7), all, cfg)
	with, without := flagged.Report, plain.Report
	horizon := len(with.ByLead)
	if with.Forecasts != without.Forecasts || with.Overall.N-without.Overall.N != horizon ||
		with.Overall.MAE < 2*without.Overall.MAE {
		t.Errorf("%d forecasts, %d scores, MAE %v; without %d, %d, %v", with.Forecasts,
			with.Overall.N, with.Overall.MAE, without.Forecasts, without.Overall.N,
			without.Overall.MAE)
	}
	if all, few := flagged.Baselines.SeasonalNaive().N, plain.Baselines.SeasonalNaive().
		N; all-few != horizon {
		t.Errorf("the rules are scored on %d and %d", all, few)
	}
}

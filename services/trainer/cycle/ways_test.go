package cycle

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

// baseOf is a base model that was trained for some iterations on series like those of meters, of a
// week of leads.
func baseOf(t *testing.T, iterations int) func(time.Duration) (model.Artifact, bool, error) {
	t.Helper()
	b := dataset.NewBuilder()
	if err := (meters{4, 60, nil}).Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	layout := series.DefaultLayout(false).WithAge()
	spec := model.Spec{
		Schema: model.SpecSchema, Name: "load-1h", Interval: "1h", Hidden: 12, Width: Width, Horizon: 168,
		Levels: model.DefaultLevels(), Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(),
		CurrentFeatures: layout.CurrentNames(), Scale: model.ScalePlain,
		TrainedFrom: time.Unix(epoch, 0).UTC(), TrainedUntil: time.Unix(epoch+60*day, 0).UTC(),
	}
	windows, err := dataset.NewSampler(dataset.WindowConfig{
		Layout: layout, Horizon: spec.Horizon, Steps: 72, BurnIn: 24, Positions: 4, Batch: 8,
	}, b.Build(), epoch, epoch+50*day, 1)
	if err != nil {
		t.Fatal(err)
	}
	cfg := train.DefaultConfig()
	cfg.Shape, cfg.Levels, cfg.Iterations, cfg.Seed = spec.Shape(), spec.Levels, iterations, 1
	r, err := train.Fit(t.Context(), cfg, windows, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(interval time.Duration) (model.Artifact, bool, error) {
		return model.Artifact{Spec: spec, LSTM: r.LSTM, Head: r.Head}, interval == time.Hour, nil
	}
}

// turned are meters whose hours were out of place until lately: nothing is to be learnt from that.
type turned struct{ meters }

func (s turned) Load(_ context.Context, b *dataset.Builder) error {
	own := dataset.NewBuilder()
	if err := s.meters.Load(context.Background(), own); err != nil {
		return err
	}
	for _, h := range own.Build() {
		for n := h.Raw.First(); n <= h.Raw.Newest; n++ {
			from := n
			if h.Start(n) < epoch+s.days*day*6/10 {
				from = min(n+12+n%5, h.Raw.Newest)
			}
			v, _ := h.Raw.At(from)
			b.Add(h.ID, h.Unit, h.Start(n), float64(v))
		}
	}
	return nil
}

// The validation range chooses between the base model as it is, the base model trained further, and a
// new network. The version says which it was, has the leads that were asked for, and forecasts them.
func TestWaysAreChosenByValidation(t *testing.T) {
	t.Parallel()
	good, poor := baseOf(t, 300), baseOf(t, 1)
	cfg := tiny()
	cfg.Choose = true
	for name, c := range map[string]struct {
		base       func(time.Duration) (model.Artifact, bool, error)
		start      string
		iterations int
		want       string
	}{
		"a good base model, spoilt by training": {good, StartBase, 60, StartUnchanged},
		"a poor base model":                     {poor, StartAuto, 60, StartScratch},
		"a poor base model alone":               {poor, StartBase, 60, wordsFurther},
		"without a base model":                  {nil, StartAuto, 2, StartScratch},
		"scratch beside a good base model":      {good, StartScratch, 2, StartScratch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := local(t)
			c2 := cfg
			c2.Start, c2.Iterations = c.start, c.iterations
			one := cycle(t, c2, reg)
			one.Base = c.base
			if c.want == StartUnchanged {
				one.Source = turned{meters{3, 50, nil}}
			}
			out := run(t, one)
			if out.Start != c.want || !out.Champion && c.want == StartUnchanged {
				t.Errorf("start %q, champion %v: %s", out.Start, out.Champion, out.Why)
			}
			v := newest(t, reg)
			if v.Tags[StartTag] != out.Start {
				t.Errorf("tag %q", v.Tags[StartTag])
			}
			dir, err := reg.Fetch(t.Context(), v)
			if err != nil {
				t.Fatal(err)
			}
			m, err := model.Load(dir)
			if err != nil || m.Spec.Horizon != 24 || len(out.Report.ByLead) != 24 {
				t.Fatalf("%d leads: %v", m.Spec.Horizon, err)
			}
			if strings.HasPrefix(out.Start, StartBase) && m.Spec.Hidden != 12 {
				t.Errorf("%d units", m.Spec.Hidden)
			}
		})
	}
}

func newest(t *testing.T, reg registry.Registry) registry.Version {
	t.Helper()
	all, err := reg.Versions(t.Context(), "load-1h")
	if err != nil || len(all) == 0 {
		t.Fatalf("%d versions, %v", len(all), err)
	}
	return all[len(all)-1]
}

// While there is no champion, a new model has to beat the base model, which serves. A name that no
// forecaster serves has no base model before it.
func TestFirstModelIsHeldAgainstTheBaseModel(t *testing.T) {
	t.Parallel()
	good := baseOf(t, 300)
	cfg := tiny()
	cfg.Start, cfg.Iterations = StartScratch, 1
	worse := cycle(t, cfg, local(t))
	worse.Base = good
	out := run(t, worse)
	if out.Champion || out.Version != "1" || out.Verdict.Champion != model.BaseVersion ||
		!strings.Contains(out.Why, "base model: ") {
		t.Errorf("a poor first model: champion %v, %+v", out.Champion, out.Verdict)
	}
	cfg.Model = "mine"
	named := cycle(t, cfg, local(t))
	named.Base = good
	if out := run(t, named); !out.Champion {
		t.Errorf("a model of another name: %s", out.Why)
	}
	cfg.Model, cfg.Iterations, cfg.Start = "load-1h", 150, StartBase
	better := cycle(t, cfg, local(t))
	better.Base = baseOf(t, 1)
	if out := run(t, better); !out.Champion || out.Start != wordsFurther ||
		out.Verdict.Champion != model.BaseVersion {
		t.Errorf("a better first model: champion %v from %s, %s", out.Champion, out.Start, out.Why)
	}
}

// What the base model cannot be trained for is said, and auto goes on without it.
func TestBaseModelThatDoesNotFit(t *testing.T) {
	t.Parallel()
	base := baseOf(t, 1)
	cfg := tiny()
	cfg.Iterations = 1
	cfg.Levels, cfg.Start = []float64{0.1, 0.5, 0.9}, StartBase
	one := cycle(t, cfg, local(t))
	one.Base = base
	const why = "no training starts from the base model: it has the levels [0.1 0.25 0.5 0.75 0.9]"
	if _, err := one.Run(t.Context()); err == nil || !strings.Contains(err.Error(), why) {
		t.Errorf("error %v, want %q", err, why)
	}
	cfg.Start = StartAuto
	one = cycle(t, cfg, local(t))
	one.Base = base
	if out := run(t, one); out.Start != StartScratch || math.IsNaN(out.Report.Overall.Pinball) {
		t.Errorf("start %q", out.Start)
	}
}

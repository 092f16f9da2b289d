package trainer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/train"
)

const (
	horizon = 24 // leads, a day
	width   = 64 // units of the head's hidden layers
	// validBatches is how many batches of windows judge an iteration.
	validBatches = 4
	// judgeEvery is the distance of the origins that a new model is judged at;
	// it has no divisor in common with a day, so all hours are met.
	judgeEvery = 5
)

func levels() []float64 { return []float64{0.1, 0.25, 0.5, 0.75, 0.9} }

// Cycle is one training: everything it needs, and whom it tells.
type Cycle struct {
	Config   Config
	Source   Source
	Cut      func(first, last int64) (dataset.Cut, error)
	Registry registry.Registry // nil when the model is not registered
	Out      string            // where the model folder is left, "" for none
	Scratch  string            // where it is written before it is registered
	Progress func(train.Progress)
	Loaded   func(seriesCount int, hours int64, cut dataset.Cut)
	Judging  func() // the weights are found, the model is measured next
}

// Outcome is what a cycle came to.
type Outcome struct {
	Name     string
	Version  string // "" when it was not registered
	Digest   string
	Champion bool   // it serves from now on
	Why      string // the gate's verdict in words
	Report   evaluate.Report
	Best     int    // the iteration the weights are from
	Scale    string // that was chosen
	Series   int
}

// Run is the training path.
func (c *Cycle) Run(ctx context.Context) (Outcome, error) {
	if err := c.Config.Validate(); err != nil {
		return Outcome{}, err
	}
	histories, cut, err := c.load(ctx)
	if err != nil {
		return Outcome{}, err
	}
	f, err := c.fit(ctx, histories, cut)
	if err != nil {
		return Outcome{}, err
	}
	if c.Judging != nil {
		c.Judging()
	}
	out := Outcome{Name: f.spec.Name, Best: f.result.Best, Scale: f.spec.Scale, Series: len(histories)}
	if out.Report, err = c.judge(ctx, draft(f.spec, f.judged), histories, cut); err != nil {
		return Outcome{}, err
	}
	dir, m, err := c.write(f.spec, f.result, out.Report)
	if err != nil {
		return Outcome{}, err
	}
	out.Digest = m.Digest
	if c.Registry == nil {
		out.Why = "not registered"
		return out, nil
	}
	if c.Out == "" {
		defer os.RemoveAll(dir)
	}
	err = c.register(ctx, dir, histories, cut, &out)
	return out, err
}

// load reads history and cuts time.
func (c *Cycle) load(ctx context.Context) ([]*dataset.History, dataset.Cut, error) {
	b := dataset.NewBuilder()
	if err := c.Source.Load(ctx, b); err != nil {
		return nil, dataset.Cut{}, err
	}
	count, first, last := b.Span()
	if count == 0 {
		return nil, dataset.Cut{}, errors.New("there are no readings to train on: publish some, or name files that hold some")
	}
	cut, err := c.Cut(first, last)
	if err != nil {
		return nil, cut, err
	}
	histories := sample(b.Build(), c.Config.MaxSeries)
	if c.Loaded != nil {
		c.Loaded(count, (last-first)/dataset.Interval+1, cut)
	}
	return histories, cut, nil
}

// sample takes at most n histories, evenly over their scales.
func sample(all []*dataset.History, n int) []*dataset.History {
	if len(all) <= n {
		return all
	}
	slices.SortStableFunc(all, func(a, b *dataset.History) int { return cmp.Compare(a.MeanAbs(), b.MeanAbs()) })
	taken := make([]*dataset.History, n)
	for i := range taken {
		taken[i] = all[i*len(all)/n]
	}
	return taken
}

// write leaves the model folder and reads it back through every check.
func (c *Cycle) write(spec model.Spec, result train.Result, report evaluate.Report) (string, *model.Model, error) {
	dir := c.Out
	if dir == "" {
		dir = filepath.Join(c.Scratch, fmt.Sprintf("train-%d", os.Getpid()))
		if err := os.RemoveAll(dir); err != nil {
			return "", nil, fmt.Errorf("make room for the model folder: %w", err)
		}
	}
	a := model.Artifact{Spec: spec, LSTM: result.LSTM, Head: result.Head, Metrics: metrics(report)}
	if _, err := model.Write(dir, a); err != nil {
		return "", nil, err
	}
	m, err := model.Load(dir)
	if err != nil {
		return "", nil, err
	}
	return dir, m, m.SelfTest()
}

func metrics(r evaluate.Report) map[string]float64 {
	all := map[string]float64{"skill_day": r.Skill(), "seasonal_naive_pinball": r.SeasonalNaive().Pinball}
	for name, v := range r.Overall.Map() {
		all[name] = v
	}
	for _, lead := range []int{1, 6, 12, 24} {
		if lead <= len(r.ByLead) {
			all[fmt.Sprintf("wql_lead_%02d", lead)] = r.ByLead[lead-1].Pinball
		}
	}
	return all
}

// judge scores a model on the test range, or where the cut left none, on the
// validation range.
func (c *Cycle) judge(ctx context.Context, m *model.Model, histories []*dataset.History, cut dataset.Cut) (evaluate.Report, error) {
	from, until := cut.TestFrom, cut.TestUntil
	if until <= from {
		from, until = cut.TrainUntil, cut.ValidUntil
	}
	return evaluate.Backtest(ctx, m, histories, evaluate.Config{From: from, Until: until, Every: judgeEvery, Workers: c.Config.Workers})
}

// register adds the version and moves the alias when the gate lets it through:
// the first model always, a later one when it is better than the champion on
// the same later time. Every version is kept.
func (c *Cycle) register(ctx context.Context, dir string, histories []*dataset.History, cut dataset.Cut, out *Outcome) error {
	champion, err := c.Registry.ByAlias(ctx, c.Config.Model, registry.Champion)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		out.Champion, out.Why = true, "the first model"
	case err != nil:
		return err
	default:
		if err := c.gate(ctx, champion, histories, cut, out); err != nil {
			return err
		}
	}
	v, err := c.Registry.Register(ctx, c.Config.Model, dir)
	if err != nil {
		return err
	}
	out.Version = v.Version
	if !out.Champion {
		return nil
	}
	return c.Registry.SetAlias(ctx, c.Config.Model, registry.Champion, v.Version)
}

// gate compares with the champion on the same origins.
func (c *Cycle) gate(ctx context.Context, champion registry.Version, histories []*dataset.History, cut dataset.Cut, out *Outcome) error {
	dir, err := c.Registry.Fetch(ctx, champion)
	if err != nil {
		return err
	}
	m, err := model.Load(dir)
	if err != nil {
		out.Champion, out.Why = true, fmt.Sprintf("the champion v%s cannot be read: %v", champion.Version, err)
		return nil
	}
	report, err := c.judge(ctx, m, histories, cut)
	if err != nil {
		return err
	}
	ours, theirs := out.Report.Overall.Pinball, report.Overall.Pinball
	out.Champion = ours < theirs
	out.Why = fmt.Sprintf("wQL %.3g, champion v%s %.3g on the same time", ours, champion.Version, theirs)
	return nil
}

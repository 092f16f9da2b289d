package cycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
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
	ID       string // in the book, "" when it stands in none; an attempt before this one had the same
	Config   Config
	Source   Source
	Ahead    *dataset.Covariates // known ahead, which the model will need; nil for none
	Cut      func(first, last int64) (dataset.Cut, error)
	Registry registry.Registry // nil when the model is not registered
	Out      string            // where the model folder is left, "" for none
	Scratch  string            // where it is written before it is registered
	Recorder *Recorder         // where the run is kept, nil for nowhere
	Progress func(train.Progress)
	Loaded   func(seriesCount int, hours int64, cut dataset.Cut)
	Judging  func()            // the weights are found, the model is measured next
	Warn     func(text string) // of what a person should know of the data; may be nil
	// Patience is how long a registry that is away is waited for; 0 does not wait.
	// Waiting is told of each time, with what was wrong.
	Patience time.Duration
	Waiting  func(error)
	// Holds says whether this cycle may still write to the registry: an error means
	// that another one has taken its place. Nil always may.
	Holds func(context.Context) error

	run *recording // nil without a recorder
}

// Outcome is what a cycle came to.
type Outcome struct {
	Name      string
	Version   string // "" when it was not registered
	Digest    string
	Champion  bool   // it serves from now on
	Why       string // the gate's verdict in words
	Verdict   Verdict
	Start     string // what the fit started from: scratch, or the champion's version
	Report    evaluate.Report
	Baselines evaluate.Baselines // on the origins of the report
	Best      int                // the iteration the weights are from
	Scale     string             // that was chosen
	Series    int
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
	if c.run, err = c.Recorder.start(ctx, c, histories, cut); err != nil {
		return Outcome{}, err
	}
	out, err := c.produce(ctx, histories, cut)
	c.run.end(ctx, err)
	return out, err
}

// produce is the path from history to a version.
func (c *Cycle) produce(ctx context.Context, histories []*dataset.History, cut dataset.Cut) (Outcome, error) {
	f, err := c.fit(ctx, histories, cut)
	if err != nil {
		return Outcome{}, err
	}
	if c.Judging != nil {
		c.Judging()
	}
	out := Outcome{Name: f.spec.Name, Best: f.result.Best, Scale: f.spec.Scale, Series: len(histories), Start: f.start}
	found, err := c.evidence(ctx, f, histories, cut, &out)
	if err != nil {
		return Outcome{}, err
	}
	if c.Registry == nil {
		err = c.keep(f, verdictOf(found), &out)
		return out, err
	}
	if found.rival, err = c.rival(ctx, f, out.Report, histories, cut); err != nil {
		return Outcome{}, err
	}
	err = c.register(ctx, f, verdictOf(found), histories, cut, &out)
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
	if cut.TestFrom >= last+meter.IntervalSeconds && cut.TestUntil > cut.TestFrom || cut.ValidUntil > last+meter.IntervalSeconds || cut.ValidUntil <= first {
		return nil, cut, fmt.Errorf("%s: that lies outside of the data, which reach from %s to %s", cut, date(first), date(last))
	}
	histories := sample(b.Build(), c.Config.MaxSeries)
	if c.Loaded != nil {
		c.Loaded(count, (last-first)/meter.IntervalSeconds+1, cut)
	}
	c.warn(b, histories, first, last, cut)
	return histories, cut, nil
}

func date(second int64) string { return time.Unix(second, 0).UTC().Format(time.DateOnly) }

// warn tells what a person should know of the data.
func (c *Cycle) warn(b *dataset.Builder, histories []*dataset.History, first, last int64, cut dataset.Cut) {
	if c.Warn == nil {
		return
	}
	if text := b.RepeatsRemark(); text != "" {
		c.Warn(text)
	}
	from, _ := judged(cut)
	for _, text := range dataset.Remarks(histories, from) {
		c.Warn(text)
	}
	if gaps := c.Ahead.Gaps(histories, c.Ahead.Names(), first, last+meter.IntervalSeconds); gaps != "" {
		c.Warn("covariates: " + gaps)
	}
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
func (c *Cycle) write(dir string, f fitted, out *Outcome, v Verdict, tags map[string]string) (*model.Model, error) {
	a := model.Artifact{Spec: f.spec, LSTM: f.result.LSTM, Head: f.result.Head, Metrics: scores(out.Report, out.Baselines), Tags: tags, Card: card(f.spec, out, v)}
	maps.Copy(a.Metrics, v.Metrics())
	if _, err := model.Write(dir, a); err != nil {
		return nil, err
	}
	m, err := model.Load(dir)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(outputs(m, f.sample), outputs(draft(f.spec, f.result), f.sample)) {
		return nil, fmt.Errorf("the file in %s does not compute what was trained: the disk or the memory is faulty, train again", dir)
	}
	return m, m.SelfTest()
}

// LeadMetrics are the measures that a model folder keeps for every lead.
var LeadMetrics = [...]string{"wql", "wape", "coverage80"}

// LeadMetric is the name of one of LeadMetrics at a lead.
func LeadMetric(name string, lead int) string { return fmt.Sprintf("%s_lead_%02d", name, lead) }

func scores(r evaluate.Report, b evaluate.Baselines) map[string]float64 {
	naive := b.SeasonalNaive()
	all := map[string]float64{"skill_day": evaluate.Skill(r.Overall, naive), "seasonal_naive_pinball": naive.Pinball}
	for name, v := range r.Overall.Map() {
		all[name] = v
	}
	for i, m := range r.ByLead {
		for k, v := range [len(LeadMetrics)]float64{m.Pinball, m.WAPE, m.Coverage80} {
			all[LeadMetric(LeadMetrics[k], i+1)] = v
		}
	}
	return all
}

// judged is the range a model is judged on: the test, or where the cut left none,
// the validation range.
func judged(cut dataset.Cut) (from, until int64) {
	if cut.TestUntil <= cut.TestFrom {
		return cut.TrainUntil, cut.ValidUntil
	}
	return cut.TestFrom, cut.TestUntil
}

// judge scores a model on the range it is judged on; see is given every forecast,
// one at a time.
func (c *Cycle) judge(ctx context.Context, m *model.Model, histories []*dataset.History, cut dataset.Cut, leads int, see func(engine.Forecast)) (evaluate.Report, error) {
	cfg := c.judgement(cut)
	cfg.Horizon, cfg.Each = leads, see
	return evaluate.Backtest(ctx, m, histories, cfg)
}

// judgement says which origins a model is judged at.
func (c *Cycle) judgement(cut dataset.Cut) evaluate.Config {
	from, until := judged(cut)
	return evaluate.Config{From: from, Until: until, Every: judgeEvery, Workers: c.Config.Workers, Ahead: c.Ahead, ExcludeFlagged: true}
}

package cycle

import (
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/train"
)

// Event is what a Told tells of.
type Event string

// The events of a cycle, in their order; progress comes many times.
const (
	Loaded   Event = "loaded"
	Progress Event = "progress"
	Judging  Event = "judging"
	Done     Event = "done"
)

// Told is one thing that is told of a cycle under way; a training child writes it
// as a line of JSON.
type Told struct {
	Event      Event       `json:"event"`
	Series     int         `json:"series,omitempty"`
	Hours      int64       `json:"hours,omitempty"`
	Iteration  int         `json:"iteration,omitempty"`
	Iterations int         `json:"iterations,omitempty"`
	Loss       float64     `json:"loss,omitempty"`
	Valid      float64     `json:"valid,omitempty"`
	Model      string      `json:"model,omitempty"`
	Version    string      `json:"version,omitempty"`
	Digest     string      `json:"digest,omitempty"`
	Champion   bool        `json:"champion,omitempty"`
	Why        string      `json:"why,omitempty"`
	Refusals   []CheckName `json:"refusals,omitempty"`
	WQL        float64     `json:"wql,omitempty"`
	NaiveWQL   float64     `json:"seasonal_naive_wql,omitempty"`
	Coverage80 float64     `json:"coverage80,omitempty"`
	Skill      float64     `json:"skill_day,omitempty"`
}

// Told is the outcome as it is told.
func (o Outcome) Told() Told {
	number := func(v float64) float64 { // JSON has none for a score of nothing
		if !meter.Finite(v) {
			return 0
		}
		return v
	}
	naive := o.Baselines.SeasonalNaive()
	return Told{
		Event: Done, Series: o.Series, Model: o.Name, Version: o.Version, Digest: o.Digest, Champion: o.Champion, Why: o.Why, Refusals: o.Verdict.Refusals(), Iteration: o.Best,
		WQL: number(o.Report.Overall.Pinball), NaiveWQL: number(naive.Pinball), Coverage80: number(o.Report.Overall.Coverage80), Skill: number(evaluate.Skill(o.Report.Overall, naive)),
	}
}

// Tell lets a cycle tell of its way; its end is told by Outcome.Told.
func (c *Cycle) Tell(tell func(Told)) {
	c.Loaded = func(n int, hours int64, _ dataset.Cut) { tell(Told{Event: Loaded, Series: n, Hours: hours}) }
	c.Progress = func(p train.Progress) {
		tell(Told{Event: Progress, Iteration: p.Iteration, Iterations: p.Iterations, Loss: p.Loss, Valid: p.Valid})
	}
	c.Judging = func() { tell(Told{Event: Judging}) }
}

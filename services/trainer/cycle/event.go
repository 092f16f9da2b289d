package cycle

import (
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/train"
)

// EventKind names what an Event reports.
type EventKind string

// The kinds of events. A cycle reports Loaded, Progress, Judging and Done in this order, Progress
// many times; Warning and Waiting may come between them.
const (
	Loaded   EventKind = "loaded"   // the history is read
	Progress EventKind = "progress" // an iteration of the fit
	Judging  EventKind = "judging"  // the weights are found, the model is measured next
	Done     EventKind = "done"     // the outcome, see Outcome.Event
	Warning  EventKind = "warning"  // Text says what a person should know of the data
	Waiting  EventKind = "waiting"  // the cycle waits for the registry because of Err
)

// Event reports the progress of a running cycle. A training child writes each event as a line of
// JSON.
type Event struct {
	Kind       EventKind   `json:"event"`
	Series     int         `json:"series,omitempty"`
	Hours      int64       `json:"hours,omitempty"`
	Interval   string      `json:"interval,omitempty"`
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

	Cut  dataset.Cut `json:"-"` // of Loaded
	Text string      `json:"-"` // of Warning
	Err  error       `json:"-"` // of Waiting
}

func progress(p train.Progress) Event {
	return Event{Kind: Progress, Iteration: p.Iteration, Iterations: p.Iterations, Loss: p.Loss,
		Valid: p.Valid}
}

// Event is the outcome as the last event of the cycle. JSON has no number for a score of nothing:
// such a score is 0.
func (o Outcome) Event() Event {
	number := func(v float64) float64 {
		if !meter.Finite(v) {
			return 0
		}
		return v
	}
	ours, naive := o.Report.Overall, o.Baselines.SeasonalNaive()
	return Event{
		Kind: Done, Series: o.Series, Iteration: o.Best,
		Model: o.Name, Version: o.Version, Digest: o.Digest,
		Champion: o.Champion, Why: o.Why, Refusals: o.Verdict.Refusals(),
		WQL: number(ours.Pinball), NaiveWQL: number(naive.Pinball),
		Coverage80: number(ours.Coverage80), Skill: number(evaluate.Skill(ours, naive)),
	}
}

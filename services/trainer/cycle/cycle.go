package cycle

import (
	"context"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/series"
)

// Cycle is one training run: its inputs and its callback.
type Cycle struct {
	ID     string // names the cycle among others, all attempts at it share it; may be empty
	Config Config
	Source Source
	Ahead  *dataset.Covariates // covariates that the model reads; nil for none
	// Base returns the base model of an interval; ok is false when there is none. Nil has none.
	Base func(interval time.Duration) (base model.Artifact, ok bool, err error)
	// Cut divides the time. The time is that of most series, see dataset.Spans, or that of all when
	// one of Named lies outside of it: the ends of ranges that somebody has named, in Unix seconds.
	Cut   func(dataset.Extent) (dataset.Cut, error)
	Named []int64

	Registry registry.Registry // nil when the model is not registered
	Out      string            // folder that the model is left in; may be empty
	Scratch  string            // folder that models are written to before they are registered
	Runs     *RunLogger        // logs the run; nil for nowhere
	// Patience bounds how long a call waits for a registry that does not answer; 0 does not wait.
	Patience time.Duration
	// Holds reports whether this cycle may still write to the registry. An error means that another
	// process runs the cycle now. Nil always may.
	Holds func(context.Context) error

	// Tell is called with the events of the cycle, one at a time; it may be nil. The last event,
	// Done, is the caller's to make of the Outcome.
	Tell func(Event)
}

// Outcome is the result of a cycle.
type Outcome struct {
	Name      string
	Version   string // empty when the model was not registered
	Digest    string
	Champion  bool   // the version is the champion from now on
	Why       string // the verdict in words
	Verdict   Verdict
	Start     string // what the fit started from, in words that begin with one of Starts
	Report    evaluate.Report
	Baselines evaluate.Baselines // at the origins of the report
	Best      int                // iteration that the weights are of
	Scale     string             // scale that was chosen
	Series    int
}

// Run runs the cycle. The error says which step failed; Run then promoted nothing.
func (c *Cycle) Run(ctx context.Context) (Outcome, error) { return c.newAttempt().do(ctx) }

// attempt is one run of a cycle. Its steps fill it in.
type attempt struct {
	*Cycle
	registry patient    // the registry of the cycle, with its patience
	run      *activeRun // nil without a run logger

	len   series.Lengths // of the interval of the model
	leads int            // of the model

	histories []*dataset.History
	cut       dataset.Cut
	first     int64 // first second of most series; the training range reaches back to cut.First
	fitted    fitted
	out       Outcome
}

func (c *Cycle) newAttempt() *attempt {
	own := *c
	a := &attempt{Cycle: &own}
	a.registry = patient{
		c.Registry, c.Patience, func(err error) { a.tell(Event{Kind: Waiting, Err: err}) },
	}
	return a
}

func (a *attempt) tell(e Event) {
	if a.Tell != nil {
		a.Tell(e)
	}
}

// do opens the run, produces the model and closes the run.
func (a *attempt) do(ctx context.Context) (Outcome, error) {
	if err := a.Config.Validate(); err != nil {
		return Outcome{}, err
	}
	if err := a.load(ctx); err != nil {
		return Outcome{}, err
	}
	run, err := a.Runs.start(ctx, a)
	if err != nil {
		return Outcome{}, err
	}
	a.run = run
	err = a.produce(ctx)
	run.end(ctx, err)
	if err != nil {
		return Outcome{}, err
	}
	return a.out, nil
}

// produce is the path from history to a version.
func (a *attempt) produce(ctx context.Context) error {
	if err := a.fit(ctx); err != nil {
		return err
	}
	a.tell(Event{Kind: Judging})
	found, err := a.judge(ctx)
	if err != nil {
		return err
	}
	if a.Registry == nil {
		return a.leave(found)
	}
	if found.champion, err = a.compareChampion(ctx); err != nil {
		return err
	}
	if found.champion == nil {
		if found.champion, err = a.compareBase(ctx); err != nil {
			return err
		}
	}
	return a.register(ctx, verdictOf(found))
}

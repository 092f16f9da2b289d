package trainer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

const (
	// maxAttempts bounds how often a cycle is begun that ends with its process. A cycle that kills
	// its process would otherwise do so for ever.
	maxAttempts = 3
	// finalTimeout bounds how long the end of an attempt is written down when the process is to
	// end.
	finalTimeout = 3 * time.Second
	// natsPause is the pause before a write to NATS is tried again.
	natsPause = time.Second
)

// errLost says that another trainer runs the cycle now.
var errLost = errors.New("another trainer has taken this cycle over")

// attempt is one attempt at a cycle. It holds the lease.
type attempt struct {
	*Service
	entry Entry
	log   zerolog.Logger
	tenth int // tenths of the iterations that were reported
}

func (s *Service) newAttempt(e Entry) *attempt {
	e.Attempt++
	if e.Model == "" {
		e.Model = s.plainModel()
	}
	e.State, e.Began = StateRunning, s.clock.Now().UTC()
	log := s.log.With().Str(service.FieldCycle, e.Cycle).Logger()
	return &attempt{Service: s, entry: e, log: log}
}

// run runs the cycle and writes its end into the job store. rev is the revision of the entry there.
func (a *attempt) run(ctx context.Context, rev uint64) error {
	if a.entry.Attempt > maxAttempts {
		a.entry.Attempt = maxAttempts
		killed := fmt.Errorf("the process was killed %d times in this cycle: look at its memory, "+
			"then ask again", maxAttempts)
		return a.fail(ctx, rev, killed)
	}
	rev, err := a.jobs.write(ctx, a.entry, rev)
	if err != nil {
		return err
	}
	a.metrics.running.Set(1)
	defer a.metrics.running.Set(0)
	outcome, lost, err := a.cycle(ctx)
	a.metrics.duration.Observe(a.clock.Now().Sub(a.entry.Began).Seconds())
	switch {
	case lost:
		a.metrics.runs.WithLabelValues(outcomeInterrupted).Inc()
		a.log.Warn().Msg("another trainer has taken this cycle over, stopped")
		return nil
	case err != nil && ctx.Err() != nil:
		return a.interrupt(ctx, rev)
	}
	if ctx.Err() != nil { // the cycle ended before it could be stopped
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), finalTimeout)
		defer cancel()
	}
	if err != nil {
		return a.fail(ctx, rev, err)
	}
	return a.finish(ctx, rev, outcome)
}

// cycle runs the cycle while the lease is held. lost reports that another trainer has the lease
// now.
func (a *attempt) cycle(ctx context.Context) (outcome cycle.Event, lost bool, err error) {
	a.metrics.progress.Set(0)
	e := &a.entry
	start := e.Start
	if start == "" {
		start = a.cfg.Start
	}
	a.log.Info().Str(service.FieldTrigger, e.Trigger).Int(service.FieldAttempt, e.Attempt).
		Str(service.FieldStart, start).Msg("training started")
	a.publish(ctx, a.event(streams.EventTrainingStarted,
		fmt.Sprintf("training %s, from %s", e.Model, start)), 0)
	running, cancel := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		a.renew(running, cancel)
	}()
	job := Job{
		Cycle: e.Cycle, Model: e.Model, Trigger: e.Trigger, Start: start, Holds: a.holds,
		Quick: a.cfg.QuickFirst && e.Trigger == streams.TriggerFirst,
	}
	outcome, err = a.deps.Run(running, job, func(t cycle.Event) { a.report(ctx, t) })
	lost = errors.Is(context.Cause(running), errLost) || errors.Is(err, errLost)
	cancel(nil)
	<-renewed
	return outcome, lost, err
}

// renew keeps the lease until ctx ends. When another trainer has the lease, renew cancels the
// cycle. No trainer can take the lease while NATS does not answer.
func (s *Service) renew(ctx context.Context, cancel context.CancelCauseFunc) {
	for retry.Sleep(ctx, s.cfg.LeaseTTL/3) == nil {
		if ours, err := s.lease.Acquire(ctx); err == nil && !ours {
			cancel(errLost)
			return
		}
	}
}

// holds waits until NATS says whether this trainer has the lease. The error is errLost when it has
// not.
func (s *Service) holds(ctx context.Context) error {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: natsPause},
		Final:   func(err error) bool { return errors.Is(err, errLost) },
	}
	return retry.Until(ctx, policy, func(ctx context.Context) error {
		ours, err := s.lease.Acquire(ctx)
		if err == nil && !ours {
			return errLost
		}
		return err
	})
}

// fail ends the cycle without a model.
func (a *attempt) fail(ctx context.Context, rev uint64, cause error) error {
	a.end(StateFailed, cause.Error())
	a.metrics.runs.WithLabelValues(outcomeFailed).Inc()
	a.log.Warn().AnErr(service.FieldError, cause).Int64(service.FieldDuration, a.took()).
		Msg("training failed, the champion stays")
	a.publish(ctx, a.event(streams.EventTrainingFailed, a.entry.Text), 0)
	return a.store(ctx, rev)
}

// finish ends the cycle with a registered version.
func (a *attempt) finish(ctx context.Context, rev uint64, o cycle.Event) error {
	outcome, verdict := outcomeRefused, "is registered and does not serve: "
	if o.Champion {
		outcome, verdict = outcomePromoted, "is champion: "
	}
	a.end(StateDone, fmt.Sprintf("%s v%s %s%s", o.Model, o.Version, verdict, o.Why))
	a.metrics.runs.WithLabelValues(outcome).Inc()
	a.metrics.success.Set(float64(a.entry.Ended.Unix()))
	for _, check := range o.Refusals {
		a.metrics.refusals.WithLabelValues(string(check)).Inc()
	}
	a.log.Info().Str(service.FieldModelVersion, o.Version).Bool(service.FieldChampion, o.Champion).
		Float64(service.FieldWQL, o.WQL).Float64(service.FieldNaiveWQL, o.NaiveWQL).
		Str(service.FieldReason, o.Why).Int64(service.FieldDuration, a.took()).Msg("trained")
	event := a.event(streams.EventTrainingFinished, a.entry.Text)
	event.Model = &streams.Model{Name: o.Model, Version: o.Version, Digest: o.Digest}
	a.publish(ctx, event, 0)
	followed := a.cfg.Follow && a.entry.Trigger == streams.TriggerFirst
	if followed && !slices.Contains(a.entry.Follow, a.entry.Model) {
		a.entry.Follow = append(a.entry.Follow, a.entry.Model)
	}
	if err := a.store(ctx, rev); err != nil {
		return err
	}
	if followed && !a.firstWaits(ctx, a.entry.Model) {
		a.follow(ctx)
	}
	return nil
}

func (a *attempt) end(s State, text string) {
	a.entry.State, a.entry.Text, a.entry.Ended = s, text, a.clock.Now().UTC()
}

// took is the time of the attempt in milliseconds.
func (a *attempt) took() int64 { return a.entry.Ended.Sub(a.entry.Began).Milliseconds() }

// store writes the entry, or the entry of the model that is to be trained next, and tries again
// while NATS does not answer: a cycle without an end in the job store would be run again.
func (a *attempt) store(ctx context.Context, rev uint64) error {
	entry, more := a.entry.next(a.clock.Now().UTC())
	if more {
		defer a.wakeUp()
	}
	policy := retry.Policy{Backoff: retry.Backoff{Least: natsPause}}
	return retry.Until(ctx, policy, func(ctx context.Context) error {
		_, err := a.jobs.write(ctx, entry, rev)
		if !errors.Is(err, bus.ErrConflict) {
			return err
		}
		// Another trainer has written the entry, or this one has and the answer was lost.
		now, _, read := a.jobs.read(ctx)
		if read == nil && (now.Cycle != a.entry.Cycle || !now.Open()) {
			return nil
		}
		return err
	})
}

// interrupt puts the cycle back, so that it is begun again; this attempt does not count.
func (a *attempt) interrupt(ctx context.Context, rev uint64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finalTimeout)
	defer cancel()
	a.metrics.runs.WithLabelValues(outcomeInterrupted).Inc()
	a.entry.State = StateAsked
	a.entry.Attempt--
	if _, err := a.jobs.write(ctx, a.entry, rev); err != nil {
		return err
	}
	a.log.Info().Msg("training stopped, the next trainer begins it again")
	return nil
}

package trainer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

const (
	// mostAttempts is how often a cycle is begun that ends with its process: what
	// kills it once for good reason would kill it for ever.
	mostAttempts = 3
	// noteTimeout bounds the last word on a cycle when the process is to end.
	noteTimeout = 3 * time.Second
)

// errLost says that another trainer has taken the cycle over.
var errLost = errors.New("another trainer has taken this cycle over")

// cycle runs the cycle of the book under the lease.
func (s *Service) cycle(ctx context.Context, e Entry, rev uint64) error {
	e.Attempt++
	e.State, e.Began = StateRunning, s.deps.Now().UTC()
	r := &attempt{Service: s, entry: e}
	if e.Attempt > mostAttempts {
		r.entry.Attempt = mostAttempts
		return r.end(ctx, rev, cycle.Event{}, fmt.Errorf("the process was killed %d times in this cycle: look at its memory, then ask again", mostAttempts))
	}
	rev, err := s.book.write(ctx, e, rev)
	if err != nil {
		return err
	}
	s.metrics.running.Set(1)
	s.metrics.progress.Set(0)
	defer s.metrics.running.Set(0)
	start := e.Start
	if start == "" {
		start = s.cfg.Start
	}
	s.log.Info().Str("cycle", e.Cycle).Str("trigger", e.Trigger).Int("attempt", e.Attempt).Str("start", start).Msg("training started")
	r.tell(ctx, streams.EventTrainingStarted, fmt.Sprintf("training %s, from %s", s.cfg.Model, start), nil, 0)
	running, cancel := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		s.renew(running, cancel)
	}()
	job := Job{Cycle: e.Cycle, Trigger: e.Trigger, Start: start, Quick: s.cfg.QuickFirst && e.Trigger == streams.TriggerFirst, Holds: s.holds}
	result, err := s.deps.Run(running, job, func(t cycle.Event) { r.see(ctx, t) })
	lost := errors.Is(context.Cause(running), errLost) || errors.Is(err, errLost)
	cancel(nil)
	<-renewed
	s.metrics.duration.Observe(s.deps.Now().Sub(e.Began).Seconds())
	if lost {
		s.metrics.runs.WithLabelValues(outcomeInterrupted).Inc()
		s.log.Warn().Str("cycle", e.Cycle).Msg("another trainer has taken this cycle over, stopped")
		return nil
	}
	if err != nil && ctx.Err() != nil {
		return r.interrupted(ctx, rev)
	}
	if ctx.Err() != nil { // it was over before it could be stopped
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
		defer cancel()
	}
	return r.end(ctx, rev, result, err)
}

// renew keeps the lease until ctx ends, and ends the cycle when another has it.
// While NATS is away nobody can take it.
func (s *Service) renew(ctx context.Context, cancel context.CancelCauseFunc) {
	for service.Sleep(ctx, s.cfg.LeaseTTL/3) == nil {
		if ours, err := s.lease.Acquire(ctx); err == nil && !ours {
			cancel(errLost)
			return
		}
	}
}

// holds waits until NATS says whose the lease is: nothing is written to the
// registry without.
func (s *Service) holds(ctx context.Context) error {
	for {
		ours, err := s.lease.Acquire(ctx)
		switch {
		case err == nil && ours:
			return nil
		case err == nil:
			return errLost
		}
		if service.Sleep(ctx, time.Second) != nil {
			return err
		}
	}
}

// attempt is one attempt at a cycle.
type attempt struct {
	*Service
	entry Entry
	last  cycle.Event // the last progress
	tenth int         // of the iterations, that was told
}

// see passes on what is told of the cycle; each tenth becomes a log line and an
// event.
func (r *attempt) see(ctx context.Context, t cycle.Event) {
	r.metrics.see(t)
	switch t.Kind {
	case cycle.Loaded:
		r.log.Info().Str("cycle", r.entry.Cycle).Int("series", t.Series).Int64("hours", t.Hours).Msg("history read")
	case cycle.Judging:
		r.log.Info().Str("cycle", r.entry.Cycle).Msg("measuring the model on later time")
	case cycle.Progress:
		r.last = t
		if tenth := 10 * t.Iteration / max(t.Iterations, 1); tenth > r.tenth {
			r.tenth = tenth
			r.log.Info().Str("cycle", r.entry.Cycle).Int("iteration", t.Iteration).Int("iterations", t.Iterations).Float64("loss", t.Loss).Float64("valid", t.Valid).Msg("training")
			r.tell(ctx, streams.EventTrainingProgress, fmt.Sprintf("%d of %d iterations", t.Iteration, t.Iterations), nil, tenth)
		}
	case cycle.Warning:
		r.log.Warn().Str("cycle", r.entry.Cycle).Str("remark", t.Text).Msg("something of the history is odd")
	case cycle.Waiting:
		r.log.Warn().Err(t.Err).Str("cycle", r.entry.Cycle).Msg("the model registry is away, the cycle waits for it")
	case cycle.Done: // the answer of the RunFunc, see end
	}
}

// end writes down how the cycle ended.
func (r *attempt) end(ctx context.Context, rev uint64, result cycle.Event, failed error) error {
	e := &r.entry
	e.Ended = r.deps.Now().UTC()
	took := e.Ended.Sub(e.Began).Milliseconds()
	if failed != nil {
		e.State, e.Text = StateFailed, failed.Error()
		r.metrics.runs.WithLabelValues(outcomeFailed).Inc()
		r.log.Warn().Err(failed).Str("cycle", e.Cycle).Int64(service.FieldDuration, took).Msg("training failed, the champion serves on")
		r.tell(ctx, streams.EventTrainingFailed, e.Text, nil, 0)
	} else {
		outcome, verdict := outcomeRefused, "is registered and does not serve: "
		if result.Champion {
			outcome, verdict = outcomePromoted, "is champion: "
		}
		e.State, e.Text = StateDone, fmt.Sprintf("%s v%s %s%s", result.Model, result.Version, verdict, result.Why)
		r.metrics.runs.WithLabelValues(outcome).Inc()
		r.metrics.success.Set(float64(e.Ended.Unix()))
		for _, check := range result.Refusals {
			r.metrics.refusals.WithLabelValues(string(check)).Inc()
		}
		r.log.Info().Str("cycle", e.Cycle).Str(service.FieldModelVersion, result.Version).Bool("champion", result.Champion).Float64("wql", result.WQL).
			Float64("seasonal_naive_wql", result.NaiveWQL).Str(service.FieldReason, result.Why).Int64(service.FieldDuration, took).Msg("trained")
		r.tell(ctx, streams.EventTrainingFinished, e.Text, &streams.Model{Name: result.Model, Version: result.Version, Digest: result.Digest}, 0)
	}
	if err := r.note(ctx, rev); err != nil {
		return err
	}
	if failed == nil && r.cfg.Follow && e.Trigger == streams.TriggerFirst {
		r.want(ctx, wish{trigger: streams.TriggerFollow})
	}
	return nil
}

// note writes the entry, for as long as NATS is away: a cycle whose end nobody
// knows would be run again.
func (r *attempt) note(ctx context.Context, rev uint64) error {
	for {
		_, err := r.book.write(ctx, r.entry, rev)
		if err == nil {
			return nil
		}
		if errors.Is(err, bus.ErrConflict) {
			// Another one's word, or our own whose answer was lost.
			if now, _, err := r.book.read(ctx); err == nil && (now.Cycle != r.entry.Cycle || !now.Open()) {
				return nil
			}
		}
		if service.Sleep(ctx, time.Second) != nil {
			return err
		}
	}
}

// interrupted puts the cycle back, to be begun again without counting this
// attempt.
func (r *attempt) interrupted(ctx context.Context, rev uint64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteTimeout)
	defer cancel()
	r.metrics.runs.WithLabelValues(outcomeInterrupted).Inc()
	r.entry.State = StateAsked
	r.entry.Attempt--
	if _, err := r.book.write(ctx, r.entry, rev); err != nil {
		return err
	}
	r.log.Info().Str("cycle", r.entry.Cycle).Msg("training stopped, it is begun again by the next trainer")
	return nil
}

// tell publishes an event; one that is not stored is lost, for the next trainer
// has nothing to do with it.
func (r *attempt) tell(ctx context.Context, kind, text string, m *streams.Model, tenth int) {
	e := streams.Event{Type: kind, Time: r.deps.Now().UTC(), Model: m, Text: text, Training: &streams.Training{
		Cycle: r.entry.Cycle, Trigger: r.entry.Trigger, Attempt: r.entry.Attempt,
	}}
	if kind == streams.EventTrainingProgress {
		t := e.Training
		t.Iteration, t.Iterations, t.Loss, t.Valid = r.last.Iteration, r.last.Iterations, r.last.Loss, r.last.Valid
	}
	id := fmt.Sprintf("%s-%s-%d-%d", kind, r.entry.Cycle, r.entry.Attempt, tenth)
	if _, err := r.deps.Conn.Publish(ctx, streams.EventSubject(kind), e.AppendJSON(nil), id); err != nil && ctx.Err() == nil {
		r.log.Warn().Err(err).Str("cycle", r.entry.Cycle).Msg("event not published")
	}
}

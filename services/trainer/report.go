package trainer

import (
	"context"
	"fmt"

	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

// report takes the events of the running cycle. Each tenth of the iterations becomes a log line and
// an event in EVENTS.
func (a *attempt) report(ctx context.Context, e cycle.Event) {
	a.metrics.report(e)
	switch e.Kind {
	case cycle.Loaded:
		a.log.Info().Int(service.FieldSeriesCount, e.Series).Int64(service.FieldHours, e.Hours).
			Msg("history read")
	case cycle.Progress:
		a.progress(ctx, e)
	case cycle.Judging:
		a.log.Info().Msg("measuring the model on later time")
	case cycle.Warning:
		a.log.Warn().Str(service.FieldText, e.Text).Msg("the history is unusual")
	case cycle.Waiting:
		a.log.Warn().AnErr(service.FieldError, e.Err).
			Msg("the model registry does not answer, the cycle waits for it")
	case cycle.Done: // see finish
	}
}

func (a *attempt) progress(ctx context.Context, e cycle.Event) {
	tenth := 10 * e.Iteration / max(e.Iterations, 1)
	if tenth <= a.tenth {
		return
	}
	a.tenth = tenth
	a.log.Info().Int(service.FieldIteration, e.Iteration).
		Int(service.FieldIterations, e.Iterations).
		Float64(service.FieldLoss, e.Loss).Float64(service.FieldValid, e.Valid).Msg("training")
	event := a.event(streams.EventTrainingProgress,
		fmt.Sprintf("%d of %d iterations", e.Iteration, e.Iterations))
	t := event.Training
	t.Iteration, t.Iterations, t.Loss, t.Valid = e.Iteration, e.Iterations, e.Loss, e.Valid
	a.publish(ctx, event, tenth)
}

// event is an event of this attempt.
func (a *attempt) event(kind, text string) streams.Event {
	return streams.Event{
		Type: kind, Time: a.clock.Now().UTC(), Text: text,
		Training: &streams.Training{Cycle: a.entry.Cycle, Trigger: a.entry.Trigger,
			Attempt: a.entry.Attempt},
	}
}

// publish publishes an event. tenth tells the events of one kind apart. An event that is not stored
// is lost: the next trainer knows nothing of it.
func (a *attempt) publish(ctx context.Context, e streams.Event, tenth int) {
	id := fmt.Sprintf("%s-%s-%d-%d", e.Type, a.entry.Cycle, a.entry.Attempt, tenth)
	_, err := a.deps.Conn.Publish(ctx, streams.EventSubject(e.Type), e.AppendJSON(nil), id)
	if err != nil && ctx.Err() == nil {
		a.log.Warn().AnErr(service.FieldError, err).Msg("event not published")
	}
}

package trainer

import (
	"context"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

// serve answers requests for a cycle until ctx ends.
func (s *Service) serve(ctx context.Context) error {
	return s.deps.Conn.Serve(ctx, streams.TrainingSubject, "trainer", func(m bus.Message) []byte {
		answer := s.answer(ctx, m.Data)
		return answer.AppendJSON(nil)
	})
}

// answer answers one request.
func (s *Service) answer(ctx context.Context, data []byte) streams.TrainingAnswer {
	r, err := streams.DecodeTrainingRequest(data)
	if err != nil {
		s.metrics.requests.WithLabelValues(streams.TriggerRequest, streams.TrainingRefused).Inc()
		return streams.TrainingAnswer{Answer: streams.TrainingRefused, Text: err.Error()}
	}
	return s.accept(ctx, request{trigger: streams.TriggerRequest, start: r.Start, reason: r.Reason})
}

// accept accepts a cycle, or says why not.
func (s *Service) accept(ctx context.Context, r request) streams.TrainingAnswer {
	answer, e, err := s.jobs.accept(ctx, r, s.clock.Now())
	a := streams.TrainingAnswer{Answer: answer, Cycle: e.Cycle}
	switch {
	case err != nil:
		a.Answer, a.Text = streams.TrainingRefused, err.Error()
		if ctx.Err() == nil {
			s.log.Warn().AnErr(service.FieldError, err).Str(service.FieldTrigger, r.trigger).
				Msg("cycle not accepted")
		}
	case answer == streams.TrainingAccepted:
		a.Text = "the cycle begins as soon as a trainer is free"
		s.log.Info().Str(service.FieldCycle, e.Cycle).Str(service.FieldTrigger, r.trigger).
			Str(service.FieldReason, r.reason).
			Msg("cycle accepted")
		select {
		case s.wake <- struct{}{}:
		default: // the wake-up before has not been seen yet
		}
	default:
		a.Text = fmt.Sprintf("cycle %s (%s) is %s, asked for at %s",
			e.Cycle, e.Trigger, e.State, e.Asked.Format(time.RFC3339))
	}
	s.metrics.requests.WithLabelValues(r.trigger, a.Answer).Inc()
	return a
}

package trainer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/registry"
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
	wanted := request{trigger: streams.TriggerRequest, start: r.Start, reason: r.Reason}
	if r.Model != "" {
		if !slices.Contains(s.cfg.Models, r.Model) {
			s.metrics.requests.WithLabelValues(wanted.trigger, streams.TrainingRefused).Inc()
			return streams.TrainingAnswer{Answer: streams.TrainingRefused, Text: fmt.Sprintf(
				"model %q is not trained here: use one of %s", r.Model,
				strings.Join(s.cfg.Models, ", "))}
		}
		wanted.models = []string{r.Model}
	}
	return s.accept(ctx, wanted)
}

// accept accepts a cycle, or says why not.
func (s *Service) accept(ctx context.Context, r request) streams.TrainingAnswer {
	if len(r.models) == 0 {
		r.models = s.trainable(ctx)
	}
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
			Str(service.FieldModel, e.Model).Str(service.FieldReason, r.reason).
			Msg("cycle accepted")
		s.wakeUp()
	default:
		a.Text = fmt.Sprintf("cycle %s (%s) is %s, asked for at %s",
			e.Cycle, e.Trigger, e.State, e.Asked.Format(time.RFC3339))
	}
	s.metrics.requests.WithLabelValues(r.trigger, a.Answer).Inc()
	return a
}

// wakeUp lets the service look for a job at once.
func (s *Service) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default: // the wake-up before has not been seen yet
	}
}

// trainable returns the models that a cycle is worth a try for, the coarsest first: it serves the
// series of finer intervals too, until they have a model.
func (s *Service) trainable(ctx context.Context) []string {
	var models []string
	for _, name := range slices.Backward(s.cfg.Models) {
		if s.deps.Enough == nil && s.hasChampion(name) ||
			s.deps.Enough != nil && s.deps.Enough(ctx, name) {
			models = append(models, name)
		}
	}
	if len(models) == 0 {
		return []string{s.plainModel()}
	}
	return models
}

// plainModel is the model of a training that nothing is known about.
func (s *Service) plainModel() string {
	if slices.Contains(s.cfg.Models, registry.DefaultModel) {
		return registry.DefaultModel
	}
	return s.cfg.Models[0]
}

func (s *Service) hasChampion(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.champions[name]
}

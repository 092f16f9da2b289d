package recorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
)

// ackTimeout bounds the acknowledgement of a stored batch, also while the recorder stops.
const ackTimeout = 5 * time.Second

// run consumes a lane until ctx ends. After a failure the lane is read again from the last
// acknowledgement on.
func (s *Service) run(ctx context.Context, l lane) {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: s.cfg.RetryMin, Most: s.cfg.RetryMax}, Steady: s.cfg.RetryMax,
	}
	_ = retry.Until(ctx, policy, func(ctx context.Context) error { // the notice reports failures
		err := s.consume(ctx, l)
		if ctx.Err() != nil {
			return err
		}
		s.notReading(l.stream)
		if _, due := s.streams.fail(l.stream, false, s.deps.Now()); due {
			s.log.Warn().Str(service.FieldStream, l.stream).AnErr(service.FieldError, err).
				Msg("stream cannot be read; trying again")
		}
		return err
	})
}

// consume is the path of the recorder: fetch, translate and store, acknowledge. It returns the
// first error.
func (s *Service) consume(ctx context.Context, l lane) error {
	consumer, err := s.deps.NATS.Open(ctx, l.stream)
	if err != nil {
		return fmt.Errorf("open consumer %s: %w", Durable, err)
	}
	s.reading(l.stream)
	for {
		batch, err := consumer.Fetch(ctx, s.cfg.Batch, s.cfg.Wait)
		if err != nil {
			return fmt.Errorf("fetch: %w", err)
		}
		if len(batch.Messages) == 0 {
			s.succeeded(l)
			continue
		}
		lost, err := s.lost(ctx, l, batch)
		if err != nil {
			return err
		}
		unreadable, err := s.store(ctx, l, batch.Messages)
		if err != nil {
			return err
		}
		if err := s.acknowledge(ctx, batch); err != nil {
			return err
		}
		s.count(l, batch, unreadable, lost)
		s.succeeded(l)
	}
}

// succeeded notes that a stream was read without a fault. That may end an outage of the streams.
func (s *Service) succeeded(l lane) {
	if lasted, over := s.streams.succeed(l.stream, s.deps.Now()); over {
		s.log.Info().Int64(service.FieldDuration, lasted.Milliseconds()).Msg("all streams are read")
	}
}

// store gives the points of messages to the sink, as many as a request holds at a time. It returns
// the number of messages that cannot be decoded, which it skips (I7).
func (s *Service) store(
	ctx context.Context, l lane, messages []bus.Message,
) (unreadable int, err error) {
	var r rows
	for i := range messages {
		m := &messages[i]
		points, err := l.append(r.points, m)
		if errors.Is(err, errSettings) {
			return unreadable, err
		}
		if err != nil {
			unreadable++
			// the forecaster lists unreadable readings
			if l.kind != kindReadings && unreadable <= refusedLogged {
				s.log.Warn().Str(service.FieldSubject, m.Subject).
					Uint64(service.FieldStreamSeq, m.Seq).
					AnErr(service.FieldError, err).Msg("message is unreadable, not recorded")
			}
			continue
		}
		r.add(m, points)
		if r.len() >= maxPoints {
			if err := s.sink.store(ctx, l, r); err != nil {
				return unreadable, err
			}
			r = rows{r.points[:0], r.of[:0]}
		}
	}
	if more := unreadable - refusedLogged; more > 0 && l.kind != kindReadings {
		s.log.Warn().Str(service.FieldStream, l.stream).Int(service.FieldCount, more).
			Msg("more messages are unreadable, not recorded")
	}
	return unreadable, s.sink.store(ctx, l, r)
}

// lost returns how many messages before and in a batch retention has removed before they were
// recorded. A hole behind the first message of the stream is no loss: somebody has erased a series.
func (s *Service) lost(ctx context.Context, l lane, batch Batch) (lost uint64, err error) {
	first, last := batch.Messages[0].Seq, batch.Messages[len(batch.Messages)-1].Seq
	if first == batch.After+1 && last-first == uint64(len(batch.Messages)-1) {
		return 0, nil
	}
	oldest, err := s.deps.NATS.FirstSeq(ctx, l.stream)
	if err != nil {
		return 0, fmt.Errorf("look for lost messages: %w", err)
	}
	next := batch.After + 1
	for i := range batch.Messages {
		if to := min(batch.Messages[i].Seq, oldest); to > next {
			lost += to - next
		}
		next = batch.Messages[i].Seq + 1
	}
	return lost, nil
}

func (s *Service) acknowledge(ctx context.Context, batch Batch) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTimeout)
	defer cancel()
	if err := batch.Ack(ctx); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// count counts a batch that is recorded.
func (s *Service) count(l lane, batch Batch, unreadable int, lost uint64) {
	if l.kind == kindForecasts {
		now := s.deps.Now()
		for i := range batch.Messages {
			s.metrics.age.Observe(max(0, now.Sub(batch.Messages[i].Time).Seconds()))
		}
	}
	s.metrics.messages.WithLabelValues(l.kind, outcomeStored).
		Add(float64(len(batch.Messages) - unreadable))
	s.metrics.messages.WithLabelValues(l.kind, outcomeUnreadable).Add(float64(unreadable))
	if lost > 0 {
		s.metrics.messages.WithLabelValues(l.kind, outcomeLost).Add(float64(lost))
		s.log.Error().Str(service.FieldStream, l.stream).
			Uint64(service.FieldStreamSeq, batch.After).Uint64(service.FieldCount, lost).
			Msg("messages were lost to the stream's retention before they were recorded: give " +
				"the stream more room, or InfluxDB less downtime")
	}
}

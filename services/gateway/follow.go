package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Reader reads FORECASTS in order. It starts with the newest message of each subject.
type Reader interface {
	// Next appends at least one message and at most limit to dst. It waits for the first one until
	// ctx ends.
	Next(ctx context.Context, dst []bus.Message, limit int) ([]bus.Message, error)
	Close()
}

const (
	followBatch = 512 // messages fetched at once
	// followLeast and followMost bound the pause before the stream is read again.
	followLeast = 100 * time.Millisecond
	followMost  = 5 * time.Second
)

// follow feeds the view until ctx ends. After a failure it reads the stream again.
func (s *Service) follow(ctx context.Context) {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: followLeast, Most: followMost}, Steady: followMost,
		Notice: &retry.Notice{Kind: retry.AnyKind, Failed: func(err error) {
			s.log.Warn().AnErr(service.FieldError, err).
				Msg("forecasts cannot be read; trying again")
		}},
	}
	_ = retry.Until(ctx, policy, func(ctx context.Context) error { // Notice has logged the failures
		err := s.feed(ctx)
		if ctx.Err() != nil {
			return err
		}
		s.deps.Ready.NotReady(notFollowing(err))
		var changed *bus.StreamChangedError
		if errors.As(err, &changed) {
			s.view.Reset()
			s.partitions.Store(0)
		}
		return err
	})
}

// notFollowing returns the reason for /readyz why the stream is not read.
func notFollowing(err error) string {
	if errors.Is(err, bus.ErrNoStream) {
		return "stream FORECASTS does not exist yet: start a forecaster, or loadtide up"
	}
	return "stream FORECASTS cannot be read"
}

// feed reads the stream into the view. It returns the first error.
func (s *Service) feed(ctx context.Context) error {
	state, err := s.deps.Store.StreamState(ctx, topology.Forecasts)
	if err != nil {
		return fmt.Errorf("state of %s: %w", topology.Forecasts, err)
	}
	reader, err := s.deps.OpenReader(ctx)
	if err != nil {
		return fmt.Errorf("open %s: %w", topology.Forecasts, err)
	}
	defer reader.Close()
	caughtUp := state.Messages == 0
	if caughtUp {
		s.deps.Ready.Ready()
	}
	var batch []bus.Message
	for {
		if batch, err = reader.Next(ctx, batch[:0], followBatch); err != nil {
			return fmt.Errorf("read %s: %w", topology.Forecasts, err)
		}
		for _, m := range batch {
			s.note(m)
		}
		s.metrics.series.Set(float64(s.view.Len()))
		if last := batch[len(batch)-1]; !caughtUp &&
			(last.Pending == 0 || last.Seq >= state.LastSeq) {
			caughtUp = true
			s.deps.Ready.Ready()
		}
	}
}

// note adds a forecast to the view. It counts and skips a message that cannot be decoded (I7).
func (s *Service) note(m bus.Message) {
	f, err := streams.DecodeForecast(m.Data)
	if err != nil {
		s.metrics.messages.WithLabelValues(outcomeUnreadable).Inc()
		s.log.Warn().Str(service.FieldSubject, m.Subject).Uint64(service.FieldStreamSeq, m.Seq).
			AnErr(service.FieldError, err).Msg("forecast is unreadable, not listed")
		return
	}
	s.metrics.messages.WithLabelValues(outcomeSeen).Inc()
	s.view.Put(Entry{
		Series: f.Series.String(), Origin: f.Origin, Interval: f.Interval, Source: f.Source,
		Quality: f.Quality, Seq: m.Seq,
	})
}

package recorder

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
)

// Writer stores a batch of points; its errors are *influx.Error.
type Writer interface {
	Write(ctx context.Context, points []influx.Point) error
}

const (
	maxRetryAfter = 5 * time.Minute // however long the server asks for
	maxPoints     = 5000            // of one request, what InfluxDB advises
	maxWrites     = 8               // requests at once, of all lanes
)

// sink writes points for as long as it takes. All lanes write through one.
type sink struct {
	cfg     Config
	writer  Writer
	metrics *metrics
	log     zerolog.Logger
	now     func() time.Time
	slots   chan struct{}
	outage  outage
	refused *refusals
}

func newSink(cfg Config, writer Writer, m *metrics, log zerolog.Logger, deps Deps) *sink {
	return &sink{
		cfg: cfg, writer: writer, metrics: m, log: log, now: deps.Now, slots: make(chan struct{}, maxWrites),
		refused: &refusals{nats: deps.NATS, metrics: m, log: log, now: deps.Now},
	}
}

// store returns when every point is stored, or refused for good and listed. Its errors are that of an ended ctx and that of
// a list that could not be written.
func (s *sink) store(ctx context.Context, l lane, r rows) error {
	for i := 0; i < r.len(); i += maxPoints {
		if err := s.halve(ctx, l, r.slice(i, min(i+maxPoints, r.len()))); err != nil {
			return err
		}
	}
	return nil
}

// halve writes rows; when they are refused it writes each half, down to the single bad point. Where the server says that it
// stored none of them there is nothing to look for, and points that are older than the bucket keeps are known by their time.
func (s *sink) halve(ctx context.Context, l lane, r rows) error {
	cause, err := s.write(ctx, l.stream, r.points)
	if err != nil {
		return err
	}
	if cause == nil {
		s.metrics.points.WithLabelValues(l.kind, outcomeStored).Add(float64(r.len()))
		return nil
	}
	if !cause.OldestKept.IsZero() {
		kept, old := r.split(func(p influx.Point) bool { return !p.Time.Before(cause.OldestKept) })
		if r.len() == 1 {
			kept, old = rows{}, r
		}
		s.refused.expired(l, old.len(), cause.OldestKept)
		if old.len() > 0 {
			return s.store(ctx, l, kept)
		}
	}
	if r.len() == 1 || cause.Dropped == r.len() {
		return s.refused.list(ctx, l, r, cause)
	}
	middle := r.len() / 2
	if err := s.halve(ctx, l, r.slice(0, middle)); err != nil {
		return err
	}
	return s.halve(ctx, l, r.slice(middle, r.len()))
}

// write tries until the points are stored, which returns (nil, nil), or refused, which returns
// (refusal, nil). The error is the one of an ended ctx.
func (s *sink) write(ctx context.Context, stream string, points []influx.Point) (*influx.Error, error) {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: s.cfg.RetryMin, Most: s.cfg.RetryMax, Jitter: true},
		Final:   func(err error) bool { return asFailure(err).Kind == influx.KindRefused },
		Adjust: func(err error, pause time.Duration) time.Duration {
			if asFailure(err).RetryAfter > 0 {
				return 0 // the next try waits, like those of all lanes
			}
			return pause
		},
	}
	err := retry.Until(ctx, policy, func(ctx context.Context) error {
		err := s.try(ctx, points)
		if err == nil || ctx.Err() == nil {
			s.note(stream, err)
		}
		return err
	})
	switch {
	case err == nil:
		return nil, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	}
	return asFailure(err), nil
}

// asFailure returns the failure that err holds; any other error is one that passes.
func asFailure(err error) *influx.Error {
	failure := &influx.Error{Kind: influx.KindRetry, Message: err.Error(), Err: err}
	errors.As(err, &failure)
	return failure
}

// try makes one request when there is room for one.
func (s *sink) try(ctx context.Context, points []influx.Point) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.outage.held(ctx, s.now); err != nil {
		return err
	}
	begun := s.now()
	defer func() { s.metrics.duration.Observe(s.now().Sub(begun).Seconds()) }()
	return s.writer.Write(ctx, points)
}

// note counts and logs the result of a request. When the server asks for a pause, note holds all
// lanes.
func (s *sink) note(stream string, err error) {
	if err == nil {
		s.metrics.writes.WithLabelValues(outcomeStored).Inc()
		s.metrics.lastSuccess.Set(float64(s.now().UnixMilli()) / 1e3)
		s.works(stream)
		return
	}
	failure := asFailure(err)
	s.metrics.writes.WithLabelValues(string(failure.Kind)).Inc()
	if failure.Kind == influx.KindRefused {
		if failure.Status != 0 {
			s.works(stream) // it answers
		}
		return
	}
	now := s.now()
	if since, tell := s.outage.fail(stream, failure.Kind == influx.KindConfig, now); tell {
		event := s.log.Warn()
		if failure.Kind == influx.KindConfig {
			event = s.log.Error() // it does not pass by itself
		}
		event.Str(service.FieldReason, string(failure.Kind)).Str(service.FieldStream, stream).
			AnErr(service.FieldError, failure).Int64(service.FieldDuration, since.Milliseconds()).
			Msg("influxdb does not store; what is to be recorded waits in the streams")
	}
	if failure.RetryAfter > 0 {
		s.outage.holdUntil(now.Add(min(failure.RetryAfter, maxRetryAfter)))
	}
}

// works notes an answer of the server, which may end an outage.
func (s *sink) works(stream string) {
	if lasted, over := s.outage.works(stream, s.now()); over {
		s.log.Info().Int64(service.FieldDuration, lasted.Milliseconds()).Msg("influxdb is back")
	}
}

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

// Writer writes a batch of points. Its errors are *influx.Error.
type Writer interface {
	Write(ctx context.Context, points []influx.Point) error
}

const (
	maxRetryAfter = 5 * time.Minute // longest pause that a server may ask for
	maxPoints     = 5000            // of one request, as InfluxDB advises
	maxWrites     = 8               // requests at the same time, of all lanes
)

// sink writes points until they are stored or refused. All lanes share one sink.
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
		cfg: cfg, writer: writer, metrics: m, log: log, now: deps.Now,
		slots:   make(chan struct{}, maxWrites),
		refused: &refusals{nats: deps.NATS, metrics: m, log: log, now: deps.Now},
	}
}

// store returns nil when every point is stored, or refused and listed. Errors: the one of an ended
// ctx, or the one of a refusal that could not be listed.
func (s *sink) store(ctx context.Context, l lane, r rows) error {
	for i := 0; i < r.len(); i += maxPoints {
		if err := s.halve(ctx, l, r.slice(i, min(i+maxPoints, r.len()))); err != nil {
			return err
		}
	}
	return nil
}

// halve writes rows. When they are refused, it writes each half, down to the single bad point. When
// the server says that it stored none of them, all are refused. Points that are older than the
// retention of the bucket are found by their time.
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
		recent, old := r.split(func(p influx.Point) bool { return !p.Time.Before(cause.OldestKept) })
		if r.len() == 1 {
			recent, old = rows{}, r
		}
		s.refused.expired(l, old.len(), cause.OldestKept)
		if old.len() > 0 {
			return s.store(ctx, l, recent)
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

// write tries until the points are stored or refused. refusal is nil for stored points. The error
// is the one of an ended ctx.
func (s *sink) write(
	ctx context.Context, stream string, points []influx.Point,
) (refusal *influx.Error, err error) {
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
	err = retry.Until(ctx, policy, func(ctx context.Context) error {
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

// asFailure returns the *influx.Error in err. Any other error becomes one that may pass.
func asFailure(err error) *influx.Error {
	failure := &influx.Error{Kind: influx.KindRetry, Message: err.Error(), Err: err}
	errors.As(err, &failure)
	return failure
}

// try sends one request, when fewer than maxWrites are under way.
func (s *sink) try(ctx context.Context, points []influx.Point) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.outage.waitPause(ctx, s.now); err != nil {
		return err
	}
	began := s.now()
	defer func() { s.metrics.duration.Observe(s.now().Sub(began).Seconds()) }()
	return s.writer.Write(ctx, points)
}

// note counts and logs the result of a request. When the server asks for a pause, note holds all
// lanes.
func (s *sink) note(stream string, err error) {
	if err == nil {
		s.metrics.writes.WithLabelValues(outcomeStored).Inc()
		s.metrics.lastSuccess.Set(float64(s.now().UnixMilli()) / 1e3)
		s.succeeded(stream)
		return
	}
	failure := asFailure(err)
	s.metrics.writes.WithLabelValues(string(failure.Kind)).Inc()
	if failure.Kind == influx.KindRefused {
		if failure.Status != 0 {
			s.succeeded(stream) // the server answers
		}
		return
	}
	now := s.now()
	if lasted, due := s.outage.fail(stream, failure.Kind == influx.KindConfig, now); due {
		event := s.log.Warn()
		if failure.Kind == influx.KindConfig {
			event = s.log.Error() // a person is needed
		}
		event.Str(service.FieldReason, string(failure.Kind)).Str(service.FieldStream, stream).
			AnErr(service.FieldError, failure).Int64(service.FieldDuration, lasted.Milliseconds()).
			Msg("influxdb does not store; messages wait in the streams")
	}
	if failure.RetryAfter > 0 {
		s.outage.pauseUntil(now.Add(min(failure.RetryAfter, maxRetryAfter)))
	}
}

// succeeded notes an answer of the server. That may end an outage.
func (s *sink) succeeded(stream string) {
	if lasted, over := s.outage.succeed(stream, s.now()); over {
		s.log.Info().Int64(service.FieldDuration, lasted.Milliseconds()).Msg("influxdb is back")
	}
}

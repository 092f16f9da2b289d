package recorder

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/service"
)

// Writer stores a batch of points; its errors are *influx.Error.
type Writer interface {
	Write(ctx context.Context, points []influx.Point) error
}

const (
	maxRetryAfter  = 5 * time.Minute // however long the server asks for
	outageReminder = 5 * time.Minute // between log lines about the same outage
	refusedListed  = 10              // refused points of a batch that are logged one by one
	maxPoints      = 5000            // of one request, what InfluxDB advises
)

// sink writes points for as long as it takes.
type sink struct {
	cfg     Config
	writer  Writer
	metrics *recorderMetrics
	log     zerolog.Logger
	now     func() time.Time

	failures    int       // in a row
	outageBegan time.Time // of the failures
	lastTold    time.Time // when the outage was last logged
}

// store returns when every point is stored or refused for good; its only error is that of an ended ctx. It returns how
// many were refused.
func (s *sink) store(ctx context.Context, points []influx.Point) (refused int, err error) {
	for part := range slices.Chunk(points, maxPoints) {
		if err := s.halve(ctx, part, &refused); err != nil {
			return refused, err
		}
	}
	if refused > refusedListed {
		s.log.Warn().Int(service.FieldCount, refused-refusedListed).Msg("more points of the batch refused")
	}
	return refused, nil
}

// halve writes points; when they are refused it writes each half, down to the single bad point, which is skipped.
func (s *sink) halve(ctx context.Context, points []influx.Point, refused *int) error {
	cause, err := s.write(ctx, points)
	if err != nil {
		return err
	}
	if cause == nil {
		s.metrics.points.WithLabelValues(outcomeStored).Add(float64(len(points)))
		return nil
	}
	if len(points) == 1 {
		s.metrics.points.WithLabelValues(outcomeRefused).Inc()
		if *refused++; *refused <= refusedListed {
			p := points[0]
			s.log.Warn().Str(service.FieldSeries, seriesOf(p)).Str("target_time", p.Time.Format(time.RFC3339)).Str(service.FieldReason, string(cause.Kind)).
				AnErr(service.FieldError, cause).Msg("point refused by influxdb")
		}
		return nil
	}
	middle := len(points) / 2
	if err := s.halve(ctx, points[:middle], refused); err != nil {
		return err
	}
	return s.halve(ctx, points[middle:], refused)
}

// write tries until points are stored (nil, nil) or refused (the refusal, nil). The error is that of an ended ctx.
func (s *sink) write(ctx context.Context, points []influx.Point) (*influx.Error, error) {
	for {
		begun := s.now()
		err := s.writer.Write(ctx, points)
		if ctx.Err() != nil && err != nil {
			return nil, ctx.Err()
		}
		s.metrics.duration.Observe(s.now().Sub(begun).Seconds())
		if err == nil {
			s.metrics.writes.WithLabelValues(outcomeStored).Inc()
			s.metrics.lastSuccess.Set(float64(s.now().UnixMilli()) / 1e3)
			s.recovered()
			return nil, nil
		}
		failure := &influx.Error{Kind: influx.KindRetry, Message: err.Error(), Err: err}
		errors.As(err, &failure)
		s.metrics.writes.WithLabelValues(string(failure.Kind)).Inc()
		if failure.Kind == influx.KindRefused {
			if failure.Status != 0 {
				s.recovered() // it answers
			}
			return failure, nil
		}
		if err := s.pause(ctx, failure); err != nil {
			return nil, err
		}
	}
}

// pause notes a failure and waits before the next try: as long as the server asked, else twice as long as the last time,
// up to RetryMax, less a random part so that several recorders do not come back at once.
func (s *sink) pause(ctx context.Context, failure *influx.Error) error {
	wait := s.cfg.RetryMax
	if s.failures < 20 {
		wait = min(wait, s.cfg.RetryMin<<s.failures)
	}
	wait = wait/2 + rand.N(wait/2+1)
	if failure.RetryAfter > 0 {
		wait = min(failure.RetryAfter, maxRetryAfter)
	}
	s.failures++
	s.tell(failure)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// tell logs the begin of an outage and reminds of it now and then.
func (s *sink) tell(failure *influx.Error) {
	now := s.now()
	if s.failures == 1 {
		s.outageBegan = now
	} else if now.Sub(s.lastTold) < outageReminder {
		return
	}
	s.lastTold = now
	event := s.log.Warn()
	if failure.Kind == influx.KindConfig {
		event = s.log.Error() // it does not pass by itself
	}
	event.Str(service.FieldReason, string(failure.Kind)).AnErr(service.FieldError, failure).
		Int64(service.FieldDuration, now.Sub(s.outageBegan).Milliseconds()).
		Msg("influxdb does not store; forecasts wait in the stream")
}

// recovered ends an outage.
func (s *sink) recovered() {
	if s.failures > 0 {
		s.log.Info().Int64(service.FieldDuration, s.now().Sub(s.outageBegan).Milliseconds()).Msg("influxdb is back")
	}
	s.failures = 0
}

// seriesOf returns the series of a point of ours.
func seriesOf(p influx.Point) string {
	var site, meter string
	for _, t := range p.Tags {
		switch t.Key {
		case "site":
			site = t.Value
		case "meter":
			meter = t.Value
		}
	}
	return site + "." + meter
}

package recorder

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Durable is the name of the recorder's consumer on FORECASTS, which keeps its position. One recorder at a time works on it:
// an acknowledgement covers all that came before, what another one has in hand too.
const Durable = "recorder"

// Batch is a run of messages that are acknowledged together, by Ack.
type Batch struct {
	Messages []bus.Message
	Ack      func(ctx context.Context) error
}

// Work hands out batches of at most limit messages; it returns an empty one when none came within wait.
type Work interface {
	Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error)
}

// Deps is what the recorder works with; all but Readiness are needed.
type Deps struct {
	// Open opens the durable consumer; it is called again after a failure.
	Open       func(ctx context.Context) (Work, error)
	Registerer prometheus.Registerer
	Readiness  *service.Readiness // nil: nobody asks
	Log        zerolog.Logger
	Now        func() time.Time // for metrics and log lines alone
}

// FromBus returns Open for a connection.
func FromBus(conn *bus.Conn) func(ctx context.Context) (Work, error) {
	return func(ctx context.Context) (Work, error) {
		work, err := conn.OpenWork(ctx, topology.Forecasts, Durable)
		if err != nil {
			return nil, err
		}
		return busWork{work}, nil
	}
}

// busWork hands out a bus.Work's batches as ours.
type busWork struct{ work *bus.Work }

func (b busWork) Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
	batch, err := b.work.Fetch(ctx, limit, wait)
	return Batch{Messages: batch.Messages, Ack: batch.Ack}, err
}

// Service is the recorder. Start, Run and Stop are those of service.Part.
type Service struct {
	cfg     Config
	deps    Deps
	log     zerolog.Logger
	writer  *influx.Writer
	sink    *sink
	metrics *recorderMetrics
}

// New returns a recorder that has not begun. The error holds all faults of cfg.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if !cfg.Enabled() {
		return nil, errors.New("influx.url: not set; give --influx-url or LOADTIDE_INFLUX_URL")
	}
	if deps.Open == nil || deps.Registerer == nil || deps.Now == nil {
		return nil, errors.New("recorder: Open, Registerer and Now are needed")
	}
	writer, err := influx.New(cfg.Influx)
	if err != nil {
		return nil, err
	}
	m, log := newMetrics(deps.Registerer), service.Component(deps.Log, "recorder")
	return &Service{
		cfg: cfg, deps: deps, log: log, writer: writer, metrics: m,
		sink: &sink{cfg: cfg, writer: writer, metrics: m, log: log, now: deps.Now},
	}, nil
}

// Start does nothing: neither the stream nor InfluxDB need be there yet.
func (s *Service) Start(context.Context) error { return nil }

// Run records until ctx ends. It returns no error of the stream or of InfluxDB: it tries again.
func (s *Service) Run(ctx context.Context) error {
	for failures := 0; ; failures++ {
		begun := s.deps.Now()
		err := s.consume(ctx)
		s.ready(false, "the stream FORECASTS cannot be read")
		if ctx.Err() != nil {
			return nil
		}
		if s.deps.Now().Sub(begun) > s.cfg.RetryMax {
			failures = 0
		}
		if failures == 0 {
			s.log.Warn().AnErr(service.FieldError, err).Msg("forecasts cannot be read; trying again")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(min(s.cfg.RetryMax, s.cfg.RetryMin<<min(failures, 10))):
		}
	}
}

// Stop closes the connection to InfluxDB. A batch under way was given up when Run ended; it comes again at the next start.
func (s *Service) Stop(context.Context) error {
	s.writer.Close()
	return nil
}

// consume is the recorder's path: fetch, translate, write, acknowledge.
func (s *Service) consume(ctx context.Context) error {
	work, err := s.deps.Open(ctx)
	if err != nil {
		return fmt.Errorf("open consumer %s: %w", Durable, err)
	}
	s.ready(true, "")
	for {
		batch, err := work.Fetch(ctx, s.cfg.Batch, s.cfg.Wait)
		if err != nil {
			return fmt.Errorf("fetch: %w", err)
		}
		if len(batch.Messages) == 0 {
			s.metrics.pending.Set(0)
			continue
		}
		s.metrics.pending.Set(float64(batch.Messages[len(batch.Messages)-1].Pending))
		points, unreadable := s.translate(batch.Messages)
		if _, err := s.sink.store(ctx, points); err != nil {
			return err
		}
		if err := s.acknowledge(ctx, batch); err != nil {
			return err
		}
		s.count(batch.Messages, unreadable)
	}
}

// translate returns the points of all messages. I7: a message that cannot be read is counted and passed over.
func (s *Service) translate(messages []bus.Message) (points []influx.Point, unreadable int) {
	for _, m := range messages {
		f, err := streams.DecodeForecast(m.Data)
		if err != nil {
			unreadable++
			s.log.Warn().Str(service.FieldSubject, m.Subject).Uint64(service.FieldStreamSeq, m.Seq).
				AnErr(service.FieldError, err).Msg("forecast is unreadable, not recorded")
			continue
		}
		points = AppendPoints(points, &f)
	}
	return points, unreadable
}

// ackTimeout bounds the acknowledgement of a batch that is stored, also when the recorder is to stop.
const ackTimeout = 5 * time.Second

func (s *Service) acknowledge(ctx context.Context, batch Batch) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), ackTimeout)
	defer cancel()
	if err := batch.Ack(ctx); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// count notes a batch that is done.
func (s *Service) count(messages []bus.Message, unreadable int) {
	now := s.deps.Now()
	for _, m := range messages {
		s.metrics.age.Observe(max(0, now.Sub(m.Time).Seconds()))
	}
	s.metrics.messages.WithLabelValues(outcomeStored).Add(float64(len(messages) - unreadable))
	s.metrics.messages.WithLabelValues(outcomeUnreadable).Add(float64(unreadable))
}

func (s *Service) ready(ready bool, why string) {
	switch {
	case s.deps.Readiness == nil:
	case ready:
		s.deps.Readiness.Ready()
	default:
		s.deps.Readiness.NotReady(why)
	}
}

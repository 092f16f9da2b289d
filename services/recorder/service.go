package recorder

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
)

// lookEvery is the interval between two looks for new partition logs and for the backlog of the
// streams.
const lookEvery = 5 * time.Second

// Deps is what the recorder works with. Ready may be nil.
type Deps struct {
	NATS    NATS
	Metrics prometheus.Registerer
	Ready   *service.Readiness
	Log     zerolog.Logger
	Now     func() time.Time // for metrics, log lines and the pauses that a server asks for
}

// Service is the recorder. It is a service.Part.
type Service struct {
	cfg     Config
	deps    Deps
	log     zerolog.Logger
	writer  *influx.Writer
	sink    *sink
	metrics *metrics
	streams outage // of reading the streams

	mu      sync.Mutex
	waiting []string // streams that are not read, in the order of their lanes
	counted bool     // every partition has a lane
}

// New returns a recorder. The error has all faults of cfg.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if !cfg.Enabled() {
		return nil, errors.New("influx-url: not set; give --influx-url or LOADTIDE_INFLUX_URL")
	}
	if deps.NATS == nil || deps.Metrics == nil || deps.Now == nil {
		return nil, errors.New("recorder: NATS, Metrics and Now are needed")
	}
	writer, err := influx.New(cfg.Influx)
	if err != nil {
		return nil, err
	}
	m, log := newMetrics(deps.Metrics), service.Component(deps.Log, "recorder")
	return &Service{
		cfg: cfg, deps: deps, log: log, writer: writer, metrics: m,
		sink: newSink(cfg, writer, m, log, deps),
	}, nil
}

// Start does nothing. The streams and InfluxDB need not exist yet.
func (s *Service) Start(context.Context) error { return nil }

// Run records until ctx ends, and returns nil. After failures of the streams or of InfluxDB it
// tries again.
func (s *Service) Run(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	var lanes []lane
	add := func(l lane) {
		lanes = append(lanes, l)
		s.notReading(l.stream)
		running.Go(func() { s.run(ctx, l) })
	}
	for _, l := range fixedLanes() {
		add(l)
	}
	for logs := 0; ; {
		wait := lookEvery
		if n, err := s.deps.NATS.Partitions(ctx); err == nil {
			for ; logs < n; logs++ {
				add(logLane(ctx, logs, s.deps.NATS))
			}
			s.partitionsKnown()
		} else if logs == 0 {
			wait = min(lookEvery, s.cfg.RetryMax)
		}
		s.measure(ctx, lanes)
		if retry.Sleep(ctx, wait) != nil {
			return nil
		}
	}
}

// Stop closes the connection to InfluxDB. Batches that were not recorded when Run ended come again
// at the next start.
func (s *Service) Stop(context.Context) error {
	s.writer.Close()
	return nil
}

// measure sets the metric of the backlog. A stream that does not answer is left out of its sum.
func (s *Service) measure(ctx context.Context, lanes []lane) {
	left := make(map[string]float64)
	for _, l := range lanes {
		if n, err := s.deps.NATS.Unacknowledged(ctx, l.stream); err == nil {
			left[l.kind] += float64(n)
		}
	}
	if ctx.Err() != nil {
		return
	}
	for _, kind := range kinds() {
		s.metrics.pending.WithLabelValues(kind).Set(left[kind])
	}
}

// reading notes that a stream is read.
func (s *Service) reading(stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = slices.DeleteFunc(s.waiting, func(w string) bool { return w == stream })
	s.report()
}

// notReading notes that a stream is not read.
func (s *Service) notReading(stream string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Contains(s.waiting, stream) {
		s.waiting = append(s.waiting, stream)
	}
	s.report()
}

// partitionsKnown notes that every partition has a lane.
func (s *Service) partitionsKnown() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counted = true
	s.report()
}

// report says in the process' health whether all streams are read. The caller holds the lock.
func (s *Service) report() {
	switch {
	case len(s.waiting) > 0:
		s.deps.Ready.NotReady(fmt.Sprintf("the stream %s cannot be read", s.waiting[0]))
	case !s.counted:
		s.deps.Ready.NotReady("the number of partitions is not known")
	default:
		s.deps.Ready.Ready()
	}
}

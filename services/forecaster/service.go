package forecaster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Deps are what a Service works with.
type Deps struct {
	Conn        *bus.Conn
	Registry    registry.Registry
	Bases       *base.Shelf // the base models to serve; nil for none
	Checkpoints checkpoint.Store
	Metrics     prometheus.Registerer
	Ready       *service.Readiness
	Log         zerolog.Logger
	Now         func() time.Time
}

// deps are what every partition and the reloader share.
type deps struct {
	cfg        Config
	pace       pace
	conn       *bus.Conn
	store      checkpoint.Store
	models     *modelStore
	metrics    *metrics
	status     *statusBoard
	now        func() time.Time
	partitions int
	questions  []chan question // by partition
	replaced   *replacedWarnings
	log        zerolog.Logger
}

// Service runs all partitions of one process and the reloader.
type Service struct {
	deps
	ready   *service.Readiness
	parts   []*partition
	outside *outside
}

// New checks the configuration; Start does the work.
func New(cfg Config, d Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	status := &statusBoard{}
	return &Service{
		deps: deps{
			cfg: cfg, pace: defaultPace(), conn: d.Conn, store: d.Checkpoints,
			models:  newModelStore(d.Registry, d.Bases),
			metrics: newMetrics(d.Metrics, d.Now, status), status: status, now: d.Now,
			replaced: &replacedWarnings{},
			log:      service.Component(d.Log, "forecaster"),
		},
		ready: d.Ready,
	}, nil
}

// startTogether bounds how many partitions restore at once.
const startTogether = 4

// Start makes the missing streams and restores every partition.
func (s *Service) Start(ctx context.Context) error {
	if err := s.checkChampions(ctx); err != nil {
		return err
	}
	layout, err := topology.Ensure(
		ctx, s.conn.JetStream(), s.cfg.Streams, s.patiently(s.firstRecords),
	)
	if err != nil {
		return err
	}
	s.partitions = layout.Partitions
	s.status.open(s.partitions)
	s.parts = make([]*partition, s.partitions)
	s.questions = make([]chan question, s.partitions)
	for i := range s.questions {
		s.questions[i] = make(chan question)
		if err := s.announceLimit(ctx, i); err != nil {
			return err
		}
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(startTogether)
	for i := range s.parts {
		group.Go(func() error {
			p, err := startPartition(ctx, s.deps, i)
			s.parts[i] = p
			return err
		})
	}
	if err := group.Wait(); err != nil {
		for _, p := range s.parts {
			if p != nil {
				p.close()
			}
		}
		return err
	}
	for _, p := range s.parts {
		s.status.addRestored(p.pipeline.engine.Series())
	}
	return nil
}

// checkChampions stops the start when a champion cannot be loaded. After the start a broken
// champion is skipped, because the current model keeps serving; at the start there is no current
// model. A champion that only lacks covariates is skipped in both cases.
func (s *Service) checkChampions(ctx context.Context) error {
	_, err := s.champions(ctx)
	if errors.Is(err, registry.ErrUnavailable) && ctx.Err() == nil {
		// The logs name the models in force, and models that were fetched before are on this
		// machine.
		s.log.Warn().
			AnErr(service.FieldError, err).
			Msg("the registry is away, the start goes on without it")
		return nil
	}
	return err
}

// champions returns the versions to serve, one for each interval that has one.
func (s *Service) champions(ctx context.Context) ([]registry.Version, error) {
	var all []registry.Version
	for _, name := range registry.ModelNames() {
		v, ok, err := s.champion(ctx, name)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, v)
		}
	}
	return all, nil
}

// champion returns the version of a name to serve. ok is false when there is none, or it cannot be
// served here.
func (s *Service) champion(
	ctx context.Context, name string,
) (v registry.Version, ok bool, err error) {
	r := reloader{deps: s.deps}
	if v, ok, err = r.ask(ctx, name); err != nil || !ok {
		return v, false, err
	}
	if err = r.verify(ctx, v); errors.Is(err, engine.ErrCovariates) {
		return v, false, nil // the reloader reports it
	}
	return v, err == nil, err
}

// registryPause is the time between two calls to a registry that does not answer.
const registryPause = 2 * time.Second

// patiently returns a function that calls record until the registry answers. The start waits for
// the registry, because a log takes no reading before its first model.
func (s *Service) patiently(
	record func(context.Context, int) error,
) func(context.Context, int) error {
	return func(ctx context.Context, partition int) error {
		policy := retry.Policy{
			Backoff: retry.Backoff{Least: registryPause},
			Final:   func(err error) bool { return !errors.Is(err, registry.ErrUnavailable) },
			Notice: &retry.Notice{Kind: retry.AnyKind, Failed: func(err error) {
				s.log.Warn().AnErr(service.FieldError, err).Int(service.FieldPartition, partition).
					Msg("a new log waits for the registry: its first record names the champion")
				s.ready.NotReady("waiting for the model registry")
			}},
		}
		err := retry.Until(ctx, policy, func(ctx context.Context) error {
			return record(ctx, partition)
		})
		if errors.Is(err, registry.ErrUnavailable) && ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
}

// firstRecords writes the limit of series and the control records of the base models and champions
// into a new log, before the log takes readings.
func (s *Service) firstRecords(ctx context.Context, partition int) error {
	if err := s.announceLimit(ctx, partition); err != nil {
		return err
	}
	champions, err := s.champions(ctx)
	if err != nil {
		return err
	}
	named, last, err := s.namedModels(ctx, partition)
	if err != nil {
		return err
	}
	r := reloader{deps: s.deps}
	for _, v := range append(r.baseVersions(), champions...) {
		if named[roleOfVersion(v.Name, v.Version)] == v.Digest {
			continue // an interrupted start has written the record
		}
		if last, err = r.record(ctx, partition, last, v); err != nil {
			return err
		}
	}
	return nil
}

// namedModels returns the digest of the last record of each role in a new log, and the sequence of
// the last record. A new log has few messages.
func (s *Service) namedModels(
	ctx context.Context, partition int,
) (named map[role]string, last uint64, err error) {
	named = map[role]string{}
	for {
		subject := streams.ControlSubject(partition, streams.ControlModel)
		m, ok, err := s.conn.NextBySubject(ctx, topology.Log(partition), subject, last+1)
		if err != nil || !ok {
			return named, last, err
		}
		record, err := decodeModelControl(&m)
		if err != nil {
			return named, last, err
		}
		named[roleOfVersion(record.Name, record.Version)], last = record.Digest, m.Seq
	}
}

// Run forecasts until ctx ends, then drains. It starts a partition that breaks again with back-off.
// It returns the first failure that a new start cannot mend.
func (s *Service) Run(ctx context.Context) error {
	var watchers sync.WaitGroup
	watching, stop := context.WithCancel(ctx)
	defer watchers.Wait()
	defer stop()
	reload := newReloader(s.deps)
	watchers.Go(func() { reload.run(watching) })
	s.outside = newOutside(s.deps)
	watchers.Go(func() { s.outside.run(watching) })
	watchers.Go(func() { s.watch(watching) })
	watchers.Go(func() { (&settingsWriter{deps: s.deps}).run(watching) })
	for i := range s.parts {
		watchers.Go(func() { s.answer(watching, i) })
	}

	group, ctx := errgroup.WithContext(ctx)
	for i, p := range s.parts {
		group.Go(func() error { return s.keep(ctx, i, p) })
	}
	return group.Wait()
}

// restartLeast and restartMost bound the pause before a broken partition starts again. After a run
// longer than restartMost the pauses begin with restartLeast again.
const restartLeast, restartMost = 200 * time.Millisecond, 10 * time.Second

// keep runs a partition, and starts it again after each failure, until ctx ends or a failure is
// fatal. keep returns fatal failures only.
func (s *Service) keep(ctx context.Context, index int, p *partition) error {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: restartLeast, Most: restartMost, Jitter: true},
		Steady:  restartMost, Final: fatal,
	}
	err := retry.Until(ctx, policy, func(ctx context.Context) error {
		opened := p
		p = nil // only the first attempt finds a partition that Start has opened
		return s.runPartition(ctx, index, opened)
	})
	if err != nil && fatal(err) {
		return err
	}
	return nil
}

// runPartition runs the partition p, or opens it first when p is nil, until it fails or ctx ends.
// Failures that are not fatal are logged here.
func (s *Service) runPartition(ctx context.Context, index int, p *partition) (err error) {
	log := s.log.With().Int(service.FieldPartition, index).Logger()
	if p == nil {
		if p, err = startPartition(ctx, s.deps, index); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			if !fatal(err) {
				log.Warn().AnErr(service.FieldError, err).Msg("partition not started")
			}
			return err
		}
	}
	if err = p.run(ctx); err == nil {
		return nil
	}
	s.status.setDown(index)
	if !fatal(err) {
		s.metrics.restarts.Inc()
		log.Warn().AnErr(service.FieldError, err).Msg("partition broke, starting it again")
	}
	return err
}

// watchEvery is the interval between two looks of watch.
const watchEvery = 100 * time.Millisecond

// watch sets the readiness, the gauges of models and the garbage collector until ctx ends.
func (s *Service) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	digests, percent := map[role]string{}, 100
	for {
		status := s.status.current()
		percent = tuneCollector(percent, status.Series)
		switch {
		case !s.conn.Connected():
			s.ready.NotReady("connection to NATS lost")
		case !status.Ready:
			s.ready.NotReady("reading the logs up to now")
		case s.outside.notReady() != "":
			s.ready.NotReady(s.outside.notReady())
		default:
			s.ready.Ready()
		}
		s.showModels(ctx, digests)
		select {
		case <-ctx.Done():
			s.ready.NotReady("draining")
			return
		case <-tick.C:
		}
	}
}

// showModels sets the gauges of models to the models in force. digests holds the digests of the
// models that the gauges show.
func (s *Service) showModels(ctx context.Context, digests map[role]string) {
	for r, serving := range s.status.modelsInForce() {
		m, name := serving.model, meter.IntervalName(r.interval)
		if m.Digest == digests[r] {
			continue
		}
		s.metrics.model.DeletePartialMatch(prometheus.Labels{"interval": name, "alias": r.alias()})
		s.metrics.model.WithLabelValues(m.Version, r.alias(), name).Set(1)
		if digests[r] != "" {
			s.metrics.swaps.WithLabelValues(swapOK).Inc()
		}
		digests[r] = m.Digest
		if since := s.sinceWhen(ctx, serving); !since.IsZero() {
			s.metrics.since.WithLabelValues(r.alias(), name).Set(float64(since.UnixMilli()) / 1000)
		}
	}
}

// sinceWhen returns the time when a model in force was written into the log, zero when it is not
// known. A checkpoint of release 0.1.0 does not have the time; the log does, as long as it has the
// record.
func (s *Service) sinceWhen(ctx context.Context, serving servingModel) time.Time {
	if !serving.since.IsZero() {
		return serving.since
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	subject := streams.ControlSubject(0, streams.ControlModel)
	last, ok, err := s.conn.LastBySubject(ctx, topology.Log(0), subject)
	if err != nil || !ok {
		return time.Time{}
	}
	record, err := decodeModelControl(&last)
	if err != nil || record.Digest != serving.model.Digest {
		return time.Time{}
	}
	return last.Time
}

// Stop does nothing: Run drains when its context ends.
func (s *Service) Stop(context.Context) error { return nil }

// Status returns the current status.
func (s *Service) Status() Status { return s.status.current() }

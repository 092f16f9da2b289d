package gateway

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams/topology"
)

// Store reads single messages and states; *bus.Conn is one.
type Store interface {
	LastBySubject(ctx context.Context, stream, subject string) (bus.Message, bool, error)
	StreamState(ctx context.Context, stream string) (bus.StreamState, error)
}

// Deps is what the gateway works with. Models, Admin and Ready may be nil.
type Deps struct {
	Store Store
	// OpenReader opens FORECASTS with the newest message of each subject first. It is called again
	// after a failure.
	OpenReader func(ctx context.Context) (Reader, error)
	// Partitions returns the number of partitions of the deployment.
	Partitions func(ctx context.Context) (int, error)
	// Models lists the versions of models; nil means that GET /v1/models answers 503.
	Models  Models
	Version string // of the program
	// Admin serves /metrics, /healthz and /readyz on the gateway's port; nil means that another
	// port has them.
	Admin   http.Handler
	Metrics prometheus.Registerer
	Ready   *service.Readiness
	Log     zerolog.Logger
	Now     func() time.Time // for metrics and log lines only
}

// Service is the gateway. It is a service.Part.
type Service struct {
	deps    Deps
	log     zerolog.Logger
	metrics *metrics
	view    *View
	handler http.Handler
	server  *service.HTTPServer

	partitions      atomic.Int64 // 0 until it is known
	models          atomic.Pointer[models]
	modelsAway      atomic.Bool  // the registry did not answer the last time
	lastUnavailable atomic.Int64 // unix nanoseconds of the last log line about it
}

// New returns a gateway that does not listen yet. The error has all faults of cfg.
func New(cfg Config, deps Deps) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if deps.Store == nil || deps.OpenReader == nil || deps.Partitions == nil ||
		deps.Metrics == nil || deps.Now == nil {
		return nil, errors.New("gateway: Store, OpenReader, Partitions, Metrics and Now are needed")
	}
	s := &Service{
		deps: deps, log: service.Component(deps.Log, "gateway"), metrics: newMetrics(deps.Metrics),
		view: NewView(),
	}
	handler, err := s.routes()
	if err != nil {
		return nil, err
	}
	s.handler = handler
	listener := service.HTTPConfig{Listen: cfg.Listen, What: "page and API", Flag: "--http-listen"}
	s.server = service.NewHTTPServer(listener, handler, s.log)
	return s, nil
}

// FromBus returns the dependencies that a connection gives: Store, OpenReader and Partitions.
func FromBus(conn *bus.Conn) Deps {
	return Deps{
		Store: conn,
		OpenReader: func(ctx context.Context) (Reader, error) {
			reader, err := conn.OpenReader(ctx, bus.ReaderConfig{
				Stream: topology.Forecasts, LastPerSubject: true, Buffer: followBatch,
			})
			if err != nil {
				return nil, err
			}
			return reader, nil
		},
		Partitions: func(ctx context.Context) (int, error) {
			return topology.Partitions(ctx, conn.JetStream())
		},
	}
}

// Handler returns the handler of all routes, for another listener.
func (s *Service) Handler() http.Handler { return s.handler }

// Addr returns the address in use after Start.
func (s *Service) Addr() string { return s.server.Addr() }

// Start opens the listener. The stream need not exist yet. Errors are *service.HintError.
func (s *Service) Start(ctx context.Context) error { return s.server.Start(ctx) }

// Run answers and follows the stream until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	followCtx, cancel := context.WithCancel(ctx)
	var followers sync.WaitGroup
	followers.Go(func() { s.follow(followCtx) })
	if s.deps.Models != nil {
		followers.Go(func() { s.watchModels(followCtx) })
	}
	err := s.server.Run(ctx)
	s.deps.Ready.NotReady("draining")
	cancel()
	followers.Wait()
	return err
}

// Stop waits for the requests under way.
func (s *Service) Stop(ctx context.Context) error { return s.server.Stop(ctx) }

package service

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// Limits of every HTTP listener: a slow or broken client has a bounded cost.
const (
	httpHeaderTimeout  = 5 * time.Second
	httpBodyTimeout    = 60 * time.Second
	httpAnswerTimeout  = 60 * time.Second
	httpIdleTimeout    = 120 * time.Second
	httpMaxHeaderBytes = 16 << 10
)

// HTTPConfig configures a listener. What and Flag are for the error of a port in use.
type HTTPConfig struct {
	Listen string // host:port
	What   string // what it serves, in words, such as "page and API"
	Flag   string // the flag that changes the address, such as "--http-listen"
}

// HTTPServer is a Part that answers HTTP. It listens when Start has returned.
type HTTPServer struct {
	cfg      HTTPConfig
	log      zerolog.Logger
	server   *http.Server
	listener net.Listener
}

// NewHTTPServer returns a server of handler, which does not listen yet.
func NewHTTPServer(cfg HTTPConfig, handler http.Handler, logger zerolog.Logger) *HTTPServer {
	return &HTTPServer{cfg: cfg, log: logger, server: &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: httpHeaderTimeout,
		ReadTimeout:       httpBodyTimeout,
		WriteTimeout:      httpAnswerTimeout,
		IdleTimeout:       httpIdleTimeout,
		MaxHeaderBytes:    httpMaxHeaderBytes,
		ErrorLog:          log.New(errorLog{logger}, "", 0),
	}}
}

// Start opens the listener. Its errors are *HintError.
func (s *HTTPServer) Start(ctx context.Context) error {
	l, err := Listen(ctx, s.cfg.Listen, s.cfg.What, s.cfg.Flag)
	if err != nil {
		return err
	}
	s.listener = l
	s.log.Info().Str(FieldAddress, l.Addr().String()).Str(FieldServes, s.cfg.What).Msg("listening")
	return nil
}

// Addr returns the address after Start, with the real port when port 0 was configured.
func (s *HTTPServer) Addr() string { return s.listener.Addr().String() }

// Run answers requests until ctx ends.
func (s *HTTPServer) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", s.cfg.What, err)
	case <-ctx.Done():
	}
	// Stop finishes the requests under way.
	_ = s.listener.Close() // Serve may have closed it
	if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) &&
		!errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", s.cfg.What, err)
	}
	return nil
}

// Stop waits for the requests under way. When ctx ends, it closes the connections that are left.
func (s *HTTPServer) Stop(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errors.Join(fmt.Errorf("requests to %s under way: %w", s.cfg.What, err),
			s.server.Close())
	}
	return err
}

// errorLog logs the lines of net/http, such as a broken handshake or a handler that panicked, as
// warnings.
type errorLog struct{ log zerolog.Logger }

func (e errorLog) Write(p []byte) (int, error) {
	text, _, _ := strings.Cut(string(p), "\n")
	e.log.Warn().Str(FieldReason, text).Msg("http connection failed")
	return len(p), nil
}

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

// Limits of every HTTP listener, so that a slow or broken client costs a bounded amount.
const (
	httpHeaderTimeout  = 5 * time.Second
	httpBodyTimeout    = 60 * time.Second
	httpAnswerTimeout  = 60 * time.Second
	httpIdleTimeout    = 120 * time.Second
	httpMaxHeaderBytes = 16 << 10
)

// HTTPConfig places a listener and names it for the error of a port in use.
type HTTPConfig struct {
	Listen string // host:port
	What   string // in words, such as "page and API"
	Flag   string // the flag that moves it, such as "--http-listen"
}

// HTTPServer is a Part that answers HTTP. Its address is open from the end of Start on.
type HTTPServer struct {
	cfg      HTTPConfig
	log      zerolog.Logger
	server   *http.Server
	listener net.Listener
}

// NewHTTPServer returns a server of handler that is not listening yet.
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

// Addr returns the address in use after Start, which tells the port where port 0 was asked for.
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
	// Requests under way are finished by Stop; Serve returns as soon as Shutdown begins, so it is waited for there.
	_ = s.listener.Close() // Serve may have closed it
	if err := <-served; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", s.cfg.What, err)
	}
	return nil
}

// Stop finishes requests under way, then closes what is left when ctx ends.
func (s *HTTPServer) Stop(ctx context.Context) error {
	err := s.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return errors.Join(fmt.Errorf("requests to %s under way: %w", s.cfg.What, err), s.server.Close())
	}
	return err
}

// errorLog turns net/http's own lines (a broken handshake, a handler that panicked) into warnings.
type errorLog struct{ log zerolog.Logger }

func (e errorLog) Write(p []byte) (int, error) {
	text, _, _ := strings.Cut(string(p), "\n")
	e.log.Warn().Str(FieldReason, text).Msg("http connection failed")
	return len(p), nil
}

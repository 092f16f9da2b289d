package bustest

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/servertest"
)

const (
	// Partitions is how many logs Start spreads readings over, unless edit says otherwise.
	Partitions = 8
	patience   = 20 * time.Second
	pause      = 50 * time.Millisecond // between two tries to listen
)

// Server is a NATS server that can be stopped and started again on the same port and store.
type Server struct {
	*bus.Embedded
	t   testing.TB
	cfg bus.EmbeddedConfig
	up  bool
}

// Start starts a server that ends with the test. edit may change its configuration.
func Start(t testing.TB, edit ...func(*bus.EmbeddedConfig)) *Server {
	t.Helper()
	address, err := servertest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, cfg: bus.EmbeddedConfig{
		Listen: address, StoreDir: filepath.Join(t.TempDir(), "nats"),
		Partitions: Partitions, Log: zerolog.Nop(),
	}}
	for _, e := range edit {
		e(&s.cfg)
	}
	s.Restart()
	t.Cleanup(s.Stop)
	return s
}

// StoreDir returns the folder of its streams.
func (s *Server) StoreDir() string { return s.cfg.StoreDir }

// Stop shuts the server down and waits for it.
func (s *Server) Stop() {
	s.t.Helper()
	if !s.up {
		return
	}
	s.up = false
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		s.t.Error(err)
	}
}

// Restart stops the server if it runs, and starts it on the same port and store. When a connection
// of another program has taken the port meanwhile, Restart waits for it.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	embedded, err := bus.StartEmbedded(s.cfg)
	var taken *bus.ListenError
	for giveUp := time.Now().Add(patience); errors.As(err, &taken) && time.Now().Before(giveUp); {
		time.Sleep(pause)
		embedded, err = bus.StartEmbedded(s.cfg)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	u, err := url.Parse(embedded.URL())
	if err != nil {
		s.t.Fatal(err)
	}
	s.Embedded, s.up, s.cfg.Listen = embedded, true, u.Host
}

// Connect returns a connection over TCP that ends with the test.
func (s *Server) Connect() *bus.Conn {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cfg := bus.Config{URL: s.URL(), Name: s.t.Name(), ConnectTimeout: patience}
	conn, err := bus.Connect(ctx, cfg, zerolog.Nop())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(conn.Close)
	return conn
}

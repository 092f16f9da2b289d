package bus

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

const (
	// readyTimeout bounds the wait for the listener after the stores are open.
	readyTimeout = 10 * time.Second
	// syncInterval is the age of stored data that a loss of power may destroy; the server's own
	// default is 2 min.
	syncInterval = 10 * time.Second
	// batchTimeout is how long the server keeps a batch of a publisher whose process stands still.
	batchTimeout = 30 * time.Second
	// batchesPerStream is how many batches may be open on one stream. FORECASTS gets one for each
	// of up to 1024 partitions, and two while partitions change owners. The server's default is
	// 1000.
	batchesPerStream = 2048
	maxPartitions    = 1024
)

// EmbeddedConfig configures the embedded server.
type EmbeddedConfig struct {
	// Listen is host:port for clients; port 0 means a free one.
	Listen string
	// StoreDir is the folder of the streams. The server makes it if it does not exist.
	StoreDir string
	// Partitions is how many logs the readings are spread over. It counts for a new store only; the
	// streams of an older store know their number, see Embedded.Partitions.
	Partitions int
	// MaxStoreBytes bounds all streams together; 0 means three quarters of the free disk.
	MaxStoreBytes int64
	// Log receives the server's warnings and errors.
	Log zerolog.Logger
}

// Embedded is a NATS server with JetStream in this process. It maps readings.<site>.<meter> to
// r.<p>.<site>.<meter> before the first client can connect.
type Embedded struct {
	server     *server.Server
	url        string
	partitions int
}

// StartEmbedded starts the server and returns when clients can connect. Errors: *ListenError,
// *StoreError.
func StartEmbedded(cfg EmbeddedConfig) (*Embedded, error) {
	host, port, err := splitListen(cfg.Listen)
	if err != nil {
		return nil, &ListenError{Address: cfg.Listen, Err: err}
	}
	if err := probeDir(cfg.StoreDir); err != nil {
		return nil, &StoreError{Dir: cfg.StoreDir, Err: err}
	}
	if err := probeListen(host, port); err != nil {
		return nil, &ListenError{Address: cfg.Listen, Err: err}
	}
	partitions, err := storedPartitions(cfg.StoreDir)
	if err != nil {
		return nil, &StoreError{Dir: cfg.StoreDir, Err: err}
	}
	if partitions == 0 {
		partitions = cfg.Partitions
	}
	if partitions < 1 || partitions > maxPartitions {
		return nil, fmt.Errorf("partitions is %d: choose 1 to %d", partitions, maxPartitions)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	srv, err := server.NewServer(&server.Options{
		ServerName: "loadtide", Host: host, Port: port, NoSigs: true, DisableJetStreamBanner: true,
		JetStream: true, StoreDir: cfg.StoreDir, JetStreamMaxStore: cfg.MaxStoreBytes,
		SyncInterval: syncInterval,
		JetStreamLimits: server.JSLimitOpts{
			MaxBatchTimeout: batchTimeout, MaxBatchInflightPerStream: batchesPerStream,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make nats server: %w", err)
	}
	log := &serverLog{log: cfg.Log}
	srv.SetLoggerV2(log, false, false, false)
	e := &Embedded{server: srv, partitions: partitions}
	if err := e.Map(partitions); err != nil {
		return nil, err
	}
	srv.Start() // opens the stores, then the listener; returns when both are open or one has failed
	if fatal := log.fatal(); fatal != nil || !srv.ReadyForConnections(readyTimeout) {
		srv.Shutdown()
		srv.WaitForShutdown()
		return nil, startError(cfg, srv, fatal)
	}
	e.url = clientURL(host, srv.Addr())
	return e, nil
}

// Map maps the public subjects of readings to the logs of so many partitions. 0 takes the mapping
// away, as on a server whose configuration does not have it.
func (e *Embedded) Map(partitions int) error {
	account := e.server.GlobalAccount()
	if partitions == 0 {
		account.RemoveMapping(publicReadings)
		return nil
	}
	if err := account.AddMapping(publicReadings, partitionedReadings(partitions)); err != nil {
		return fmt.Errorf("map readings to %d partitions: %w", partitions, err)
	}
	return nil
}

// startError finds out whether the listener or the store failed.
func startError(cfg EmbeddedConfig, srv *server.Server, fatal error) error {
	var op *net.OpError
	switch {
	case fatal == nil:
		return fmt.Errorf("nats server is not ready for clients after %s", readyTimeout)
	case srv.JetStreamEnabled() || errors.As(fatal, &op):
		return &ListenError{Address: cfg.Listen, Err: fatal}
	}
	return &StoreError{Dir: cfg.StoreDir, Err: fatal}
}

// URL returns the address for a client on this machine.
func (e *Embedded) URL() string { return e.url }

// Partitions returns how many logs the mapping spreads readings over: the number of the streams in
// the store, or the configured one for a new store.
func (e *Embedded) Partitions() int { return e.partitions }

// StoreBytes returns the bound of all streams together.
func (e *Embedded) StoreBytes() int64 {
	if js := e.server.JetStreamConfig(); js != nil {
		return js.MaxStore
	}
	return 0
}

// Shutdown ends the server and waits until its stores are written, or until ctx ends.
func (e *Embedded) Shutdown(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.server.Shutdown()
		e.server.WaitForShutdown()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("shut nats server down: %w", ctx.Err())
	}
}

func splitListen(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("port %q is no number from 0 to 65535", text)
	}
	return host, port, nil
}

// probeListen finds out whether the address is free. The server would only log that it is not.
func probeListen(host string, port int) error {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp",
		net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	return listener.Close()
}

// probeDir makes the folder and checks that this user may write there.
func probeDir(dir string) error {
	if dir == "" {
		return errors.New("no folder is given")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".probe-*")
	if err != nil {
		return err
	}
	return errors.Join(file.Close(), os.Remove(filepath.Join(dir, filepath.Base(file.Name()))))
}

// clientURL returns the address at which a client on this machine reaches a server that listens on
// host.
func clientURL(host string, addr net.Addr) string {
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "nats://" + net.JoinHostPort(host, strconv.Itoa(addr.(*net.TCPAddr).Port))
}

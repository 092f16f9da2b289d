package bus

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/retry"
)

const (
	defaultConnectTimeout = 3 * time.Second
	defaultRequestTimeout = 5 * time.Second
	connectRetryPause     = 100 * time.Millisecond
	reconnectPause        = 200 * time.Millisecond
	reconnectJitter       = 100 * time.Millisecond
	pingInterval          = 10 * time.Second // two unanswered ones mean a dead connection
	pingsUnanswered       = 2
	closeTimeout          = 5 * time.Second
)

// Config says where the server is.
type Config struct {
	// URL of the server, several parted by commas; user and password may stand in it. Not read when InProcess is set.
	URL string
	// Name of this client in the server's lists.
	Name string
	// ConnectTimeout bounds the whole of Connect, retries included; 3 s when zero.
	ConnectTimeout time.Duration
	// RequestTimeout bounds each request, and the wait of a Publisher for room; 5 s when zero. A context may end it earlier.
	RequestTimeout time.Duration
	// InProcess connects to this server without a socket.
	InProcess *Embedded
}

// Conn is a connection that mends itself: it reconnects for ever until Close. While it is down publishes and requests
// fail at once; nothing is kept to be sent later, when its sender may no longer be the one who should. Safe for
// concurrent use.
type Conn struct {
	cfg  Config
	url  string // without password
	log  zerolog.Logger
	nc   *nats.Conn
	js   jetstream.JetStream
	gone chan struct{} // closed when the connection is closed for good

	mu   sync.Mutex
	lost bool
	back chan struct{} // closed while connected, new while not
	down chan struct{} // closed while not connected, new while connected
	left []string      // see leave
}

// Connect connects to the server, trying again until ConnectTimeout is over, and checks that it is one that can be
// worked with. Errors: *ConnectError, *VersionError, *JetStreamError.
func Connect(ctx context.Context, cfg Config, log zerolog.Logger) (*Conn, error) {
	if cfg.ConnectTimeout <= 0 {
		cfg.ConnectTimeout = defaultConnectTimeout
	}
	if cfg.RequestTimeout <= 0 {
		cfg.RequestTimeout = defaultRequestTimeout
	}
	if cfg.InProcess != nil {
		cfg.URL = cfg.InProcess.URL()
	}
	c := &Conn{cfg: cfg, url: redact(cfg.URL), log: log, gone: make(chan struct{}), back: make(chan struct{}), down: make(chan struct{})}
	close(c.back)
	if err := c.dial(ctx); err != nil {
		return nil, &ConnectError{URL: c.url, Err: err}
	}
	if err := c.check(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// dial opens the connection; a refused right is final at once, anything else is tried again until the time is up.
func (c *Conn) dial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout)
	defer cancel()
	options := []nats.Option{
		nats.Name(c.cfg.Name), nats.Timeout(c.cfg.ConnectTimeout),
		nats.MaxReconnects(-1), nats.ReconnectWait(reconnectPause), nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		nats.ReconnectBufSize(-1), nats.PingInterval(pingInterval), nats.MaxPingsOutstanding(pingsUnanswered),
		nats.DisconnectErrHandler(c.onLost), nats.ReconnectHandler(c.onBack), nats.ClosedHandler(c.onClosed),
		nats.ErrorHandler(c.onError),
	}
	if c.cfg.InProcess != nil {
		options = append(options, nats.InProcessServer(c.cfg.InProcess.server))
	}
	policy := retry.Policy{Backoff: retry.Backoff{Least: connectRetryPause}, Final: func(err error) bool {
		return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired)
	}}
	err := retry.Until(ctx, policy, func(context.Context) (err error) {
		c.nc, err = nats.Connect(c.cfg.URL, options...)
		return err
	})
	if err != nil {
		return err
	}
	if c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(c.cfg.RequestTimeout)); err != nil {
		c.nc.Close()
	}
	return err
}

// check refuses a server that outputs could not be published to.
func (c *Conn) check(ctx context.Context) error {
	if version := c.nc.ConnectedServerVersion(); !versionAtLeast(version, MinServerVersion) {
		return &VersionError{URL: c.url, Version: version}
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.RequestTimeout)
	defer cancel()
	_, err := c.js.AccountInfo(ctx)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount),
		errors.Is(err, nats.ErrNoResponders):
		return &JetStreamError{URL: c.url, Err: err}
	}
	return &ConnectError{URL: c.url, Err: fmt.Errorf("ask for the account: %w", err)}
}

// Close ends the connection and waits until its handlers have run. Logs, publishers and subscriptions on it fail from
// then on.
func (c *Conn) Close() {
	c.nc.Close()
	select {
	case <-c.gone:
	case <-time.After(closeTimeout): // a handler hangs in somebody's log writer; nothing more can be done about it
	}
}

// Connected reports whether the server can be reached right now.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// URL returns the address that was configured, without its password.
func (c *Conn) URL() string { return c.url }

// ServerVersion returns the version of the server of the present connection, such as "2.15.2".
func (c *Conn) ServerVersion() string { return c.nc.ConnectedServerVersion() }

// JetStream returns the library's handle, for streams/topology alone.
func (c *Conn) JetStream() jetstream.JetStream { return c.js }

// request bounds one request. An answer that is lost with the connection would be waited for as long as ctx allows.
func (c *Conn) request(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.cfg.RequestTimeout)
}

// await waits until the server can be reached and returns a channel that is closed when that ends.
func (c *Conn) await(ctx context.Context) (down <-chan struct{}, err error) {
	for {
		c.mu.Lock()
		isLost, back, down := c.lost, c.back, c.down
		c.mu.Unlock()
		if !isLost {
			return down, nil
		}
		select {
		case <-c.gone:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-back:
		}
	}
}

// onLost, onBack, onClosed and onError run one at a time, in the order of what happened, on the library's goroutine.
func (c *Conn) onLost(_ *nats.Conn, err error) {
	c.mu.Lock()
	if !c.lost {
		c.lost, c.back = true, make(chan struct{})
		close(c.down)
	}
	c.mu.Unlock()
	if err != nil { // nil: our own Close
		c.log.Warn().AnErr("err", err).Str("address", c.url).Msg("nats connection lost")
	}
}

func (c *Conn) onBack(nc *nats.Conn) {
	c.mu.Lock()
	if c.lost {
		c.lost, c.down = false, make(chan struct{})
		close(c.back)
	}
	c.mu.Unlock()
	c.leave(nc, "")
	event := c.log.Info()
	if version := nc.ConnectedServerVersion(); !versionAtLeast(version, MinServerVersion) {
		event = c.log.Error().AnErr("err", &VersionError{URL: c.url, Version: version})
	}
	event.Str("address", c.url).Msg("nats connection is back")
}

func (c *Conn) onClosed(*nats.Conn) { close(c.gone) }

func (c *Conn) onError(_ *nats.Conn, sub *nats.Subscription, err error) {
	event := c.log.Warn().AnErr("err", err)
	if sub != nil {
		event = event.Str("subject", sub.Subject)
	}
	event.Msg("nats reported an error")
}

// redact takes the password out of each address of a list.
func redact(list string) string {
	parts := strings.Split(list, ",")
	for i, part := range parts {
		if u, err := url.Parse(strings.TrimSpace(part)); err == nil && u.User != nil {
			if _, has := u.User.Password(); !has {
				u.User = url.User("xxxxx") // a name alone is a token
			}
			parts[i] = u.Redacted()
		}
	}
	return strings.Join(parts, ",")
}

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
	// pingInterval is the time between two pings. After pingsUnanswered of them without an answer
	// the connection counts as lost.
	pingInterval    = 10 * time.Second
	pingsUnanswered = 2
	closeTimeout    = 5 * time.Second
	// slowPause is the least time between two lines about slow subscriptions.
	slowPause = time.Minute
)

// Config says where the server is.
type Config struct {
	// URL is the address of the server, or several separated by commas. It may contain user and
	// password. It is ignored when InProcess is set.
	URL string
	// Name is the name of this client in the server's lists.
	Name string
	// ConnectTimeout bounds Connect with all its attempts; 0 means 3 s.
	ConnectTimeout time.Duration
	// RequestTimeout bounds each request; 0 means 5 s. A context may end a request earlier. A
	// Publisher waits three times as long for confirmations.
	RequestTimeout time.Duration
	// InProcess, when it is set, is the server to connect to, without a socket.
	InProcess *Embedded
}

// Conn is a connection that reconnects until Close. While the connection is lost, publishing and
// requests fail at once. Nothing is kept to be sent later, because another process may own the
// partition by then. It is safe for concurrent use.
type Conn struct {
	cfg    Config
	url    string // without the password
	log    zerolog.Logger
	nc     *nats.Conn
	js     jetstream.JetStream
	closed chan struct{} // closed when the connection is closed for good
	slow   time.Time     // of the last line about a slow subscription; of onError alone

	mu        sync.Mutex
	lost      bool
	up        chan struct{} // closed while connected, open while not
	down      chan struct{} // closed while not connected, open while connected
	abandoned []string      // reply subjects of failed batches, see abandon
}

// Connect connects to the server and checks that it can store batches. It tries until
// ConnectTimeout is over. Errors: *ConnectError, *VersionError, *JetStreamError.
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
	c := &Conn{
		cfg: cfg, url: redact(cfg.URL), log: log,
		closed: make(chan struct{}), up: make(chan struct{}), down: make(chan struct{}),
	}
	close(c.up)
	if err := c.dial(ctx); err != nil {
		return nil, &ConnectError{URL: c.url, Err: err}
	}
	if err := c.check(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// dial opens the connection. It tries until the time is over; refused credentials are final at
// once.
func (c *Conn) dial(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.ConnectTimeout)
	defer cancel()
	options := []nats.Option{
		nats.Name(c.cfg.Name), nats.Timeout(c.cfg.ConnectTimeout),
		nats.MaxReconnects(-1), nats.ReconnectWait(reconnectPause),
		nats.ReconnectJitter(reconnectJitter, reconnectJitter),
		nats.ReconnectBufSize(-1), nats.PingInterval(pingInterval),
		nats.MaxPingsOutstanding(pingsUnanswered),
		nats.DisconnectErrHandler(c.onLost), nats.ReconnectHandler(c.onBack),
		nats.ClosedHandler(c.onClosed),
		nats.ErrorHandler(c.onError),
	}
	if c.cfg.InProcess != nil {
		options = append(options, nats.InProcessServer(c.cfg.InProcess.server))
	}
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: connectRetryPause},
		Final: func(err error) bool {
			return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired)
		},
	}
	err := retry.Until(ctx, policy, func(context.Context) (err error) {
		c.nc, err = nats.Connect(c.cfg.URL, options...)
		return err
	})
	if err != nil {
		return err
	}
	c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(c.cfg.RequestTimeout))
	if err != nil {
		c.nc.Close()
	}
	return err
}

// check refuses a server that a Publisher could not publish to.
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
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled),
		errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount),
		errors.Is(err, nats.ErrNoResponders):
		return &JetStreamError{URL: c.url, Err: err}
	}
	return &ConnectError{URL: c.url, Err: fmt.Errorf("ask for the account: %w", err)}
}

// Close ends the connection and waits until its handlers have run. Its readers, publishers and
// subscriptions fail from then on.
func (c *Conn) Close() {
	c.nc.Close()
	select {
	case <-c.closed:
	// a handler hangs in the writer of its log, which nothing here can end
	case <-time.After(closeTimeout):
	}
}

// Connected reports whether the connection is up.
func (c *Conn) Connected() bool { return c.nc.IsConnected() }

// URL returns the configured address, without its password.
func (c *Conn) URL() string { return c.url }

// ServerVersion returns the version of the connected server, such as "2.15.2".
func (c *Conn) ServerVersion() string { return c.nc.ConnectedServerVersion() }

// JetStream returns the library's handle. Only streams/topology may use it.
func (c *Conn) JetStream() jetstream.JetStream { return c.js }

// request bounds one request. When the connection is lost, the answer is lost too; without the
// bound the caller would wait for the answer until ctx ends.
func (c *Conn) request(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.cfg.RequestTimeout)
}

// await waits until the connection is up, and returns a channel that is closed when it is lost.
func (c *Conn) await(ctx context.Context) (down <-chan struct{}, err error) {
	for {
		c.mu.Lock()
		isLost, up, down := c.lost, c.up, c.down
		c.mu.Unlock()
		if !isLost {
			return down, nil
		}
		select {
		case <-c.closed:
			return nil, ErrClosed
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-up:
		}
	}
}

// onLost, onBack, onClosed and onError run on the library's goroutine, one at a time, in the order
// of the events.
func (c *Conn) onLost(_ *nats.Conn, err error) {
	c.mu.Lock()
	if !c.lost {
		c.lost, c.up = true, make(chan struct{})
		close(c.down)
	}
	c.mu.Unlock()
	if err != nil { // nil after Close
		c.log.Warn().AnErr("err", err).Str("address", c.url).Msg("nats connection lost")
	}
}

func (c *Conn) onBack(nc *nats.Conn) {
	c.mu.Lock()
	if c.lost {
		c.lost, c.down = false, make(chan struct{})
		close(c.up)
	}
	c.mu.Unlock()
	c.abandon(nc, "")
	event := c.log.Info()
	if version := nc.ConnectedServerVersion(); !versionAtLeast(version, MinServerVersion) {
		event = c.log.Error().AnErr("err", &VersionError{URL: c.url, Version: version})
	}
	event.Str("address", c.url).Msg("nats connection is back")
}

func (c *Conn) onClosed(*nats.Conn) { close(c.closed) }

func (c *Conn) onError(_ *nats.Conn, sub *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrSlowConsumer) {
		// A flood makes a subscription slow again and again.
		if !c.slow.IsZero() && time.Since(c.slow) < slowPause {
			return
		}
		c.slow = time.Now()
	}
	event := c.log.Warn().AnErr("err", err)
	if sub != nil {
		event = event.Str("subject", sub.Subject)
	}
	event.Msg("nats reported an error")
}

// redact removes user and password from each address of a list.
func redact(list string) string {
	parts := strings.Split(list, ",")
	for i, part := range parts {
		if u, err := url.Parse(strings.TrimSpace(part)); err == nil && u.User != nil {
			if _, has := u.User.Password(); !has {
				u.User = url.User("xxxxx") // a name without a password is a token
			}
			parts[i] = u.Redacted()
		}
	}
	return strings.Join(parts, ",")
}

package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"
)

const (
	// publishFlow is how many messages the server may take before it confirms; it caps this at 500, shared between the
	// batches open on the stream.
	publishFlow = 500
	// publishWindow is how many such confirmations may be missing before Publish waits.
	publishWindow = 8
	// ackPatience is how many times RequestTimeout a confirmation may take. After a third of that the library asks again,
	// by an empty message on a subject of the batch; it should not come to that unless the server hangs.
	ackPatience = 3
	// guardPause is how often the guard looks. It closes a batch on which nothing happened between two looks; the server
	// would forget it after 10 s (its default), and the next message would be lost.
	guardPause = 2 * time.Second
)

// Publisher stores messages in one stream in the order given, without waiting for each. It uses fast-ingest batches:
// the server takes a message only when it has the one before, so a failure stops all behind it and what is stored is
// always a prefix of what was published. Messages whose id is already in the stream's duplicate window are skipped in
// silence.
//
// The newest message is held back until the next one or Flush, which commits the batch with it: closing a batch in any
// other way sends an empty message on one of its subjects, and whoever listens there without JetStream would get it.
//
// Any error is final: the publisher answers it ever after, and its owner goes back to a known place and opens another.
// One goroutine uses it. A publisher never outlives its Close.
type Publisher struct {
	conn   *Conn
	stream string
	broken atomic.Pointer[PublishError] // set once, also by the library's goroutine

	mu     sync.Mutex // between the owner and the guard
	batch  jetstreamext.FastPublisher
	held   bool        // msg waits for the next one, or to be the batch's last
	msg    nats.Msg    // used again for each message
	data   []byte      // of msg
	id     []string    // the one value of its id header
	header nats.Header // holds id
	sent   uint64      // messages put into the open batch
	stored atomic.Uint64
	total  uint64 // messages ever put into a batch

	stop    chan struct{}
	stopped chan struct{}
}

// OpenPublisher returns a publisher into stream, which must exist and allow batches. Close it.
func (c *Conn) OpenPublisher(ctx context.Context, stream string) (*Publisher, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return nil, fmt.Errorf("open publisher: %w", streamError(stream, err))
	}
	if !s.CachedInfo().Config.AllowBatchPublish {
		return nil, fmt.Errorf("open publisher: stream %s does not allow batches: let a forecaster or `loadtide up` bring it up to date", stream)
	}
	return c.newPublisher(stream, guardPause), nil
}

func (c *Conn) newPublisher(stream string, pause time.Duration) *Publisher {
	p := &Publisher{conn: c, stream: stream, id: make([]string, 1), stop: make(chan struct{}), stopped: make(chan struct{})}
	p.header = nats.Header{jetstream.MsgIDHeader: p.id}
	go p.guard(pause)
	return p
}

// Publish hands one message to the server; id becomes its Nats-Msg-Id (none when empty). That it is stored is known only
// after Flush. It waits while too much is unconfirmed, three times RequestTimeout at most. data may be used again on return.
func (p *Publisher) Publish(subject, id string, data []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if broken := p.broken.Load(); broken != nil {
		return broken
	}
	if p.batch == nil {
		if err := p.open(); err != nil {
			return p.fail(err)
		}
	}
	if p.held {
		if _, err := p.batch.AddMsg(&p.msg); err != nil {
			return p.fail(err)
		}
	}
	p.data = append(p.data[:0], data...)
	p.msg.Subject, p.msg.Data, p.msg.Header = subject, p.data, nil
	if id != "" {
		p.id[0] = id
		p.msg.Header = p.header
	}
	p.held = true
	p.sent++
	p.total++
	return nil
}

// open starts a batch; the server learns of it with its first message.
func (p *Publisher) open() error {
	batch, err := jetstreamext.NewFastPublisher(p.conn.js,
		jetstreamext.FastPublishFlowControl{
			Flow: publishFlow, MaxOutstandingAcks: publishWindow, AckTimeout: ackPatience * p.conn.cfg.RequestTimeout,
		},
		jetstreamext.WithFastPublisherErrorHandler(p.report))
	if err != nil {
		return err
	}
	p.batch, p.sent = batch, 0
	return nil
}

// Flush returns when everything published so far is stored, and closes the batch. The next Publish opens another. An end
// of ctx is an error like any other: what is stored is then unknown.
func (p *Publisher) Flush(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.flush(ctx)
}

func (p *Publisher) flush(ctx context.Context) error {
	if broken := p.broken.Load(); broken != nil {
		return broken
	}
	if p.batch == nil {
		return nil
	}
	ack, err := p.batch.CommitMsg(ctx, &p.msg)
	p.batch, p.held = nil, false
	switch {
	case err != nil:
		return p.fail(err)
	case ack.Stream != p.stream:
		return p.fail(fmt.Errorf("stored in stream %s: its subject is not of %s", ack.Stream, p.stream))
	case ack.BatchSize != p.sent:
		return p.fail(fmt.Errorf("server took %d of %d messages of a batch", ack.BatchSize, p.sent))
	}
	if broken := p.broken.Load(); broken != nil { // told by the server beside its answer
		return broken
	}
	p.stored.Store(p.total)
	return nil
}

// Close ends the publisher. What was not flushed may or may not be stored.
func (p *Publisher) Close() {
	select {
	case <-p.stop:
		return
	default:
	}
	close(p.stop)
	<-p.stopped
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.batch != nil && p.broken.Load() == nil {
		// Best effort: an open batch makes the server slower for the others until it forgets it.
		ctx, cancel := context.WithTimeout(context.Background(), p.conn.cfg.RequestTimeout)
		defer cancel()
		_, _ = p.batch.CommitMsg(ctx, &p.msg)
	}
	p.batch, p.held = nil, false
	p.fault(ErrClosed)
}

// guard closes a batch that its owner left open and idle. A failure shows at the owner's next call.
func (p *Publisher) guard(pause time.Duration) {
	defer close(p.stopped)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	var seen uint64
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
		}
		p.mu.Lock()
		if p.batch != nil && p.total == seen {
			ctx, cancel := context.WithTimeout(context.Background(), p.conn.cfg.RequestTimeout)
			_ = p.flush(ctx)
			cancel()
		}
		seen = p.total
		p.mu.Unlock()
	}
}

// fail makes err the publisher's last word, unless the server has already told why.
func (p *Publisher) fail(err error) error {
	p.batch, p.held = nil, false
	p.fault(err)
	p.conn.leave(p.conn.nc, p.msg.Reply)
	return p.broken.Load()
}

// report takes what the server says beside its confirmations. It runs on the library's goroutine, under the library's
// lock: it must neither wait nor call back.
func (p *Publisher) report(err error) {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) { // the empty answer that nobody listens
		err = fmt.Errorf("%w is bound to the subject, or its server is gone", ErrNoStream)
	}
	p.fault(err)
}

func (p *Publisher) fault(err error) {
	p.broken.CompareAndSwap(nil, &PublishError{Stream: p.stream, Stored: p.stored.Load(), Err: err})
}

// leave lets go of a failed batch. The library keeps the subscription for its answers (reply is a subject of it) after
// most failures, which would add up over a life of lost connections; an empty object is what makes it end the
// subscription. While the connection is down that has to wait for its return.
func (c *Conn) leave(nc *nats.Conn, reply string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if reply != "" {
		c.left = append(c.left, reply)
	}
	for len(c.left) > 0 && nc.Publish(c.left[0], []byte("{}")) == nil {
		c.left = c.left[1:]
	}
}

// streamError names the stream and turns the library's word for a missing one into ours.
func streamError(stream string, err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("%w %s", ErrNoStream, stream)
	}
	return fmt.Errorf("stream %s: %w", stream, err)
}

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
	// publishFlow is after how many messages the server confirms. The server caps this number at
	// 500, shared between the batches that are open on the stream.
	publishFlow = 500
	// publishWindow is how many confirmations may be missing before Publish waits.
	publishWindow = 8
	// ackPatience is how many times RequestTimeout a confirmation may take. After a third of that
	// time the library asks again, with an empty message on a subject of the batch. Only a server
	// that hangs makes that happen.
	ackPatience = 3
	// guardPause is how often the guard checks the open batch. It closes a batch without a message
	// since the last check. The server drops an idle batch after 10 s (its default), and the next
	// message would be lost.
	guardPause = 2 * time.Second
)

// Publisher stores messages in one stream, in the order of the calls, without waiting for each. The
// server stores a message only after the one before it. So what is stored is always a prefix of
// what was published. The server skips a message whose id is in the stream's duplicate window.
//
// The first error is final: every later call returns it. The owner then goes back to a position
// that it knows to be stored and opens another publisher. One goroutine uses a publisher. Its guard
// ends with Close.
//
// It uses the server's fast-ingest batches. The newest message stays here until the next one comes,
// or until Flush closes the batch with it. Closing a batch in another way would send an empty
// message on one of its subjects, and subscribers without JetStream would receive that message.
type Publisher struct {
	conn   *Conn
	stream string
	broken atomic.Pointer[PublishError] // the first error; the library's goroutine may set it too

	mu      sync.Mutex // shared by the owner and the guard
	batch   jetstreamext.FastPublisher
	waiting bool          // msg is the newest message and not in the batch yet
	msg     nats.Msg      // reused for each message
	data    []byte        // of msg
	id      []string      // the value of msg's id header
	header  nats.Header   // holds id
	sent    uint64        // messages of the open batch
	stored  atomic.Uint64 // messages that Flush has confirmed
	total   uint64        // messages of all batches

	stop    chan struct{} // closed by Close
	stopped chan struct{} // closed when the guard has ended
}

// OpenPublisher returns a publisher for a stream, which must exist and allow batches. The caller
// closes it.
func (c *Conn) OpenPublisher(ctx context.Context, stream string) (*Publisher, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return nil, fmt.Errorf("open publisher: %w", streamError(stream, err))
	}
	if !s.CachedInfo().Config.AllowBatchPublish {
		return nil, fmt.Errorf("open publisher: stream %s does not allow batches: "+
			"start a forecaster or `loadtide up`, which brings it up to date", stream)
	}
	return c.newPublisher(stream, guardPause), nil
}

func (c *Conn) newPublisher(stream string, pause time.Duration) *Publisher {
	p := &Publisher{
		conn: c, stream: stream, id: make([]string, 1),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	p.header = nats.Header{jetstream.MsgIDHeader: p.id}
	go p.guard(pause)
	return p
}

// Publish adds one message; id is its Nats-Msg-Id, empty means none. Only Flush makes sure that the
// message is stored. Publish waits while too many messages are unconfirmed, three times
// RequestTimeout at most. The caller may reuse data.
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
	if p.waiting {
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
	p.waiting = true
	p.sent++
	p.total++
	return nil
}

// open starts a batch. The server learns of it with its first message.
func (p *Publisher) open() error {
	batch, err := jetstreamext.NewFastPublisher(p.conn.js,
		jetstreamext.FastPublishFlowControl{
			Flow: publishFlow, MaxOutstandingAcks: publishWindow,
			AckTimeout: ackPatience * p.conn.cfg.RequestTimeout,
		},
		jetstreamext.WithFastPublisherErrorHandler(p.report))
	if err != nil {
		return err
	}
	p.batch, p.sent = batch, 0
	return nil
}

// Flush closes the batch and returns nil when everything published so far is stored. The next
// Publish opens another batch. After an error, the end of ctx among them, it is not known what is
// stored.
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
	p.batch, p.waiting = nil, false
	switch {
	case err != nil:
		return p.fail(err)
	case ack.Stream != p.stream:
		return p.fail(fmt.Errorf("stream %s stored it: the subject does not belong to %s",
			ack.Stream, p.stream))
	case ack.BatchSize != p.sent:
		return p.fail(
			fmt.Errorf("server stored %d of %d messages of a batch", ack.BatchSize, p.sent),
		)
	}
	if broken := p.broken.Load(); broken != nil { // reported while the answer was on its way
		return broken
	}
	p.stored.Store(p.total)
	return nil
}

// Close ends the publisher. Messages since the last Flush may or may not be stored.
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
		// An open batch slows the server down for other publishers until it expires. A failure here
		// has no further effect.
		ctx, cancel := context.WithTimeout(context.Background(), p.conn.cfg.RequestTimeout)
		defer cancel()
		_, _ = p.batch.CommitMsg(ctx, &p.msg)
	}
	p.batch, p.waiting = nil, false
	p.fault(ErrClosed)
}

// guard closes a batch that is open and idle. The owner's next call returns a failure of that.
func (p *Publisher) guard(pause time.Duration) {
	defer close(p.stopped)
	ticker := time.NewTicker(pause)
	defer ticker.Stop()
	var total uint64
	for {
		select {
		case <-p.stop:
			return
		case <-ticker.C:
		}
		p.mu.Lock()
		if p.batch != nil && p.total == total {
			ctx, cancel := context.WithTimeout(context.Background(), p.conn.cfg.RequestTimeout)
			_ = p.flush(ctx)
			cancel()
		}
		total = p.total
		p.mu.Unlock()
	}
}

// fail ends the publisher with err, unless the server has reported a cause before. It returns the
// first error.
func (p *Publisher) fail(err error) error {
	p.batch, p.waiting = nil, false
	p.fault(err)
	p.conn.abandon(p.conn.nc, p.msg.Reply)
	return p.broken.Load()
}

// report receives the server's errors between confirmations. It runs on the library's goroutine,
// under the library's lock: it must neither wait nor call the library.
func (p *Publisher) report(err error) {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) { // the empty answer of a server without subscriber
		err = fmt.Errorf("%w stores the subject, or its server has gone", ErrNoStream)
	}
	p.fault(err)
}

func (p *Publisher) fault(err error) {
	p.broken.CompareAndSwap(nil, &PublishError{Stream: p.stream, Stored: p.stored.Load(), Err: err})
}

// abandon ends the subscription of a failed batch; reply is a subject of that subscription. After
// most failures the library keeps the subscription, and a connection that is lost often would
// collect them. An empty object as an answer makes the library end it. While the connection is
// lost, abandon keeps the subject and sends the object when the connection is back.
func (c *Conn) abandon(nc *nats.Conn, reply string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if reply != "" {
		c.abandoned = append(c.abandoned, reply)
	}
	for len(c.abandoned) > 0 && nc.Publish(c.abandoned[0], []byte("{}")) == nil {
		c.abandoned = c.abandoned[1:]
	}
}

// streamError adds the stream's name. A stream that does not exist becomes ErrNoStream.
func streamError(stream string, err error) error {
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("%w %s", ErrNoStream, stream)
	}
	return fmt.Errorf("stream %s: %w", stream, err)
}

package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// workAckWait is how long the server waits for a batch to be acknowledged before it would hand it out again.
	workAckWait    = time.Minute
	workMaxPending = 20000
)

// Work reads a stream as work to be done: the server remembers, under a durable name, up to where it was. At least once:
// after a crash what was not acknowledged comes again, at once and in order. One goroutine uses it, and one Work at a time
// a durable name: an acknowledgement covers all that came before.
type Work struct {
	conn     *Conn
	stream   string
	durable  string
	subjects []string
	consumer jetstream.Consumer
	acked    uint64 // stream sequence
	received uint64 // consumer sequence: the count of deliveries that arrived
	open     Batch  // fetched and not yet acknowledged
}

// Batch is work in the order of the stream.
type Batch struct {
	Messages []Message
	last     jetstream.Msg
	work     *Work
}

// OpenWork opens the durable reader, or makes it; subjects narrow it down (none: the whole stream). It starts with the
// first message that is kept, or behind the last one acknowledged.
func (c *Conn) OpenWork(ctx context.Context, stream, durable string, subjects ...string) (*Work, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	w := &Work{conn: c, stream: stream, durable: durable, subjects: subjects}
	if err := w.attach(ctx); err != nil {
		return nil, fmt.Errorf("open work %s: %w", durable, streamError(stream, err))
	}
	return w, nil
}

// attach takes the consumer up where its acknowledgements end. What was delivered behind that, to a reader that has gone
// or to nobody, would come again only after workAckWait and behind newer messages, whose acknowledgement covers it: it
// would be lost. So the consumer is then made anew from there. A crash in between makes it start from the first message
// kept; repeats are harmless.
func (w *Work) attach(ctx context.Context) error {
	cfg := jetstream.ConsumerConfig{
		Durable: w.durable, FilterSubjects: w.subjects, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckAllPolicy, AckWait: workAckWait, MaxAckPending: workMaxPending,
	}
	existing, err := w.conn.js.Consumer(ctx, w.stream, w.durable)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
	case err != nil:
		return err
	default:
		info := existing.CachedInfo()
		w.acked = info.AckFloor.Stream
		if info.Delivered.Consumer == info.AckFloor.Consumer {
			w.consumer, w.received = existing, info.Delivered.Consumer
			return nil
		}
		if err := w.conn.js.DeleteConsumer(ctx, w.stream, w.durable); err != nil {
			return err
		}
		cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, w.acked+1
	}
	w.consumer, err = w.conn.js.CreateConsumer(ctx, w.stream, cfg)
	w.received = 0
	return err
}

// errLost says that a delivery did not arrive.
var errLost = errors.New("a delivery was lost on its way")

// Fetch waits until limit messages are there, for wait at most, and returns what came, which may be nothing. As long as a
// batch is not acknowledged it is what Fetch returns, so that none can be passed over.
func (w *Work) Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
	if len(w.open.Messages) > 0 {
		return w.open, nil
	}
	fetched, err := w.fetch(ctx, limit, wait)
	if errors.Is(err, errLost) {
		ctx, cancel := w.conn.request(ctx)
		defer cancel()
		err = w.attach(ctx)
	}
	switch {
	case err == nil, errors.Is(err, nats.ErrTimeout):
		w.open = fetched
		return fetched, nil
	case ctx.Err() != nil:
		return Batch{}, ctx.Err()
	}
	return Batch{}, fmt.Errorf("fetch work %s: %w", w.durable, streamError(w.stream, err))
}

// fetch asks once. The server ends the request: a reader that stopped listening first would miss what is on its way.
func (w *Work) fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
	pull, err := w.consumer.Fetch(limit, jetstream.FetchMaxWait(wait))
	if err != nil {
		return Batch{}, err
	}
	fetched := Batch{work: w}
	for {
		select {
		case <-ctx.Done():
			return Batch{}, ctx.Err()
		case m, more := <-pull.Messages():
			if !more {
				if len(fetched.Messages) > 0 {
					return fetched, nil
				}
				return Batch{}, pull.Error()
			}
			meta, err := m.Metadata()
			if err != nil {
				return Batch{}, err
			}
			if meta.Sequence.Consumer != w.received+1 {
				return Batch{}, errLost
			}
			w.received++
			if meta.Sequence.Stream <= w.acked {
				continue // handed out again while its acknowledgement was under way
			}
			msg := Message{
				Subject: m.Subject(), Seq: meta.Sequence.Stream, Time: meta.Timestamp.UTC(), Data: m.Data(), Pending: meta.NumPending,
				ID: m.Headers().Get(jetstream.MsgIDHeader), ContentType: m.Headers().Get(headerContentType),
			}
			fetched.Messages, fetched.last = append(fetched.Messages, msg), m
		}
	}
}

// Ack says that the batch, and all before it, is done, and waits until the server knows. After an error the batch comes
// again.
func (b Batch) Ack(ctx context.Context) error {
	if b.last == nil {
		return nil
	}
	ctx, cancel := b.work.conn.request(ctx)
	defer cancel()
	if err := b.last.DoubleAck(ctx); err != nil {
		return fmt.Errorf("acknowledge work %s up to %d: %w", b.work.durable, b.Messages[len(b.Messages)-1].Seq, err)
	}
	b.work.acked = b.Messages[len(b.Messages)-1].Seq
	b.work.open = Batch{}
	return nil
}

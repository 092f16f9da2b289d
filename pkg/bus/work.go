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
	// workAckWait is how long the server waits for a batch to be acknowledged before it hands it out again, which it does
	// to the next Fetch of anybody on the same name.
	workAckWait    = time.Minute
	workMaxPending = 20000
)

// Work reads a stream as work to be done: the server remembers, under a durable name, up to where it was. At least once:
// after a crash what was not acknowledged comes again. One goroutine uses it.
type Work struct {
	conn     *Conn
	stream   string
	durable  string
	consumer jetstream.Consumer
	acked    uint64
	open     Batch // fetched and not yet acknowledged
}

// Batch is work in the order of the stream.
type Batch struct {
	Messages []Message
	last     jetstream.Msg
	work     *Work
}

// OpenWork opens the durable reader, or makes it; subjects narrow it down (none: the whole stream). It starts with the
// first message that is kept.
func (c *Conn) OpenWork(ctx context.Context, stream, durable string, subjects ...string) (*Work, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	consumer, err := c.js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{
		Durable: durable, FilterSubjects: subjects, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckAllPolicy, AckWait: workAckWait, MaxAckPending: workMaxPending,
	})
	if err != nil {
		return nil, fmt.Errorf("open work %s: %w", durable, streamError(stream, err))
	}
	return &Work{conn: c, stream: stream, durable: durable, consumer: consumer}, nil
}

// Fetch waits until limit messages are there, for wait at most, and returns what came, which may be nothing. As long as a
// batch is not acknowledged it is what Fetch returns, so that none can be passed over.
func (w *Work) Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
	if len(w.open.Messages) > 0 {
		return w.open, nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	batch, err := w.consumer.Fetch(limit, jetstream.FetchContext(ctx))
	if err != nil {
		return Batch{}, w.fetchError(ctx, err)
	}
	fetched := Batch{work: w}
	for m := range batch.Messages() {
		meta, err := m.Metadata()
		if err != nil {
			return Batch{}, w.fetchError(ctx, err)
		}
		if meta.Sequence.Stream <= w.acked {
			continue // handed out again while its acknowledgement was under way
		}
		msg := Message{
			Subject: m.Subject(), Seq: meta.Sequence.Stream, Time: meta.Timestamp.UTC(), Data: m.Data(), Pending: meta.NumPending,
			ID: m.Headers().Get(jetstream.MsgIDHeader), ContentType: m.Headers().Get(headerContentType),
		}
		fetched.Messages, fetched.last = append(fetched.Messages, msg), m
	}
	if len(fetched.Messages) > 0 {
		w.open = fetched
		return fetched, nil
	}
	return Batch{}, w.fetchError(ctx, batch.Error())
}

// fetchError passes on what is a failure and not just the end of the waiting.
func (w *Work) fetchError(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, nats.ErrTimeout), errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("fetch work %s: %w", w.durable, streamError(w.stream, err))
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

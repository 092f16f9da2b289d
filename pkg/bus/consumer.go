package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// ackWait is how long the server waits for an acknowledgement before it delivers a message
	// again.
	ackWait = time.Minute
	// maxUnacknowledged is how many messages the server delivers without an acknowledgement.
	maxUnacknowledged = 20000
	// fetchMaxBytes bounds the answer to one Fetch; twice the largest message counts if that is
	// more.
	fetchMaxBytes = 4 << 20
	// positionKey is the key of the consumer's metadata that holds its position; positionEvery is
	// how often the position is written there.
	positionKey   = "loadtide.acknowledged"
	positionEvery = 30 * time.Second
)

// Consumer reads a stream and acknowledges what is done. The server keeps the position under a
// durable name. Delivery is at least once: after a crash all messages that were not acknowledged
// come again, at once and in order. One goroutine uses a Consumer, and a durable name has one
// Consumer at a time: a second one takes over the messages that the first one has not acknowledged.
type Consumer struct {
	conn     *Conn
	stream   string
	durable  string
	subjects []string
	consumer jetstream.Consumer
	acked    uint64    // stream sequence up to which all is acknowledged
	saved    uint64    // the value of acked that was written to the metadata last
	savedAt  time.Time // when saved was written, or could not be
	received uint64    // consumer sequence: how many deliveries have arrived
	open     Batch     // fetched and not yet acknowledged
}

// Batch holds messages in the order of the stream, to be acknowledged together.
type Batch struct {
	Messages []Message
	// After is the sequence up to which everything was acknowledged before this batch. A consumer
	// that is new starts behind what the stream no longer has. When retention removed messages at
	// the position of a consumer that was away, After may be half a minute too early. When the
	// first message is not After+1, there is a hole between them.
	After    uint64
	acks     []jetstream.Msg
	consumer *Consumer
}

// OpenConsumer opens the consumer of that durable name, and makes it if it does not exist. It reads
// from behind the last acknowledged message; a new one from the first message in the stream.
// Subjects narrow the stream down; none means the whole stream. Errors: ErrNoStream, or a failed
// request.
func (c *Conn) OpenConsumer(
	ctx context.Context, stream, durable string, subjects ...string,
) (*Consumer, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	w := &Consumer{conn: c, stream: stream, durable: durable, subjects: subjects}
	if err := w.attach(ctx); err != nil {
		return nil, fmt.Errorf("open consumer %s: %w", durable, streamError(stream, err))
	}
	return w, nil
}

// attach continues the server's consumer where its acknowledgements end.
//
// When the server has delivered messages behind that position, to a reader that has gone, it would
// deliver them again only after ackWait and behind newer messages. The consumer is then deleted and
// made again from its position. After a crash between the two steps it starts from the first
// message in the stream; repeats are harmless.
//
// Each message is acknowledged for itself. With cumulative acknowledgements the server takes the
// deletion of a delivered message as an acknowledgement of everything before it.
func (w *Consumer) attach(ctx context.Context) error {
	cfg := jetstream.ConsumerConfig{
		Durable: w.durable, FilterSubjects: w.subjects, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: ackWait, MaxAckPending: maxUnacknowledged,
	}
	existing, err := w.conn.js.Consumer(ctx, w.stream, w.durable)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		if w.consumer, err = w.conn.js.CreateConsumer(ctx, w.stream, cfg); err != nil {
			return err
		}
		w.acked, w.received = w.consumer.CachedInfo().AckFloor.Stream, 0
		return nil
	case err != nil:
		return err
	}
	info := existing.CachedInfo()
	if w.acked, err = w.position(ctx, info); err != nil {
		return err
	}
	if info.Delivered.Consumer == info.AckFloor.Consumer && info.Config.AckPolicy == cfg.AckPolicy {
		w.consumer, w.received = existing, info.Delivered.Consumer
		return nil
	}
	if err := w.conn.js.DeleteConsumer(ctx, w.stream, w.durable); err != nil {
		return err
	}
	cfg.DeliverPolicy, cfg.OptStartSeq = jetstream.DeliverByStartSequencePolicy, w.acked+1
	cfg.Metadata = map[string]string{positionKey: strconv.FormatUint(w.acked, 10)}
	w.consumer, err = w.conn.js.CreateConsumer(ctx, w.stream, cfg)
	w.received = 0
	return err
}

// position returns the sequence up to which everything was acknowledged. When retention removes
// delivered messages, the server moves its own count of acknowledgements past them. The position
// from before that is the one in the consumer's metadata.
func (w *Consumer) position(ctx context.Context, info *jetstream.ConsumerInfo) (uint64, error) {
	floor := info.AckFloor.Stream
	saved, err := strconv.ParseUint(info.Config.Metadata[positionKey], 10, 64)
	if err != nil || saved >= floor {
		return floor, nil
	}
	state, err := w.conn.StreamState(ctx, w.stream)
	if err == nil && floor+1 <= state.FirstSeq {
		return saved, nil
	}
	return floor, err
}

// savePosition writes the position to the consumer's metadata, at most every positionEvery. After a
// failure the next call tries again.
func (w *Consumer) savePosition(ctx context.Context) {
	if w.saved == w.acked || time.Since(w.savedAt) < positionEvery {
		return
	}
	ctx, cancel := w.conn.request(ctx)
	defer cancel()
	cfg := w.consumer.CachedInfo().Config
	cfg.Metadata = maps.Clone(cfg.Metadata)
	if cfg.Metadata == nil {
		cfg.Metadata = make(map[string]string)
	}
	cfg.Metadata[positionKey] = strconv.FormatUint(w.acked, 10)
	if _, err := w.conn.js.UpdateConsumer(ctx, w.stream, cfg); err == nil {
		w.saved = w.acked
	}
	w.savedAt = time.Now()
}

// errLost says that a delivery did not arrive.
var errLost = errors.New("a delivery was lost on its way")

// Fetch returns up to limit messages. It waits for them until wait is over; the batch may be empty
// then. While a batch is not acknowledged, Fetch returns that batch again, so that no message can
// be skipped.
func (w *Consumer) Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
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
		if len(fetched.Messages) == 0 {
			w.savePosition(ctx)
		}
		w.open = fetched
		return fetched, nil
	case ctx.Err() != nil:
		return Batch{}, ctx.Err()
	}
	return Batch{}, fmt.Errorf("fetch for consumer %s: %w", w.durable, streamError(w.stream, err))
}

// fetch sends one request and reads until the server ends it. A reader that stopped earlier would
// miss messages that are on their way.
func (w *Consumer) fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
	bytes := max(fetchMaxBytes, 2*int(w.conn.nc.MaxPayload()))
	pull, err := w.consumer.Fetch(limit, jetstream.FetchMaxBytes(bytes),
		jetstream.FetchMaxWait(wait))
	if err != nil {
		return Batch{}, err
	}
	fetched := Batch{After: w.acked, consumer: w}
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
			msg, done, err := w.accept(m)
			if err != nil {
				return Batch{}, err
			}
			if !done {
				fetched.Messages = append(fetched.Messages, msg)
				fetched.acks = append(fetched.acks, m)
			}
		}
	}
}

// accept decodes a delivered message. done is true for a message that was delivered again while its
// acknowledgement was on the way; accept acknowledges it once more.
func (w *Consumer) accept(m jetstream.Msg) (msg Message, done bool, err error) {
	meta, err := m.Metadata()
	if err != nil {
		return Message{}, false, err
	}
	if meta.Sequence.Consumer != w.received+1 {
		return Message{}, false, errLost
	}
	w.received++
	if meta.Sequence.Stream <= w.acked {
		return Message{}, true, m.Ack()
	}
	return Message{
		Subject: m.Subject(), Seq: meta.Sequence.Stream, Time: meta.Timestamp.UTC(), Data: m.Data(),
		Pending: meta.NumPending, ID: m.Headers().Get(jetstream.MsgIDHeader),
		ContentType: m.Headers().Get(headerContentType),
	}, false, nil
}

// Ack acknowledges the batch and waits until the server has confirmed that. After an error the
// batch, or the rest of it, comes again.
func (b Batch) Ack(ctx context.Context) error {
	if len(b.acks) == 0 {
		return nil
	}
	ctx, cancel := b.consumer.conn.request(ctx)
	defer cancel()
	last := len(b.acks) - 1
	var err error
	for i := 0; i < last && err == nil; i++ {
		// the server keeps the order, so its confirmation of the last covers all
		err = b.acks[i].Ack()
	}
	if err == nil {
		err = b.acks[last].DoubleAck(ctx)
	}
	if err != nil {
		return fmt.Errorf("acknowledge for consumer %s up to %d: %w", b.consumer.durable,
			b.Messages[last].Seq, err)
	}
	b.consumer.acked = b.Messages[last].Seq
	b.consumer.open = Batch{}
	b.consumer.savePosition(ctx)
	return nil
}

// Unacknowledged returns how many messages of a stream the consumer of that durable name has not
// acknowledged, delivered or not; 0 when there is no such consumer yet.
func (c *Conn) Unacknowledged(ctx context.Context, stream, durable string) (uint64, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	consumer, err := c.js.Consumer(ctx, stream, durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ask for the position of consumer %s: %w", durable,
			streamError(stream, err))
	}
	info := consumer.CachedInfo()
	return info.NumPending + uint64(info.NumAckPending), nil
}

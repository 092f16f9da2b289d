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
	// workAckWait is how long the server waits for a batch to be acknowledged before it would hand it out again.
	workAckWait    = time.Minute
	workMaxPending = 20000
	// workMaxBytes bounds what one Fetch brings; it is raised to twice the largest message.
	workMaxBytes = 4 << 20
	// workMarkEvery is how often the position is written into the consumer's metadata, under workMark.
	workMarkEvery = 30 * time.Second
	workMark      = "loadtide.acknowledged"
)

// Work reads a stream as work to be done: the server remembers, under a durable name, up to where it was. At least once:
// after a crash what was not acknowledged comes again, at once and in order. One goroutine uses it, and one Work at a time
// a durable name: it takes up what another one has in hand.
type Work struct {
	conn     *Conn
	stream   string
	durable  string
	subjects []string
	consumer jetstream.Consumer
	acked    uint64 // stream sequence
	marked   uint64 // what was written down of acked, and when
	markedAt time.Time
	received uint64 // consumer sequence: the count of deliveries that arrived
	open     Batch  // fetched and not yet acknowledged
}

// Batch is work in the order of the stream.
type Batch struct {
	Messages []Message
	// After is the sequence up to which all was done before, or of a new reader no more kept; where retention went over the
	// position of a reader that was away it may lie half a minute behind it. A first message that is not the next one lies
	// behind a hole.
	After uint64
	acks  []jetstream.Msg
	work  *Work
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
// or to nobody, would come again only after workAckWait and behind newer messages. So the consumer is then made anew from
// there. A crash in between makes it start from the first message kept; repeats are harmless.
//
// Each message is acknowledged for itself: to the server a message that is deleted while it is in somebody's hands counts as
// acknowledged, and with it would all before it that are.
func (w *Work) attach(ctx context.Context) error {
	cfg := jetstream.ConsumerConfig{
		Durable: w.durable, FilterSubjects: w.subjects, DeliverPolicy: jetstream.DeliverAllPolicy,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: workAckWait, MaxAckPending: workMaxPending,
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
	default:
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
		cfg.Metadata = map[string]string{workMark: strconv.FormatUint(w.acked, 10)}
	}
	w.consumer, err = w.conn.js.CreateConsumer(ctx, w.stream, cfg)
	w.received = 0
	return err
}

// position is up to where a consumer was read. The server moves the floor of its acknowledgements on when retention takes
// messages that were delivered; what was read before then is what was written down last.
func (w *Work) position(ctx context.Context, info *jetstream.ConsumerInfo) (uint64, error) {
	floor := info.AckFloor.Stream
	marked, err := strconv.ParseUint(info.Config.Metadata[workMark], 10, 64)
	if err != nil || marked >= floor {
		return floor, nil
	}
	state, err := w.conn.StreamState(ctx, w.stream)
	if err == nil && floor+1 <= state.FirstSeq {
		return marked, nil
	}
	return floor, err
}

// mark writes the position down now and then. One that could not be written is the next time's to write.
func (w *Work) mark(ctx context.Context) {
	if w.marked == w.acked || time.Since(w.markedAt) < workMarkEvery {
		return
	}
	ctx, cancel := w.conn.request(ctx)
	defer cancel()
	cfg := w.consumer.CachedInfo().Config
	cfg.Metadata = maps.Clone(cfg.Metadata)
	if cfg.Metadata == nil {
		cfg.Metadata = make(map[string]string)
	}
	cfg.Metadata[workMark] = strconv.FormatUint(w.acked, 10)
	if _, err := w.conn.js.UpdateConsumer(ctx, w.stream, cfg); err == nil {
		w.marked = w.acked
	}
	w.markedAt = time.Now()
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
		if len(fetched.Messages) == 0 {
			w.mark(ctx)
		}
		w.open = fetched
		return fetched, nil
	case ctx.Err() != nil:
		return Batch{}, ctx.Err()
	}
	return Batch{}, fmt.Errorf("fetch work %s: %w", w.durable, streamError(w.stream, err))
}

// fetch asks once. The server ends the request: a reader that stopped listening first would miss what is on its way.
func (w *Work) fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
	bytes := max(workMaxBytes, 2*int(w.conn.nc.MaxPayload()))
	pull, err := w.consumer.Fetch(limit, jetstream.FetchMaxBytes(bytes), jetstream.FetchMaxWait(wait))
	if err != nil {
		return Batch{}, err
	}
	fetched := Batch{After: w.acked, work: w}
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
			if meta.Sequence.Stream <= w.acked { // handed out again while its acknowledgement was under way
				if err := m.Ack(); err != nil {
					return Batch{}, err
				}
				continue
			}
			msg := Message{
				Subject: m.Subject(), Seq: meta.Sequence.Stream, Time: meta.Timestamp.UTC(), Data: m.Data(), Pending: meta.NumPending,
				ID: m.Headers().Get(jetstream.MsgIDHeader), ContentType: m.Headers().Get(headerContentType),
			}
			fetched.Messages, fetched.acks = append(fetched.Messages, msg), append(fetched.acks, m)
		}
	}
}

// Ack says that the batch is done, and waits until the server knows. After an error the batch comes again, or the rest of it.
func (b Batch) Ack(ctx context.Context) error {
	if len(b.acks) == 0 {
		return nil
	}
	ctx, cancel := b.work.conn.request(ctx)
	defer cancel()
	last := len(b.acks) - 1
	var err error
	for i := 0; i < last && err == nil; i++ {
		err = b.acks[i].Ack() // the server takes them in this order, so its word on the last is one on all
	}
	if err == nil {
		err = b.acks[last].DoubleAck(ctx)
	}
	if err != nil {
		return fmt.Errorf("acknowledge work %s up to %d: %w", b.work.durable, b.Messages[last].Seq, err)
	}
	b.work.acked = b.Messages[last].Seq
	b.work.open = Batch{}
	b.work.mark(ctx)
	return nil
}

// WorkLeft returns how many messages of a stream a durable reader has not acknowledged, those in its hands too; 0 when there
// is no such reader yet.
func (c *Conn) WorkLeft(ctx context.Context, stream, durable string) (uint64, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	consumer, err := c.js.Consumer(ctx, stream, durable)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("ask how much work is left for %s: %w", durable, streamError(stream, err))
	}
	info := consumer.CachedInfo()
	return info.NumPending + uint64(info.NumAckPending), nil
}

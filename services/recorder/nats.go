package recorder

import (
	"context"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams/topology"
)

// Durable is the name of the recorder's consumer on each stream. The server keeps the consumer's
// position. One recorder at a time uses the consumers: a second one takes over the messages that
// the first one has not acknowledged.
const Durable = "recorder"

// NATS is the broker as the recorder needs it.
type NATS interface {
	// Partitions returns how many partition logs there are, and an error until they exist.
	Partitions(ctx context.Context) (int, error)
	// Open opens the consumer of a whole stream. A filter would cost the server many times as much.
	Open(ctx context.Context, stream string) (Consumer, error)
	// Unacknowledged returns how many messages of a stream are not recorded yet.
	Unacknowledged(ctx context.Context, stream string) (uint64, error)
	// FirstSeq returns the sequence of the first message in a stream; of the next one when it is
	// empty.
	FirstSeq(ctx context.Context, stream string) (uint64, error)
	// Settings returns the value of a key in the bucket of settings, nil when it has none.
	Settings(ctx context.Context, key string) ([]byte, error)
	// Publish stores a message. A second one with the same id shortly after is dropped.
	Publish(ctx context.Context, subject string, data []byte, id string) error
}

// Consumer returns batches of at most limit messages, and an empty one when none came within wait.
type Consumer interface {
	Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error)
}

// Batch holds messages in the order of the stream. Ack acknowledges all of them.
type Batch struct {
	Messages []bus.Message
	After    uint64 // the sequence up to which everything was recorded before
	Ack      func(ctx context.Context) error
}

// FromBus returns the NATS of a connection.
func FromBus(conn *bus.Conn) NATS { return onBus{conn} }

type onBus struct{ conn *bus.Conn }

func (b onBus) Partitions(ctx context.Context) (int, error) {
	return topology.Partitions(ctx, b.conn.JetStream())
}

func (b onBus) Open(ctx context.Context, stream string) (Consumer, error) {
	consumer, err := b.conn.OpenConsumer(ctx, stream, Durable)
	if err != nil {
		return nil, err
	}
	return busConsumer{consumer}, nil
}

func (b onBus) Unacknowledged(ctx context.Context, stream string) (uint64, error) {
	return b.conn.Unacknowledged(ctx, stream, Durable)
}

func (b onBus) FirstSeq(ctx context.Context, stream string) (uint64, error) {
	state, err := b.conn.StreamState(ctx, stream)
	return state.FirstSeq, err
}

func (b onBus) Settings(ctx context.Context, key string) ([]byte, error) {
	bucket, err := b.conn.OpenBucket(ctx, topology.Settings)
	if err != nil {
		return nil, err
	}
	data, _, _, err := bucket.Get(ctx, key)
	return data, err
}

func (b onBus) Publish(ctx context.Context, subject string, data []byte, id string) error {
	_, err := b.conn.Publish(ctx, subject, data, id)
	return err
}

// busConsumer returns the batches of a bus.Consumer.
type busConsumer struct{ consumer *bus.Consumer }

func (b busConsumer) Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
	batch, err := b.consumer.Fetch(ctx, limit, wait)
	return Batch{Messages: batch.Messages, After: batch.After, Ack: batch.Ack}, err
}

package recorder

import (
	"context"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams/topology"
)

// Durable is the name of the recorder's consumer on each stream, which keeps its position. One recorder at a time works on
// them: an acknowledgement covers all that came before, what another one has in hand too.
const Durable = "recorder"

// NATS is the broker as the recorder needs it.
type NATS interface {
	// Partitions returns how many partition logs there are; an error until they are made.
	Partitions(ctx context.Context) (int, error)
	// Open opens the durable consumer of a stream, the whole of it: a filter would cost the server many times as much.
	Open(ctx context.Context, stream string) (Work, error)
	// Left returns how many messages of a stream are not recorded yet.
	Left(ctx context.Context, stream string) (uint64, error)
	// FirstSeq returns the sequence of the first message that a stream keeps, of an empty one the next.
	FirstSeq(ctx context.Context, stream string) (uint64, error)
	// Publish stores a message; another one with the same id shortly after is dropped.
	Publish(ctx context.Context, subject string, data []byte, id string) error
}

// Work hands out batches of at most limit messages; it returns an empty one when none came within wait.
type Work interface {
	Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error)
}

// Batch is a run of messages that are acknowledged together, by Ack.
type Batch struct {
	Messages []bus.Message
	After    uint64 // the sequence up to which all was recorded before
	Ack      func(ctx context.Context) error
}

// FromBus returns the NATS of a connection.
func FromBus(conn *bus.Conn) NATS { return onBus{conn} }

type onBus struct{ conn *bus.Conn }

func (b onBus) Partitions(ctx context.Context) (int, error) {
	return topology.Partitions(ctx, b.conn.JetStream())
}

func (b onBus) Open(ctx context.Context, stream string) (Work, error) {
	work, err := b.conn.OpenWork(ctx, stream, Durable)
	if err != nil {
		return nil, err
	}
	return busWork{work}, nil
}

func (b onBus) Left(ctx context.Context, stream string) (uint64, error) {
	return b.conn.WorkLeft(ctx, stream, Durable)
}

func (b onBus) FirstSeq(ctx context.Context, stream string) (uint64, error) {
	state, err := b.conn.StreamState(ctx, stream)
	return state.FirstSeq, err
}

func (b onBus) Publish(ctx context.Context, subject string, data []byte, id string) error {
	_, err := b.conn.Publish(ctx, subject, data, id)
	return err
}

// busWork hands out a bus.Work's batches as ours.
type busWork struct{ work *bus.Work }

func (b busWork) Fetch(ctx context.Context, limit int, wait time.Duration) (Batch, error) {
	batch, err := b.work.Fetch(ctx, limit, wait)
	return Batch{Messages: batch.Messages, After: batch.After, Ack: batch.Ack}, err
}

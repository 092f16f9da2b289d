package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Publish stores one message and returns its place in the stream bound to subject. A message whose id (Nats-Msg-Id; none
// when empty) is already in the stream's duplicate window is not stored again: the place of the first one comes back.
// After an error other than ErrNoStream the message may be stored all the same. data may be used again on return.
func (c *Conn) Publish(ctx context.Context, subject string, data []byte, id string) (seq uint64, err error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	msg := &nats.Msg{Subject: subject, Data: data}
	if id != "" {
		msg.Header = nats.Header{jetstream.MsgIDHeader: {id}}
	}
	ack, err := c.js.PublishMsg(ctx, msg)
	switch {
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return 0, fmt.Errorf("publish to %s: %w is bound to it", subject, ErrNoStream)
	case err != nil:
		return 0, fmt.Errorf("publish to %s: %w", subject, err)
	}
	return ack.Sequence, nil
}

// Subscribe calls fn for every message that is published under subject (wildcards allowed) from now on, one at a time,
// until ctx ends; it blocks until then and returns nil. Nothing is stored for it: what fn is too slow for, or what passes
// while the connection is down, is missed. It serves people who watch, never a computation.
func (c *Conn) Subscribe(ctx context.Context, subject string, fn func(Message)) error {
	msgs := make(chan *nats.Msg, subscribeBuffer)
	sub, err := c.nc.ChanSubscribe(subject, msgs)
	if err != nil {
		return fmt.Errorf("subscribe to %s: %w", subject, err)
	}
	return c.hear(ctx, "subscribe to", sub, msgs, func(m *nats.Msg) { fn(fromNats(m)) })
}

// hear hands over the messages of a subscription, one at a time, until ctx ends, and then ends the subscription. verb says
// in an error what it was for.
func (c *Conn) hear(ctx context.Context, verb string, sub *nats.Subscription, msgs <-chan *nats.Msg, fn func(*nats.Msg)) error {
	defer func() { _ = sub.Unsubscribe() }() // fails only on a closed connection, where nothing is left to undo
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.gone:
			return fmt.Errorf("%s %s: connection %w", verb, sub.Subject, ErrClosed)
		case m := <-msgs:
			fn(m)
		}
	}
}

const subscribeBuffer = 4096

package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Publish stores one message and returns its sequence in the stream that stores the subject. id is
// the Nats-Msg-Id; empty means none. When a message with that id is in the stream's duplicate
// window, nothing is stored and the sequence of that message is returned. The caller may reuse
// data.
//
// Errors: ErrNoStream when no stream stores the subject. After any other error the message may have
// been stored.
func (c *Conn) Publish(
	ctx context.Context, subject string, data []byte, id string,
) (seq uint64, err error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	msg := &nats.Msg{Subject: subject, Data: data}
	if id != "" {
		msg.Header = nats.Header{jetstream.MsgIDHeader: {id}}
	}
	ack, err := c.js.PublishMsg(ctx, msg)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound): // the answer of NoStreamAnswer
		return 0, fmt.Errorf("publish to %s: %w stores it: %w", subject, ErrNoStream, err)
	case errors.Is(err, jetstream.ErrNoStreamResponse):
		return 0, fmt.Errorf("publish to %s: %w stores it", subject, ErrNoStream)
	case err != nil:
		return 0, fmt.Errorf("publish to %s: %w", subject, err)
	}
	return ack.Sequence, nil
}

// Subscribe calls fn for every message that is published under subject (wildcards allowed) from now
// on, one at a time. It returns nil when ctx ends. Messages are missed while fn is slow or the
// connection is down: Subscribe is for people who watch, never for a computation.
func (c *Conn) Subscribe(ctx context.Context, subject string, fn func(Message)) error {
	msgs := make(chan *nats.Msg, subscribeBuffer)
	sub, err := c.nc.ChanSubscribe(subject, msgs)
	if err != nil {
		return fmt.Errorf("subscribe to %s: %w", subject, err)
	}
	return c.receive(ctx, "subscribe to", sub, msgs, func(m *nats.Msg) { fn(fromNats(m)) })
}

// receive calls fn for the messages of a subscription, one at a time, until ctx ends. Then it ends
// the subscription. verb names the purpose in an error.
func (c *Conn) receive(
	ctx context.Context, verb string, sub *nats.Subscription, msgs <-chan *nats.Msg,
	fn func(*nats.Msg),
) error {
	// fails only on a closed connection, where nothing is left to undo
	defer func() { _ = sub.Unsubscribe() }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.closed:
			return fmt.Errorf("%s %s: connection %w", verb, sub.Subject, ErrClosed)
		case m := <-msgs:
			fn(m)
		}
	}
}

const subscribeBuffer = 4096

package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// serveBuffer is how many requests may wait. Further ones are dropped, and their senders time out.
const serveBuffer = 64

// Serve answers requests under subject, one at a time. It returns nil when ctx ends. Of all
// processes that serve a subject in one group, one gets each request; in group "" all get it.
// answer also gets messages that ask for no answer.
func (c *Conn) Serve(
	ctx context.Context, subject, group string, answer func(Message) []byte,
) error {
	msgs := make(chan *nats.Msg, serveBuffer)
	sub, err := c.nc.ChanQueueSubscribe(subject, group, msgs)
	if err != nil {
		return fmt.Errorf("serve %s: %w", subject, err)
	}
	return c.receive(ctx, "serve", sub, msgs, func(m *nats.Msg) {
		c.respond(m, answer(fromNats(m)))
	})
}

// respond answers a message that asks for an answer.
func (c *Conn) respond(m *nats.Msg, data []byte) {
	if m.Reply == "" {
		return
	}
	if err := m.Respond(data); err != nil { // the sender times out and asks again
		c.log.Warn().AnErr("err", err).Str("subject", m.Subject).Msg("request not answered")
	}
}

// Listener is what Overhear calls, one at a time.
type Listener struct {
	Hear   func(Message)        // each message
	Answer func(Message) []byte // those that ask for an answer, after Hear
	Missed func(n int)          // so many messages were dropped, because Hear was slow
}

// Overhear hears what is published under subject (wildcards allowed), which may be a flood. It
// returns nil when ctx ends. Of all processes that overhear a subject in one group, one gets each
// message.
func (c *Conn) Overhear(ctx context.Context, subject, group string, l Listener) error {
	msgs := make(chan *nats.Msg, subscribeBuffer)
	sub, err := c.nc.ChanQueueSubscribe(subject, group, msgs)
	if err != nil {
		return fmt.Errorf("overhear %s: %w", subject, err)
	}
	missed := 0
	return c.receive(ctx, "overhear", sub, msgs, func(raw *nats.Msg) {
		m := fromNats(raw)
		l.Hear(m)
		if raw.Reply != "" {
			c.respond(raw, l.Answer(m))
		}
		if n, err := sub.Dropped(); err == nil && n > missed {
			l.Missed(n - missed)
			missed = n
		}
	})
}

// Request sends a request to the process that serves subject and returns the answer. Errors:
// ErrNoServer when no process serves it, or a failed request.
func (c *Conn) Request(ctx context.Context, subject string, data []byte) (Message, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	m, err := c.nc.RequestWithContext(ctx, subject, data)
	if err != nil {
		if errors.Is(err, nats.ErrNoResponders) {
			return Message{}, fmt.Errorf("ask %s: %w", subject, ErrNoServer)
		}
		return Message{}, fmt.Errorf("ask %s: %w", subject, err)
	}
	return fromNats(m), nil
}

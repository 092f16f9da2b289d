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
		data := answer(fromNats(m))
		if m.Reply == "" {
			return
		}
		if err := m.Respond(data); err != nil { // the sender times out and asks again
			c.log.Warn().AnErr("err", err).Str("subject", subject).Msg("request not answered")
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

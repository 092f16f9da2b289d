package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// serveBuffer is how many requests may wait; what comes beyond is dropped and its sender times out.
const serveBuffer = 64

// Serve answers requests under subject, one at a time, until ctx ends; it blocks until then and returns nil. Of all who
// serve a subject under one group, one gets each request; under "" all do. A message that asks for no answer is handed over as well.
func (c *Conn) Serve(ctx context.Context, subject, group string, answer func(Message) []byte) error {
	msgs := make(chan *nats.Msg, serveBuffer)
	sub, err := c.nc.ChanQueueSubscribe(subject, group, msgs)
	if err != nil {
		return fmt.Errorf("serve %s: %w", subject, err)
	}
	return c.hear(ctx, "serve", sub, msgs, func(m *nats.Msg) {
		data := answer(fromNats(m))
		if m.Reply == "" {
			return
		}
		if err := m.Respond(data); err != nil { // the sender times out and asks again
			c.log.Warn().AnErr("err", err).Str("subject", subject).Msg("request not answered")
		}
	})
}

// Request asks whoever serves subject and waits for the answer. ErrNoServer when nobody does.
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

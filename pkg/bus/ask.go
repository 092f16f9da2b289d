package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
)

// Ask sends a question and returns the answer of whoever serves the subject; ErrNoAnswer when nobody does. Nothing is
// stored.
func (c *Conn) Ask(ctx context.Context, subject string, data []byte) ([]byte, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	m, err := c.nc.RequestWithContext(ctx, subject, data)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("ask %s: %w", subject, ErrNoAnswer)
	case err != nil:
		return nil, fmt.Errorf("ask %s: %w", subject, err)
	}
	return m.Data, nil
}

// Answer calls fn for every question under subject (wildcards allowed), one at a time, and sends back what it returns,
// until ctx ends; it blocks until then and returns nil.
func (c *Conn) Answer(ctx context.Context, subject string, fn func(Message) []byte) error {
	questions := make(chan *nats.Msg, answerBuffer)
	sub, err := c.nc.ChanSubscribe(subject, questions)
	if err != nil {
		return fmt.Errorf("answer %s: %w", subject, err)
	}
	defer func() { _ = sub.Unsubscribe() }() // fails only on a closed connection, where nothing is left to undo
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-c.gone:
			return fmt.Errorf("answer %s: connection %w", subject, ErrClosed)
		case m := <-questions:
			// Who asked and has gone does not hear it, which is no fault of this end.
			_ = m.Respond(fn(fromNats(m)))
		}
	}
}

const answerBuffer = 64

package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Purge deletes the messages of a subject (wildcards allowed) from a stream and returns their
// number: those below the sequence before, or all of them when before is 0. Readers of the stream
// see a hole. No role has the right to purge.
func (c *Conn) Purge(
	ctx context.Context, stream, subject string, before uint64,
) (purged uint64, err error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	request, err := json.Marshal(struct {
		Filter string `json:"filter"`
		Seq    uint64 `json:"seq,omitempty"`
	}{subject, before})
	if err != nil {
		return 0, fmt.Errorf("purge %s from %s: %w", subject, stream, err)
	}
	reply, err := c.nc.RequestWithContext(ctx, "$JS.API.STREAM.PURGE."+stream, request)
	if err != nil {
		return 0, fmt.Errorf("purge %s from %s: %w", subject, stream, err)
	}
	var answer struct {
		Purged uint64              `json:"purged"`
		Error  *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return 0, fmt.Errorf("purge %s from %s: %w", subject, stream, err)
	}
	if answer.Error != nil {
		return 0, fmt.Errorf("purge %s from %s: %w", subject, stream, answer.Error)
	}
	return answer.Purged, nil
}

// Erase deletes one message from a stream and overwrites its bytes in the store.
func (c *Conn) Erase(ctx context.Context, stream string, seq uint64) error {
	ctx, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return fmt.Errorf("erase %d: %w", seq, streamError(stream, err))
	}
	if err := s.SecureDeleteMsg(ctx, seq); err != nil {
		return fmt.Errorf("erase %d from %s: %w", seq, stream, err)
	}
	return nil
}

// NextBySubject returns the first message of a subject (wildcards allowed) at or after a sequence,
// and false when there is none. It is for few messages among many others; a Reader is for all.
func (c *Conn) NextBySubject(
	ctx context.Context, stream, subject string, from uint64,
) (Message, bool, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return Message{}, false, fmt.Errorf(
			"next message of %s: %w", subject, streamError(stream, err),
		)
	}
	next, err := s.GetMsg(ctx, max(from, 1), jetstream.WithGetMsgSubject(subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Message{}, false, nil
	}
	if err != nil {
		return Message{}, false, fmt.Errorf(
			"next message of %s in %s from %d: %w", subject, stream, from, err,
		)
	}
	return Message{
		Subject: next.Subject, Seq: next.Sequence, Time: next.Time.UTC(), Data: next.Data,
	}, true, nil
}

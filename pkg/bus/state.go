package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// StreamState describes a stream and its content.
type StreamState struct {
	Name string
	// Created tells the stream from an earlier one of the same name, whose sequences mean nothing
	// here.
	Created time.Time
	// FirstSeq and LastSeq are the bounds of the messages. In an empty stream FirstSeq is
	// LastSeq + 1.
	FirstSeq, LastSeq uint64
	Messages, Bytes   uint64
	// Subjects and Metadata are those of its configuration.
	Subjects []string
	Metadata map[string]string
	// MaxBytes and MaxAge are its bounds; 0 means none.
	MaxBytes int64
	MaxAge   time.Duration
}

// StreamState asks the leader of a stream. Errors: ErrNoStream, or a failed request.
func (c *Conn) StreamState(ctx context.Context, stream string) (StreamState, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	s, err := c.js.Stream(ctx, stream)
	if err != nil {
		return StreamState{}, fmt.Errorf("ask for its state: %w", streamError(stream, err))
	}
	info := s.CachedInfo()
	state := StreamState{
		Name: stream, Created: info.Created.UTC(), FirstSeq: info.State.FirstSeq,
		LastSeq: info.State.LastSeq, Messages: info.State.Msgs, Bytes: info.State.Bytes,
		Subjects: info.Config.Subjects, Metadata: info.Config.Metadata,
		MaxBytes: max(info.Config.MaxBytes, 0), MaxAge: info.Config.MaxAge,
	}
	if state.Messages == 0 {
		state.FirstSeq = state.LastSeq + 1
	}
	return state, nil
}

// LastBySubject returns the newest message of a subject (wildcards allowed), and false when there
// is none. Any replica of a stream may answer, even one that lags behind.
func (c *Conn) LastBySubject(ctx context.Context, stream, subject string) (Message, bool, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	request, err := json.Marshal(map[string]string{"last_by_subj": subject})
	if err != nil {
		return Message{}, false, fmt.Errorf("last message of %s in %s: %w", subject, stream, err)
	}
	answer, err := c.nc.RequestWithContext(ctx, directGet+stream, request)
	if errors.Is(err, nats.ErrNoResponders) {
		return Message{}, false, fmt.Errorf("last message of %s: %w %s, or it allows no direct get",
			subject, ErrNoStream, stream)
	}
	if err != nil {
		return Message{}, false, fmt.Errorf("last message of %s in %s: %w", subject, stream, err)
	}
	switch status := answer.Header.Get(headerStatus); status {
	case "":
	case "404":
		return Message{}, false, nil
	default:
		return Message{}, false, fmt.Errorf("last message of %s in %s: server answers %s %s",
			subject, stream, status, answer.Header.Get(headerDescription))
	}
	msg := fromNats(answer)
	msg.Subject = answer.Header.Get(jetstream.SubjectHeader)
	seq := answer.Header.Get(jetstream.SequenceHeader)
	stored := answer.Header.Get(jetstream.TimeStampHeaer)
	if msg.Seq, err = strconv.ParseUint(seq, 10, 64); err != nil {
		return Message{}, false, fmt.Errorf(
			"last message of %s in %s: its sequence: %w", subject, stream, err,
		)
	}
	if msg.Time, err = time.Parse(time.RFC3339Nano, stored); err != nil {
		return Message{}, false, fmt.Errorf(
			"last message of %s in %s: its time: %w", subject, stream, err,
		)
	}
	return msg, true, nil
}

// NewestSeq returns the sequence of the newest message in a stream, 0 when the stream is empty. It
// is below StreamState.LastSeq when the newest messages were erased; no reader then ever sees
// LastSeq.
func (c *Conn) NewestSeq(ctx context.Context, stream string) (uint64, error) {
	state, err := c.StreamState(ctx, stream)
	if err != nil || state.Messages == 0 {
		return 0, err
	}
	newest := uint64(0)
	for _, subject := range state.Subjects {
		last, ok, err := c.LastBySubject(ctx, stream, subject)
		if err != nil {
			return 0, err
		}
		if ok {
			newest = max(newest, last.Seq)
		}
	}
	return newest, nil
}

const (
	directGet         = "$JS.API.DIRECT.GET."
	headerStatus      = "Status"
	headerDescription = "Description"
)

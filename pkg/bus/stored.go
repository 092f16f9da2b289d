package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// ProbeID is the Message.ID of a message of Stored, for those who hear it.
const ProbeID = "loadtide-probe"

// errCodeStreamNotMatch is the code with which a stream refuses a message that is for another one.
const errCodeStreamNotMatch = 10060

// Stored reports whether a stream stores what is published under subject. It publishes a message
// that says it is for another stream, so that the stream answers and stores nothing. The error is
// that of a request without an answer.
func (c *Conn) Stored(ctx context.Context, subject string) (bool, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	probe := &nats.Msg{Subject: subject, Header: nats.Header{
		jetstream.ExpectedStreamHeader: {ProbeID}, jetstream.MsgIDHeader: {ProbeID},
	}}
	answer, err := c.nc.RequestMsgWithContext(ctx, probe)
	if errors.Is(err, nats.ErrNoResponders) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask who stores %s: %w", subject, err)
	}
	var refusal struct {
		Error struct {
			Code int `json:"err_code"`
		} `json:"error"`
	}
	return json.Unmarshal(answer.Data, &refusal) == nil &&
		refusal.Error.Code == errCodeStreamNotMatch, nil
}

// NoStreamAnswer is an answer to a publisher of a message that no stream stores: its Publish fails
// with ErrNoStream and with the text.
func NoStreamAnswer(text string) []byte {
	type refusal struct {
		Code        int    `json:"code"`
		ErrorCode   int    `json:"err_code"`
		Description string `json:"description"`
	}
	data, _ := json.Marshal(struct { // of texts and numbers, which cannot fail
		Type  string  `json:"type"`
		Error refusal `json:"error"`
	}{
		"io.nats.jetstream.api.v1.pub_ack_response",
		refusal{404, int(jetstream.JSErrCodeStreamNotFound), text},
	})
	return data
}

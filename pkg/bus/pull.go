package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
)

const (
	pullHeartbeat = 2 * time.Second
	pullExpires   = 30 * time.Second
	// pullSilence is the time after which two heartbeats are missing.
	pullSilence = 2*pullHeartbeat + time.Second
	// pullMaxBytes bounds the answer to one request; twice the largest message counts if that is
	// more. Two requests may be under way.
	pullMaxBytes = 8 << 20
	// pullInactive is how long the server keeps the consumer of a reader that has gone.
	pullInactive = 2 * time.Minute
	// pullSpare is room for the server's status messages, in addition to the messages asked for.
	pullSpare = 64
)

// pull reads a stream for a Reader until the first fault: a consumer of its own on the server, and
// the requests that feed it. The library's ordered consumer does the same, but it blocks for up to
// 20 s when it is stopped while the server is away, and it takes a fifth more time for each
// message.
type pull struct {
	conn   *Conn
	stream string
	name   string
	sub    *nats.Subscription
	inbox  string
	msgs   chan *nats.Msg
	unread *nats.Msg // received by a wait; it comes before the messages in msgs
	down   <-chan struct{}
	buffer int
	bytes  int
	want   int    // messages that were asked for and have not been decoded
	count  uint64 // deliveries so far, as the server counts them
}

// openPull makes the consumer; cfg says where it starts. Only refill sends requests.
func (c *Conn) openPull(
	ctx context.Context, stream string, cfg jetstream.ConsumerConfig, buffer int,
	down <-chan struct{},
) (*pull, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	cfg.Name = "log_" + nuid.Next()
	cfg.AckPolicy, cfg.MemoryStorage = jetstream.AckNonePolicy, true
	cfg.Replicas, cfg.InactiveThreshold = 1, pullInactive
	p := &pull{
		conn: c, stream: stream, name: cfg.Name, inbox: c.nc.NewInbox(),
		msgs: make(chan *nats.Msg, buffer+pullSpare), down: down,
		buffer: buffer, bytes: max(pullMaxBytes, 2*int(c.nc.MaxPayload())),
	}
	if _, err := c.js.CreateConsumer(ctx, stream, cfg); err != nil {
		return nil, fmt.Errorf("make a consumer: %w", streamError(stream, err))
	}
	sub, err := c.nc.ChanSubscribe(p.inbox, p.msgs)
	if err != nil {
		p.deleteConsumer()
		return nil, fmt.Errorf("subscribe to its messages: %w", err)
	}
	p.sub = sub
	return p, nil
}

// refill asks for more messages when half of the buffer is used up.
func (p *pull) refill() error {
	if p.want > p.buffer/2 {
		return nil
	}
	n := p.buffer - p.want
	request := fmt.Appendf(nil,
		`{"batch":%d,"max_bytes":%d,"expires":%d,"idle_heartbeat":%d}`,
		n, p.bytes, pullExpires, pullHeartbeat)
	next := nextSubject + p.stream + "." + p.name
	if err := p.conn.nc.PublishRequest(next, p.inbox, request); err != nil {
		return fmt.Errorf("ask for messages: %w", err)
	}
	p.want += n
	return nil
}

const nextSubject = "$JS.API.CONSUMER.MSG.NEXT."

// poll returns the next message that has arrived, or nil.
func (p *pull) poll() *nats.Msg {
	if m := p.unread; m != nil {
		p.unread = nil
		return m
	}
	select {
	case m := <-p.msgs:
		return m
	default:
		return nil
	}
}

// decode returns the message that was delivered; ok is false for a status message. An error ends
// the pull.
func (p *pull) decode(m *nats.Msg) (msg Message, ok bool, err error) {
	if m.Reply == "" {
		return Message{}, false, p.status(m)
	}
	d, ok := parseDelivery(m.Reply)
	if !ok {
		return Message{}, false, fmt.Errorf("server sent a message with the unknown reply "+
			"subject %q", m.Reply)
	}
	if d.consumer != p.count+1 {
		return Message{}, false, fmt.Errorf("a message was lost on the way: delivery %d came "+
			"after %d", d.consumer, p.count)
	}
	p.count = d.consumer
	p.want = max(p.want-1, 0)
	msg = fromNats(m)
	msg.Seq, msg.Time, msg.Pending = d.stream, time.Unix(0, d.nanos).UTC(), d.pending
	return msg, true, nil
}

// status handles a message without content: a heartbeat, the end of a request, or the end of the
// consumer, which is an error.
func (p *pull) status(m *nats.Msg) error {
	code, text := m.Header.Get(headerStatus), m.Header.Get(headerDescription)
	switch code {
	case "100": // heartbeat
		return nil
	case "503":
		return errors.New("server no longer knows the consumer")
	}
	left := m.Header.Get("Nats-Pending-Messages")
	if left == "" { // consumer deleted, leader changed, server shut down, request refused
		return fmt.Errorf("server ended the reading: %s %s", code, text)
	}
	n, err := strconv.Atoi(left)
	if err != nil {
		return fmt.Errorf("server ended a request with %q messages left", left)
	}
	p.want = max(p.want-n, 0)
	return nil
}

// close ends the subscription and asks the server to delete the consumer; otherwise the server does
// that by itself after pullInactive.
func (p *pull) close() {
	_ = p.sub.Unsubscribe() // fails only on a closed connection
	p.deleteConsumer()
}

// deleteConsumer sends the request and does not wait for the answer: the server may be away.
func (p *pull) deleteConsumer() {
	_ = p.conn.nc.Publish("$JS.API.CONSUMER.DELETE."+p.stream+"."+p.name, nil)
}

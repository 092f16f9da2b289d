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
	// pullSilence is two heartbeats that did not come.
	pullSilence = 2*pullHeartbeat + time.Second
	// pullMaxBytes bounds what one request brings; two may be under way. It is raised to twice the largest message.
	pullMaxBytes = 8 << 20
	// pullInactive is how long the server keeps the consumer of a reader that went away.
	pullInactive = 2 * time.Minute
	// pullSpare is room for the server's remarks (heartbeats, ends of requests) beside the messages asked for.
	pullSpare = 64
)

// pull is one life of a Log: a consumer of its own on the server, and the requests that feed it. The library's ordered
// consumer does as much, but cannot be stopped while the server is away (up to 20 s), and costs a fifth more a message.
type pull struct {
	conn   *Conn
	stream string
	name   string
	sub    *nats.Subscription
	inbox  string
	msgs   chan *nats.Msg
	unread *nats.Msg // taken from msgs by a waiter, to be taken before the others
	down   <-chan struct{}
	buffer int
	bytes  int
	want   int    // messages asked for and not yet taken
	seen   uint64 // the consumer's own count of deliveries
}

// openPull makes the consumer; cfg says where it starts. Requests are sent by refill alone.
func (c *Conn) openPull(ctx context.Context, stream string, cfg jetstream.ConsumerConfig, buffer int, down <-chan struct{}) (*pull, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	cfg.Name = "log_" + nuid.Next()
	cfg.AckPolicy, cfg.MemoryStorage, cfg.Replicas, cfg.InactiveThreshold = jetstream.AckNonePolicy, true, 1, pullInactive
	p := &pull{
		conn: c, stream: stream, name: cfg.Name, inbox: c.nc.NewInbox(), msgs: make(chan *nats.Msg, buffer+pullSpare), down: down,
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

// refill asks for more when half of the buffer is used up.
func (p *pull) refill() error {
	if p.want > p.buffer/2 {
		return nil
	}
	n := p.buffer - p.want
	request := fmt.Appendf(nil, `{"batch":%d,"max_bytes":%d,"expires":%d,"idle_heartbeat":%d}`, n, p.bytes, pullExpires, pullHeartbeat)
	if err := p.conn.nc.PublishRequest(nextSubject+p.stream+"."+p.name, p.inbox, request); err != nil {
		return fmt.Errorf("ask for messages: %w", err)
	}
	p.want += n
	return nil
}

const nextSubject = "$JS.API.CONSUMER.MSG.NEXT."

// poll returns what has arrived, in order, or nil.
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

// take turns what arrived into a message; ok is false for a remark of the server. An error ends the pull.
func (p *pull) take(m *nats.Msg) (msg Message, ok bool, err error) {
	if m.Reply == "" {
		return Message{}, false, p.remark(m)
	}
	d, ok := parseDelivery(m.Reply)
	if !ok {
		return Message{}, false, fmt.Errorf("server sent a message with the unknown reply subject %q", m.Reply)
	}
	if d.consumer != p.seen+1 {
		return Message{}, false, fmt.Errorf("a message was lost on the way: delivery %d came after %d", d.consumer, p.seen)
	}
	p.seen = d.consumer
	p.want = max(p.want-1, 0)
	msg = fromNats(m)
	msg.Seq, msg.Time, msg.Pending = d.stream, time.Unix(0, d.nanos).UTC(), d.pending
	return msg, true, nil
}

// remark takes a message without content: a heartbeat, the end of a request, or the end of all.
func (p *pull) remark(m *nats.Msg) error {
	status, text := m.Header.Get(headerStatus), m.Header.Get(headerDescription)
	switch status {
	case "100": // heartbeat
		return nil
	case "503":
		return errors.New("server no longer knows the consumer")
	}
	left := m.Header.Get("Nats-Pending-Messages")
	if left == "" { // consumer deleted, leader changed, server shut down, request refused
		return fmt.Errorf("server ended the reading: %s %s", status, text)
	}
	n, err := strconv.Atoi(left)
	if err != nil {
		return fmt.Errorf("server ended a request with %q messages left", left)
	}
	p.want = max(p.want-n, 0)
	return nil
}

// close ends the subscription and asks the server to forget the consumer, which it would do by itself in a while.
func (p *pull) close() {
	_ = p.sub.Unsubscribe() // fails only on a closed connection
	p.deleteConsumer()
}

// deleteConsumer sends the request and waits for no answer: it may be that nobody is there to give one.
func (p *pull) deleteConsumer() {
	_ = p.conn.nc.Publish("$JS.API.CONSUMER.DELETE."+p.stream+"."+p.name, nil)
}

package bus

import (
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Message is one message of a stream or of a subscription. The receiver owns Data.
type Message struct {
	// Subject is the subject that the message was published under.
	Subject string
	// Seq is the sequence of the message in its stream, from 1; 0 for a message that did not come
	// from a stream.
	Seq uint64
	// Time is when the server stored the message, in UTC; zero for a message that did not come from
	// a stream.
	Time time.Time
	Data []byte
	// ID is the header Nats-Msg-Id, ContentType the header Content-Type. They may be empty.
	ID, ContentType string
	// Pending is how many messages followed in the stream when this message was delivered.
	Pending uint64
}

const headerContentType = "Content-Type"

// fromNats copies the fields that the message and its headers carry.
func fromNats(m *nats.Msg) Message {
	msg := Message{Subject: m.Subject, Data: m.Data}
	if len(m.Header) > 0 {
		msg.ID = m.Header.Get(jetstream.MsgIDHeader)
		msg.ContentType = m.Header.Get(headerContentType)
	}
	return msg
}

// delivery is the content of a delivered message's reply subject.
type delivery struct {
	stream, consumer uint64 // sequence in the stream; number of this delivery to the consumer
	nanos            int64
	pending          uint64
}

const ackPrefix = "$JS.ACK."

// parseDelivery reads the reply subject of a delivered message, in either of the server's layouts:
//
//	$JS.ACK.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.<nanoseconds>.<pending>
//	$JS.ACK.<domain>.<account>.<stream>.<consumer>.<deliveries>.<stream seq>.<consumer seq>.
//	        <nanoseconds>.<pending>[.…]
//
// It runs for each message and allocates nothing.
func parseDelivery(reply string) (delivery, bool) {
	if !strings.HasPrefix(reply, ackPrefix) {
		return delivery{}, false
	}
	rest := reply[len(ackPrefix):]
	skip := 3 // stream, consumer, deliveries
	if strings.Count(rest, ".") >= 8 {
		skip = 5 // and domain, account
	}
	for ; skip > 0; skip-- {
		dot := strings.IndexByte(rest, '.')
		if dot < 0 {
			return delivery{}, false
		}
		rest = rest[dot+1:]
	}
	var numbers [4]uint64
	for i := range numbers {
		token := rest
		if dot := strings.IndexByte(rest, '.'); dot >= 0 {
			token, rest = rest[:dot], rest[dot+1:]
		} else if i < len(numbers)-1 {
			return delivery{}, false
		}
		n, ok := parseDigits(token)
		if !ok {
			return delivery{}, false
		}
		numbers[i] = n
	}
	return delivery{stream: numbers[0], consumer: numbers[1], nanos: int64(numbers[2]),
		pending: numbers[3]}, true
}

// parseDigits reads a decimal number without sign that fits an int64.
func parseDigits(s string) (uint64, bool) {
	if len(s) == 0 || len(s) > 18+1 {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	return n, n < 1<<63
}

package bus_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

// listener notes the texts that a subscription hears.
type listener struct {
	mu      sync.Mutex
	texts   []string
	greeted bool // by hello, which is not noted
}

func (l *listener) note(m bus.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if string(m.Data) == "hello" {
		l.greeted = true
		return
	}
	l.texts = append(l.texts, string(m.Data))
}

func (l *listener) heard() (texts []string, greeted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.texts), l.greeted
}

// await waits at most five seconds until done.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}

// A listener without JetStream gets the published messages, and no message of the batches
// themselves.
func TestListenersSeeOnlyMessages(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	makeStream(t, conn, "F", "f.*")
	ctx, cancel := context.WithCancel(patient(t))
	var l listener
	listening := make(chan error, 1)
	go func() { listening <- conn.Subscribe(ctx, "f.>", l.note) }()
	defer func() { cancel(); <-listening }()
	p, err := conn.OpenPublisher(ctx, "F")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	publish := func(subject, id, text string) {
		if err := p.Publish(subject, id, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	flush := func() {
		if err := p.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	// Until the subscription is there, messages go unheard: wait for one.
	await(t, "the greeting", func() bool {
		publish("f.hello", "", "hello")
		flush()
		_, greeted := l.heard()
		return greeted
	})
	var want []string
	for batch := range 5 {
		for i := range batch + 1 {
			text := fmt.Sprintf("%d.%d", batch, i)
			want = append(want, text)
			publish("f.x", text, text)
			// The stream drops a repeated message, also the last one of a batch. A listener gets the
			// repetition.
			if i == batch {
				want = append(want, text)
				publish("f.x", text, text)
			}
		}
		flush()
	}
	var texts []string
	await(t, "all texts", func() bool {
		texts, _ = l.heard()
		return len(texts) >= len(want)
	})
	if !slices.Equal(texts, want) {
		t.Fatalf("heard %q, want %q", texts, want)
	}
	state, err := conn.StreamState(ctx, "F")
	if err != nil {
		t.Fatal(err)
	}
	if unique := uint64(1 + 2 + 3 + 4 + 5); state.Messages < unique+1 {
		t.Fatalf("%d messages stored, want %d and the greetings", state.Messages, unique)
	}
}

package bus_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

// A listener without JetStream gets the published messages, and no message of the batches
// themselves.
func TestListenersSeeOnlyMessages(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	makeStream(t, conn, "F", "f.*")
	ctx, cancel := context.WithCancel(patient(t))
	var mu sync.Mutex
	var got []string
	var greeted bool
	listening := make(chan error, 1)
	go func() {
		listening <- conn.Subscribe(ctx, "f.>", func(m bus.Message) {
			mu.Lock()
			defer mu.Unlock()
			if string(m.Data) == "hello" {
				greeted = true
				return
			}
			got = append(got, string(m.Data))
		})
	}()
	defer func() { cancel(); <-listening }()
	p, err := conn.OpenPublisher(ctx, "F")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	var want []string
	// Until the subscription is there, messages go unheard: wait for one.
	for deadline := time.Now().Add(5 * time.Second); ; {
		if err := p.Publish("f.hello", "", []byte("hello")); err != nil {
			t.Fatal(err)
		}
		if err := p.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		heard := greeted
		mu.Unlock()
		if heard {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing heard")
		}
		time.Sleep(time.Millisecond)
	}
	for batch := range 5 {
		for i := range batch + 1 {
			text := fmt.Sprintf("%d.%d", batch, i)
			want = append(want, text)
			if err := p.Publish("f.x", text, []byte(text)); err != nil {
				t.Fatal(err)
			}
			// The stream drops a repeated message, also the last one of a batch. A listener gets the
			// repetition.
			if i == batch {
				want = append(want, text)
				if err := p.Publish("f.x", text, []byte(text)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := p.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(5 * time.Second)
	for {
		mu.Lock()
		n, heard := len(got), fmt.Sprint(got)
		mu.Unlock()
		if n >= len(want) || time.Now().After(deadline) {
			if heard != fmt.Sprint(want) {
				t.Fatalf("heard %s, want %v", heard, want)
			}
			break
		}
		time.Sleep(time.Millisecond)
	}
	state, err := conn.StreamState(ctx, "F")
	if err != nil {
		t.Fatal(err)
	}
	if unique := uint64(1 + 2 + 3 + 4 + 5); state.Messages < unique+1 {
		t.Fatalf("%d messages stored, want %d and the greetings", state.Messages, unique)
	}
}

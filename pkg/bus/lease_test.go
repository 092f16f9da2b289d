package bus_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

const ttl = time.Minute

// leases is a bucket of a server, and a clock for all leases in it.
type leases struct {
	*bus.Bucket
	clock time.Time
}

func newLeases(t *testing.T) *leases {
	t.Helper()
	c := bustest.Start(t).Connect()
	if _, err := c.JetStream().CreateKeyValue(
		patient(t), jetstream.KeyValueConfig{Bucket: "TRAINING"},
	); err != nil {
		t.Fatal(err)
	}
	b, err := c.OpenBucket(patient(t), "TRAINING")
	if err != nil {
		t.Fatal(err)
	}
	return &leases{b, time.Now()}
}

// of returns a lease that reads the time from the clock.
func (l *leases) of(holder string) *bus.Lease {
	lease := l.NewLease("lease", holder, ttl)
	lease.SetClock(func() time.Time { return l.clock })
	return lease
}

func acquire(t *testing.T, l *bus.Lease, want bool) {
	t.Helper()
	if got, err := l.Acquire(patient(t)); err != nil || got != want || want != (l.Left() > 0) {
		t.Fatalf("taken: %t, left %s, %v; want %t", got, l.Left(), err, want)
	}
}

func TestLeaseIsOfOneAlone(t *testing.T) {
	t.Parallel()
	b := newLeases(t)
	a, other := b.of("a"), b.of("b")
	acquire(t, a, true)
	acquire(t, other, false)
	for range 6 { // renewed, for longer than it holds
		b.clock = b.clock.Add(ttl / 3)
		acquire(t, a, true)
		acquire(t, other, false)
	}
	if err := other.Release(patient(t)); err != nil { // not its own
		t.Fatal(err)
	}
	acquire(t, a, true)
	if err := a.Release(patient(t)); err != nil || a.Left() != 0 {
		t.Fatalf("left %s, %v", a.Left(), err)
	}
	acquire(t, other, true) // at once
	acquire(t, a, false)
}

// A holder that stops renewing loses the lease by its own clock before another process can have it.
func TestLeaseOfTheDeadIsTaken(t *testing.T) {
	t.Parallel()
	b := newLeases(t)
	dead, heir := b.of("dead"), b.of("heir")
	acquire(t, dead, true)
	b.clock = b.clock.Add(ttl / 2)
	acquire(t, heir, false) // it sees that write for the first time
	b.clock = b.clock.Add(ttl/2 - 1)
	if left := dead.Left(); left != 1 {
		t.Errorf("it is left for %s", left)
	}
	b.clock = b.clock.Add(1)
	if left := dead.Left(); left != 0 {
		t.Errorf("it is left for %s", left)
	}
	b.clock = b.clock.Add(ttl / 2)
	acquire(t, heir, false)
	b.clock = b.clock.Add(1)
	acquire(t, heir, true)
	acquire(t, dead, false)
	acquire(t, heir, true)
}

// A holder acquires a lease again that it wrote itself, so that a lost answer has no effect.
func TestLeaseIsKnownAgain(t *testing.T) {
	t.Parallel()
	b := newLeases(t)
	acquire(t, b.of("a"), true)
	acquire(t, b.of("a"), true)
	if _, err := b.Update(patient(t), "strange", []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.NewLease("strange", "a", ttl).Acquire(patient(t)); err == nil ||
		!strings.Contains(err.Error(), "delete the key strange") {
		t.Errorf("%v", err)
	}
}

// When many processes want the lease at once, one gets it.
func TestLeaseIsFoughtFor(t *testing.T) {
	t.Parallel()
	b := newLeases(t)
	var takes atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if ok, err := b.NewLease(
				"lease", string(rune('a'+i)), time.Minute,
			).Acquire(patient(t)); err != nil {
				t.Error(err)
			} else if ok {
				takes.Add(1)
			}
		})
	}
	if all.Wait(); takes.Load() != 1 {
		t.Errorf("%d have it", takes.Load())
	}
}

// One of the processes that serve a subject answers a request. When none serves it, the request
// fails at once.
func TestRequestsAreServed(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t)
	c := server.Connect()
	if _, err := c.Request(patient(t), "trainer.run", nil); !errors.Is(err, bus.ErrNoServer) {
		t.Fatalf("nobody serves: %v", err)
	}
	var answered atomic.Int32
	for range 3 {
		one := server.Connect()
		go func() {
			if err := one.Serve(t.Context(), "trainer.run", "trainer", func(m bus.Message) []byte {
				answered.Add(1)
				return append([]byte("heard "), m.Data...)
			}); err != nil && !errors.Is(err, bus.ErrClosed) {
				t.Error(err)
			}
		}()
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		m, err := c.Request(patient(t), "trainer.run", []byte("you"))
		if err == nil {
			if string(m.Data) != "heard you" {
				t.Errorf("%q", m.Data)
			}
			break
		}
		if !errors.Is(err, bus.ErrNoServer) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	before := answered.Load()
	for range 10 {
		if _, err := c.Request(patient(t), "trainer.run", nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := answered.Load() - before; got != 10 {
		t.Errorf("10 requests are answered %d times", got)
	}
}

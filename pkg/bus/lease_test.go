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

const ttl = 400 * time.Millisecond

func leases(t *testing.T) *bus.Bucket {
	t.Helper()
	c := bustest.Start(t).Connect()
	if _, err := c.JetStream().CreateKeyValue(patient(t), jetstream.KeyValueConfig{Bucket: "TRAINING"}); err != nil {
		t.Fatal(err)
	}
	b, err := c.OpenBucket(patient(t), "TRAINING")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func acquire(t *testing.T, l *bus.Lease, want bool) {
	t.Helper()
	if got, err := l.Acquire(patient(t)); err != nil || got != want || want != (l.Left() > 0) {
		t.Fatalf("taken: %t, left %s, %v; want %t", got, l.Left(), err, want)
	}
}

func TestLeaseIsOfOneAlone(t *testing.T) {
	t.Parallel()
	b := leases(t)
	a, other := b.NewLease("lease", "a", ttl), b.NewLease("lease", "b", ttl)
	acquire(t, a, true)
	acquire(t, other, false)
	for range 6 { // renewed, for longer than it holds
		time.Sleep(ttl / 3)
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

// Who stops renewing loses it by its own clock before another can have it.
func TestLeaseOfTheDeadIsTaken(t *testing.T) {
	t.Parallel()
	b := leases(t)
	dead, heir := b.NewLease("lease", "dead", ttl), b.NewLease("lease", "heir", ttl)
	acquire(t, dead, true)
	for deadline := time.Now().Add(20 * ttl); ; time.Sleep(ttl / 20) {
		taken, err := heir.Acquire(patient(t))
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("not taken: %v", err)
		}
		if taken {
			break
		}
	}
	if dead.Left() != 0 {
		t.Errorf("two hold it, the first for another %s", dead.Left())
	}
	acquire(t, dead, false)
	acquire(t, heir, true)
}

// The same holder takes up what it wrote itself, so that a lost answer costs
// nothing.
func TestLeaseIsKnownAgain(t *testing.T) {
	t.Parallel()
	b := leases(t)
	acquire(t, b.NewLease("lease", "a", ttl), true)
	acquire(t, b.NewLease("lease", "a", ttl), true)
	if _, err := b.Update(patient(t), "strange", []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := b.NewLease("strange", "a", ttl).Acquire(patient(t)); err == nil || !strings.Contains(err.Error(), "delete the key strange") {
		t.Errorf("%v", err)
	}
}

// Of many that want it at once one gets it.
func TestLeaseIsFoughtFor(t *testing.T) {
	t.Parallel()
	b := leases(t)
	var taken atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if ok, err := b.NewLease("lease", string(rune('a'+i)), time.Minute).Acquire(patient(t)); err != nil {
				t.Error(err)
			} else if ok {
				taken.Add(1)
			}
		})
	}
	if all.Wait(); taken.Load() != 1 {
		t.Errorf("%d have it", taken.Load())
	}
}

// Requests are answered by one of those that serve; nobody serving is told at
// once.
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

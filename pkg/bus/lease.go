package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Lease is the right of one process among several to do something, held in a key that it renews by compare-and-set. No
// clock is shared: who holds it counts from before its write, who waits for it counts from when it first saw that write,
// so the waiter's time is never up before the holder's. A holder that was stopped for long finds by Left that it has lost
// it; between two looks both may believe in it, so what it guards must bear that. Safe for concurrent use.
type Lease struct {
	bucket *Bucket
	key    string
	holder string
	ttl    time.Duration

	mu      sync.Mutex
	rev     uint64    // of our own write, 0 while it is not ours
	renewed time.Time // before that write
	seen    uint64    // revision of another's write
	since   time.Time // when it was first seen
}

// leaseValue is what stands under the key; an empty Holder has given it back.
type leaseValue struct {
	Holder string `json:"holder"`
	TTL    int64  `json:"ttl_ms"`
}

// NewLease is a lease that is not taken yet. holder names this life of the process and no other.
func (b *Bucket) NewLease(key, holder string, ttl time.Duration) *Lease {
	return &Lease{bucket: b, key: key, holder: holder, ttl: ttl}
}

// Take takes the lease or renews it, and says whether it is ours from now on. It is not while another holds it who has
// renewed it within its time. After an error nothing is known: Left says how long it is still ours.
func (l *Lease) Take(ctx context.Context) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rev != 0 && l.left() > 0 {
		ours, err := l.write(ctx, l.rev, leaseValue{l.holder, l.ttl.Milliseconds()})
		if ours || err != nil {
			return ours, err
		}
		// Refused: by another, or by our own write whose answer was lost.
	}
	l.rev = 0
	value, rev, ok, err := l.bucket.Get(ctx, l.key)
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", l.key, err)
	}
	if ok {
		var other leaseValue
		if err := json.Unmarshal(value, &other); err != nil {
			return false, fmt.Errorf("lease %s holds %.40q: delete the key %s of bucket %s: %w", l.key, value, l.key, l.bucket.name, err)
		}
		if other.Holder != "" && other.Holder != l.holder && !l.expired(rev, time.Duration(other.TTL)*time.Millisecond) {
			return false, nil
		}
	}
	return l.write(ctx, rev, leaseValue{l.holder, l.ttl.Milliseconds()})
}

// expired says whether a write of another has been the last one for as long as it holds.
func (l *Lease) expired(rev uint64, ttl time.Duration) bool {
	if rev != l.seen {
		l.seen, l.since = rev, time.Now()
	}
	return time.Since(l.since) > ttl // monotonic: a wall clock set forward must not take a lease away
}

// write returns false when the key has changed since rev.
func (l *Lease) write(ctx context.Context, rev uint64, v leaseValue) (bool, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", l.key, err)
	}
	began := time.Now()
	next, err := l.bucket.Update(ctx, l.key, data, rev)
	if errors.Is(err, ErrConflict) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", l.key, err)
	}
	l.rev, l.renewed = next, began
	return true, nil
}

// Left is how long the lease is surely ours if it is not renewed, 0 when it is not ours.
func (l *Lease) Left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left()
}

func (l *Lease) left() time.Duration {
	if l.rev == 0 {
		return 0
	}
	now := time.Now()
	// By the monotonic clock or the wall's, whichever says more: the first stands still while the machine sleeps.
	return max(l.ttl-max(now.Sub(l.renewed), now.Round(0).Sub(l.renewed.Round(0))), 0)
}

// Release gives the lease back, so that nobody waits for its end. One that is not ours stays as it is.
func (l *Lease) Release(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rev == 0 {
		return nil
	}
	_, err := l.write(ctx, l.rev, leaseValue{})
	l.rev = 0
	return err
}

package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Lease is the right of one process among several to do something. The holder writes its name under
// a key and renews it by compare-and-set. It is safe for concurrent use.
//
// The processes share no clock. The holder counts its time from before its write; a process that
// waits counts from when it first saw that write. So the wait is never over before the holder's
// time is.
//
// A holder that stood still for long learns from Left that the lease has ended. Until it asks, two
// processes may believe that they hold it. What the lease guards must bear that.
type Lease struct {
	bucket *Bucket
	key    string
	holder string
	ttl    time.Duration
	now    func() time.Time

	mu      sync.Mutex
	rev     uint64    // of this holder's last write; 0 while the lease is not this holder's
	renewed time.Time // just before that write
	seen    uint64    // revision of another holder's last write
	since   time.Time // when that write was first seen
}

// leaseValue is the value under the key. An empty Holder means that the lease was released.
type leaseValue struct {
	Holder string `json:"holder"`
	TTL    int64  `json:"ttl_ms"`
}

// NewLease returns a lease that is not held yet. holder must be a name that no other process has,
// nor this one after a restart.
func (b *Bucket) NewLease(key, holder string, ttl time.Duration) *Lease {
	return &Lease{bucket: b, key: key, holder: holder, ttl: ttl, now: time.Now}
}

// Acquire acquires the lease or renews it, and reports whether this holder has it from now on. It
// has not while another holder renews it in time. After an error it is not known who has the lease;
// Left says how long this holder surely has it.
func (l *Lease) Acquire(ctx context.Context) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rev != 0 && l.left() > 0 {
		renewed, err := l.write(ctx, l.rev, leaseValue{l.holder, l.ttl.Milliseconds()})
		if renewed || err != nil {
			return renewed, err
		}
		// The key has changed: by another holder, or by a write of this one whose answer was lost.
	}
	l.rev = 0
	value, rev, ok, err := l.bucket.Get(ctx, l.key)
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", l.key, err)
	}
	if ok {
		var other leaseValue
		if err := json.Unmarshal(value, &other); err != nil {
			return false, fmt.Errorf("lease %s holds %.40q: delete the key %s of bucket %s: %w",
				l.key, value, l.key, l.bucket.name, err)
		}
		if other.Holder != "" && other.Holder != l.holder &&
			!l.expired(rev, time.Duration(other.TTL)*time.Millisecond) {
			return false, nil
		}
	}
	return l.write(ctx, rev, leaseValue{l.holder, l.ttl.Milliseconds()})
}

// expired reports whether another holder has not renewed its write for the time that it lasts.
func (l *Lease) expired(rev uint64, ttl time.Duration) bool {
	if rev != l.seen {
		l.seen, l.since = rev, l.now()
	}
	// monotonic: a wall clock that is set forward must not end a lease
	return l.now().Sub(l.since) > ttl
}

// write writes the value, and returns false when the key has changed since rev.
func (l *Lease) write(ctx context.Context, rev uint64, v leaseValue) (bool, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", l.key, err)
	}
	began := l.now()
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

// Left returns how long this holder surely has the lease if nobody renews it; 0 when it has not.
func (l *Lease) Left() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.left()
}

func (l *Lease) left() time.Duration {
	if l.rev == 0 {
		return 0
	}
	now := l.now()
	// The longer time of the monotonic and the wall clock counts: the monotonic one stands still
	// while the machine sleeps.
	return max(l.ttl-max(now.Sub(l.renewed), now.Round(0).Sub(l.renewed.Round(0))), 0)
}

// Release ends the lease at once, so that other processes need not wait. It does nothing when this
// holder does not have the lease.
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

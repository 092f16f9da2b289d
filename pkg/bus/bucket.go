package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Bucket holds small values under keys, each with a revision for compare-and-set. Safe for concurrent use.
type Bucket struct {
	conn *Conn
	name string
	kv   jetstream.KeyValue
}

// OpenBucket opens a bucket that exists; ErrNoBucket when it does not.
func (c *Conn) OpenBucket(ctx context.Context, name string) (*Bucket, error) {
	ctx, cancel := c.request(ctx)
	defer cancel()
	kv, err := c.js.KeyValue(ctx, name)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, fmt.Errorf("%w %s", ErrNoBucket, name)
	}
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", name, err)
	}
	return &Bucket{conn: c, name: name, kv: kv}, nil
}

// Get returns a value and its revision; ok is false when there is none. Of a replicated bucket any replica may answer,
// one that lags too: what Update says is what holds.
func (b *Bucket) Get(ctx context.Context, key string) (value []byte, rev uint64, ok bool, err error) {
	ctx, cancel := b.conn.request(ctx)
	defer cancel()
	entry, err := b.kv.Get(ctx, key)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, false, nil
	}
	if err != nil {
		return nil, 0, false, fmt.Errorf("get %s from bucket %s: %w", key, b.name, err)
	}
	return entry.Value(), entry.Revision(), true, nil
}

// Update writes a value if the key still has revision rev (0: if it has no value) and returns its new revision.
// ErrConflict when it has another one.
func (b *Bucket) Update(ctx context.Context, key string, value []byte, rev uint64) (uint64, error) {
	ctx, cancel := b.conn.request(ctx)
	defer cancel()
	var next uint64
	var err error
	if rev == 0 {
		next, err = b.kv.Create(ctx, key, value)
	} else {
		next, err = b.kv.Update(ctx, key, value, rev)
	}
	switch {
	case err == nil:
		return next, nil
	case errors.Is(err, jetstream.ErrKeyExists), errors.Is(err, jetstream.ErrKeyRevisionMismatch):
		return 0, fmt.Errorf("update %s in bucket %s at revision %d: %w", key, b.name, rev, ErrConflict)
	}
	return 0, fmt.Errorf("update %s in bucket %s: %w", key, b.name, err)
}

// Remove takes a value out, with all that stood there before; a key without one is no fault.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	ctx, cancel := b.conn.request(ctx)
	defer cancel()
	if err := b.kv.Purge(ctx, key); err != nil {
		return fmt.Errorf("remove %s from bucket %s: %w", key, b.name, err)
	}
	return nil
}

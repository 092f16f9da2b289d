package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Bucket holds small values under keys, each with a revision for compare-and-set. It is safe for
// concurrent use.
type Bucket struct {
	conn *Conn
	name string
	kv   jetstream.KeyValue
}

// OpenBucket opens a bucket. Errors: ErrNoBucket when it does not exist, or a failed request.
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

// Get returns a value and its revision; ok is false when the key has no value. Any replica of a
// bucket may answer, even one that lags behind. Only Update knows the newest revision.
func (b *Bucket) Get(
	ctx context.Context, key string,
) (value []byte, rev uint64, ok bool, err error) {
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

// Update writes a value and returns its revision. The key must have revision rev; 0 means that it
// has no value. Errors: ErrConflict when the key has another revision, or a failed request.
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
		return 0, fmt.Errorf("update %s in bucket %s at revision %d: %w", key, b.name, rev,
			ErrConflict)
	}
	return 0, fmt.Errorf("update %s in bucket %s: %w", key, b.name, err)
}

// Remove deletes a key with all its former values. A key without a value is no error.
func (b *Bucket) Remove(ctx context.Context, key string) error {
	ctx, cancel := b.conn.request(ctx)
	defer cancel()
	if err := b.kv.Purge(ctx, key); err != nil {
		return fmt.Errorf("remove %s from bucket %s: %w", key, b.name, err)
	}
	return nil
}

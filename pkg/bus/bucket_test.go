package bus_test

import (
	"errors"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

func TestBucketComparesAndSets(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	ctx := patient(t)
	if _, err := c.OpenBucket(ctx, "PARTITIONS"); !errors.Is(err, bus.ErrNoBucket) {
		t.Fatalf("error %v", err)
	}
	if _, err := c.JetStream().CreateKeyValue(
		ctx, jetstream.KeyValueConfig{Bucket: "PARTITIONS"},
	); err != nil {
		t.Fatal(err)
	}
	b, err := c.OpenBucket(ctx, "PARTITIONS")
	if err != nil {
		t.Fatal(err)
	}
	if value, rev, ok, err := b.Get(ctx, "mark.0"); value != nil || rev != 0 || ok || err != nil {
		t.Fatalf("%q, %d, %t, %v", value, rev, ok, err)
	}
	first, err := b.Update(ctx, "mark.0", []byte("one"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Update(ctx, "mark.0", []byte("again"), 0); !errors.Is(err, bus.ErrConflict) {
		t.Fatalf("made twice: %v", err)
	}
	second, err := b.Update(ctx, "mark.0", []byte("two"), first)
	if err != nil || second <= first {
		t.Fatalf("revision %d after %d, error %v", second, first, err)
	}
	if _, err := b.Update(ctx, "mark.0", []byte("stale"), first); !errors.Is(err, bus.ErrConflict) {
		t.Fatalf("stale revision: %v", err)
	}
	if value, rev, ok, err := b.Get(ctx, "mark.0"); string(value) != "two" || rev != second || !ok ||
		err != nil {
		t.Fatalf("%q, %d, %t, %v", value, rev, ok, err)
	}
}

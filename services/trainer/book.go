package trainer

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// State of a cycle in the book.
type State string

// The states. A cycle that is asked or running is open: nothing else is accepted
// meanwhile, and whoever has the lease runs it, again if need be.
const (
	StateAsked   State = "asked"
	StateRunning State = "running"
	StateDone    State = "done"
	StateFailed  State = "failed"
)

// Entry is the one cycle that the book holds: the last one that was accepted.
type Entry struct {
	Cycle   string    `json:"cycle"`
	Trigger string    `json:"trigger"`
	Start   string    `json:"start,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	State   State     `json:"state"`
	Attempt int       `json:"attempt"` // of those that began and were not stopped on purpose
	Asked   time.Time `json:"asked"`
	Began   time.Time `json:"began,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Text    string    `json:"text,omitempty"` // how it ended
	// Slot is the minute of the schedule that was last answered, in Unix seconds:
	// of several trainers with the same schedule one starts the cycle.
	Slot int64 `json:"slot"`
	// DriftSeq is the last drift event that was answered, in EVENTS, and Drifted
	// when.
	DriftSeq uint64    `json:"drift_seq"`
	Drifted  time.Time `json:"drifted,omitzero"`
}

// Open says that the cycle is not over.
func (e Entry) Open() bool { return e.State == StateAsked || e.State == StateRunning }

// book is the entry in the bucket, changed by compare-and-set alone.
type book struct{ bucket *bus.Bucket }

// read returns the entry and its revision, an empty one before the first cycle.
func (b book) read(ctx context.Context) (Entry, uint64, error) {
	var e Entry
	value, rev, ok, err := b.bucket.Get(ctx, topology.TrainingCycle)
	if err != nil || !ok {
		return e, 0, err
	}
	if err := json.Unmarshal(value, &e); err != nil {
		return e, 0, fmt.Errorf("key %s of bucket %s holds %.40q: delete it, and ask for a training: %w", topology.TrainingCycle, topology.Training, value, err)
	}
	return e, rev, nil
}

// write changes the entry as it was at rev; bus.ErrConflict when it is another by
// now.
func (b book) write(ctx context.Context, e Entry, rev uint64) (uint64, error) {
	value, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("write the cycle: %w", err)
	}
	return b.bucket.Update(ctx, topology.TrainingCycle, value, rev)
}

// wish is a cycle that somebody wants.
type wish struct {
	trigger       string
	start, reason string
	slot          int64
	driftSeq      uint64
}

// attempts is how often an entry is read again because another wrote it meanwhile.
const attempts = 5

// ask accepts a cycle, unless one is open, or the minute or the event was answered
// before. The answer is TrainingAccepted or TrainingBusy.
func (b book) ask(ctx context.Context, w wish, now time.Time) (answer string, e Entry, err error) {
	for range attempts {
		before, rev, err := b.read(ctx)
		if err != nil {
			return "", Entry{}, err
		}
		if before.Open() || w.slot > 0 && w.slot <= before.Slot || w.driftSeq > 0 && w.driftSeq == before.DriftSeq {
			return streams.TrainingBusy, before, nil
		}
		e := Entry{
			Cycle: rand.Text()[:10], Trigger: w.trigger, Start: w.start, Reason: w.reason, State: StateAsked, Asked: now.UTC(),
			Slot: max(before.Slot, w.slot), DriftSeq: before.DriftSeq, Drifted: before.Drifted,
		}
		if w.driftSeq > 0 {
			e.DriftSeq, e.Drifted = w.driftSeq, e.Asked
		}
		if _, err = b.write(ctx, e, rev); err == nil {
			return streams.TrainingAccepted, e, nil
		}
		if !errors.Is(err, bus.ErrConflict) {
			return "", Entry{}, err
		}
	}
	return "", Entry{}, fmt.Errorf("the cycle was changed %d times meanwhile: %w", attempts, bus.ErrConflict)
}

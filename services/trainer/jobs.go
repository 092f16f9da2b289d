package trainer

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// State of a cycle in the job store.
type State string

// The states. A cycle that is asked or running is open: no other cycle is accepted meanwhile, and
// the trainer with the lease runs it, again if it has to.
const (
	StateAsked   State = "asked"
	StateRunning State = "running"
	StateDone    State = "done"
	StateFailed  State = "failed"
)

// Entry is the one cycle that the job store holds: the cycle that was accepted last.
type Entry struct {
	Cycle   string    `json:"cycle"`
	Model   string    `json:"model,omitempty"` // empty in entries of release 0.1.0: the model of hours
	Then    []string  `json:"then,omitempty"`  // models to train after it, for the same reason
	Trigger string    `json:"trigger"`
	Start   string    `json:"start,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	State   State     `json:"state"`
	Attempt int       `json:"attempt"` // attempts that were begun and were not stopped on purpose
	Asked   time.Time `json:"asked"`
	Began   time.Time `json:"began,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Text    string    `json:"text,omitempty"` // how the cycle ended
	// Slot is the minute of the schedule that was answered last, in Unix seconds. Of several
	// trainers with the same schedule, one starts the cycle.
	Slot int64 `json:"slot"`
	// DriftSeq is the position in EVENTS of the drift event that was answered last. Drifted is
	// when.
	DriftSeq uint64    `json:"drift_seq"`
	Drifted  time.Time `json:"drifted,omitzero"`
	// Marks says the same of each model. Entries of release 0.1.0 have none.
	Marks map[string]Mark `json:"marks,omitempty"`
	// Follow are the models whose quick first cycle a thorough one is to follow.
	Follow []string `json:"follow,omitempty"`
}

// Mark is what the job store remembers of the cycles of a model.
type Mark struct {
	Asked   time.Time `json:"asked,omitzero"`   // when its last cycle was asked for
	Seq     uint64    `json:"seq,omitempty"`    // drift event that was answered last
	Drifted time.Time `json:"drifted,omitzero"` // when
}

// mark returns the mark of a model.
func (e Entry) mark(model string) Mark {
	if e.Marks == nil {
		return Mark{Asked: e.Asked, Seq: e.DriftSeq, Drifted: e.Drifted}
	}
	return e.Marks[model]
}

// Open reports whether the cycle has not ended.
func (e Entry) Open() bool { return e.State == StateAsked || e.State == StateRunning }

// jobStore holds the entry in a bucket of NATS. It is changed by compare-and-set only.
type jobStore struct{ bucket *bus.Bucket }

// read returns the entry and its revision. Before the first cycle the entry is empty and the
// revision 0.
func (s jobStore) read(ctx context.Context) (Entry, uint64, error) {
	var e Entry
	value, rev, ok, err := s.bucket.Get(ctx, topology.TrainingCycle)
	if err != nil || !ok {
		return e, 0, err
	}
	if err := json.Unmarshal(value, &e); err != nil {
		return e, 0, fmt.Errorf(
			"key %s of bucket %s holds %.40q: delete it, and ask for a training: %w",
			topology.TrainingCycle, topology.Training, value, err)
	}
	return e, rev, nil
}

// write replaces the entry of revision rev. The error is bus.ErrConflict when there is another
// revision by now.
func (s jobStore) write(ctx context.Context, e Entry, rev uint64) (uint64, error) {
	value, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("write the cycle: %w", err)
	}
	return s.bucket.Update(ctx, topology.TrainingCycle, value, rev)
}

// request asks for a cycle.
type request struct {
	trigger       string
	models        []string // to train, one after the other; at least one
	start, reason string   // may be empty
	slot          int64    // minute of the schedule, see Entry.Slot; 0 without one
	driftSeq      uint64   // drift event, see Entry.DriftSeq; 0 without one
}

// acceptTries bounds how often the entry is read again because another process wrote it meanwhile.
const acceptTries = 5

// accept stores a cycle, unless a cycle is open or the slot or the drift event was answered before.
// The answer is TrainingAccepted, with the new entry, or TrainingBusy, with the entry that is
// there.
func (s jobStore) accept(
	ctx context.Context, r request, now time.Time,
) (answer string, e Entry, err error) {
	for range acceptTries {
		before, rev, err := s.read(ctx)
		if err != nil {
			return "", Entry{}, err
		}
		if before.Open() || r.answered(before) {
			return streams.TrainingBusy, before, nil
		}
		e := r.entry(before, now.UTC())
		if _, err = s.write(ctx, e, rev); err == nil {
			return streams.TrainingAccepted, e, nil
		}
		if !errors.Is(err, bus.ErrConflict) {
			return "", Entry{}, err
		}
	}
	return "", Entry{}, fmt.Errorf("the cycle was changed %d times meanwhile: %w", acceptTries,
		bus.ErrConflict)
}

// answered reports whether another trainer has answered the request.
func (r request) answered(before Entry) bool {
	return r.slot > 0 && r.slot <= before.Slot ||
		r.driftSeq > 0 && !slices.ContainsFunc(r.models, func(model string) bool {
			return before.mark(model).Seq < r.driftSeq
		})
}

// entry is a new cycle after another one.
func (r request) entry(before Entry, now time.Time) Entry {
	e := Entry{
		Cycle: rand.Text()[:10], Model: r.models[0], Then: r.models[1:],
		Trigger: r.trigger, Start: r.start, Reason: r.reason, State: StateAsked, Asked: now,
		Slot: max(before.Slot, r.slot), DriftSeq: before.DriftSeq, Drifted: before.Drifted,
		Marks: maps.Clone(before.Marks), Follow: slices.Clone(before.Follow),
	}
	if e.Marks == nil {
		e.Marks = map[string]Mark{}
	}
	if r.driftSeq > 0 {
		e.DriftSeq, e.Drifted = max(e.DriftSeq, r.driftSeq), now
	}
	for _, model := range r.models {
		mark := before.mark(model)
		if mark.Asked = now; r.driftSeq > 0 {
			mark.Seq, mark.Drifted = r.driftSeq, now
		}
		e.Marks[model] = mark
	}
	if r.trigger != streams.TriggerFirst { // a thorough cycle
		e.Follow = slices.DeleteFunc(e.Follow,
			func(model string) bool { return slices.Contains(r.models, model) })
	}
	return e
}

// next is the cycle of the next model that was asked for together with this one. ok is false when
// this was the last.
func (e Entry) next(now time.Time) (next Entry, ok bool) {
	if len(e.Then) == 0 {
		return e, false
	}
	r := request{trigger: e.Trigger, models: e.Then, start: e.Start, reason: e.Reason}
	return r.entry(e, now), true
}

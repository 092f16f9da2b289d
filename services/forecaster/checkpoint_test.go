package forecaster

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// tick adds n ticks to the log.
func (p *pure) tick(n int) {
	for range n {
		p.log.add(streams.ControlSubject(0, streams.ControlTick), streams.AppendTick(nil))
	}
}

// A batch that changes the state or has outputs leads to a checkpoint. Any other batch does not.
func TestWhatLeadsToACheckpoint(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		add  func(p *pure)
		want int
	}{
		"history":   {func(p *pure) { p.log.reading(m1, past(12)) }, 1},
		"a reading": {func(p *pure) { p.log.reading(m1, hour(12)) }, 1},
		"a held reading": {func(p *pure) {
			r := past(12)
			r.Time = r.Time.Add(time.Second * 1800)
			p.log.reading(m1, r)
		}, 1},
		"a rejection": {func(p *pure) { p.log.add(streams.ReadingSubject(0, m1), []byte("{")) }, 1},
		"a limit": {func(p *pure) {
			record := streams.LimitControl{Series: 9}
			p.log.add(streams.ControlSubject(0, streams.ControlLimit), record.AppendJSON(nil))
		}, 1},
		"a repeat":         {func(p *pure) { p.log.reading(m1, past(11)) }, 0},
		"a tick":           {func(p *pure) { p.tick(1) }, 0},
		"a hundred ticks":  {func(p *pure) { p.tick(100) }, 0},
		"an hour of ticks": {func(p *pure) { p.tick(idleTicks) }, 0},
		"and one more":     {func(p *pure) { p.tick(idleTicks + 1) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(t *testing.T, p *pure) {
				p.log.reading(m1, past(10), past(11))
				time.Sleep(pureEvery)
				p.take(t, 0)
				p.must(t)
				if p.store.saves != 1 || p.saver.seq != 1 {
					t.Fatalf("before: %d checkpoints, the last at %d", p.store.saves, p.saver.seq)
				}
				time.Sleep(pureEvery)
				p.must(t)
				c.add(p)
				p.take(t, 0)
				for range 3 {
					time.Sleep(pureEvery)
					p.must(t)
				}
				if got := p.store.saves - 1; got != c.want || got > 0 && p.store.seq != p.position {
					t.Errorf(
						"%d checkpoints, the last at %d of %d; want %d",
						got,
						p.store.seq,
						p.position,
						c.want,
					)
				}
			})
		})
	}
}

// A change still leads to a checkpoint after batches that change nothing.
func TestChangesOfEarlierBatchesAreKept(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.log.reading(m1, past(0))
		p.take(t, 0)
		p.tick(1)
		p.take(t, 0)
		time.Sleep(pureEvery)
		p.must(t)
		if p.store.saves != 1 || p.store.seq != 2 {
			t.Errorf("%d checkpoints, the last at %d", p.store.saves, p.store.seq)
		}
	})
}

// While outputs are not confirmed, a due checkpoint waits: its position must not pass them (I1).
func TestCheckpointWaitsForOutputs(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		time.Sleep(pureEvery)
		p.lastFlush = time.Now()
		p.log.reading(m1, hour(0))
		p.take(t, 1)
		if p.store.saves != 0 || !p.dirty {
			t.Fatalf("%d checkpoints of outputs that are not confirmed", p.store.saves)
		}
		p.log.reading(m1, past(1))
		p.take(t, 0)
		if p.store.saves != 1 || p.store.seq != 2 || p.forecasts.flushes != 1 {
			t.Errorf(
				"%d checkpoints, the last at %d, %d confirmations",
				p.store.saves,
				p.store.seq,
				p.forecasts.flushes,
			)
		}
	})
}

// When a series is deleted, one checkpoint without the series is written at once: the erasure of
// its readings waits for it.
func TestDeletedSeriesIsUrgent(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.log.reading(m1, past(0))
		p.take(t, 0)
		if p.store.saves != 0 {
			t.Fatal("a reading is urgent")
		}
		p.log.add(
			streams.ControlSubject(0, streams.ControlDelete),
			(&streams.DeleteControl{Series: "north.m1"}).AppendJSON(nil),
		)
		p.take(t, 1) // what it says is confirmed at the end of the log
		p.log.reading(meter.ID{Site: "north", Meter: "m2"}, past(0))
		p.take(t, 0)
		if p.store.saves != 1 || p.store.seq != 3 {
			t.Fatalf("%d checkpoints, the last at %d", p.store.saves, p.store.seq)
		}
		p.log.reading(meter.ID{Site: "north", Meter: "m2"}, past(1))
		p.take(t, 0)
		if p.store.saves != 1 {
			t.Error("what comes after it is urgent too")
		}
	})
}

// While a checkpoint is being written, no other one begins. The next checkpoint has the changes
// made meanwhile.
func TestOneCheckpointAtATime(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.store.gate = make(chan struct{})
		p.log.reading(m1, past(0))
		time.Sleep(pureEvery)
		p.take(t, 0)
		if p.saver.poll() {
			t.Fatal("no checkpoint is under way")
		}
		p.log.reading(m1, past(1))
		time.Sleep(pureEvery)
		p.take(t, 0)
		close(p.store.gate)
		synctest.Wait()
		if p.store.saves != 1 || p.store.seq != 1 {
			t.Fatalf("%d checkpoints, the last at %d", p.store.saves, p.store.seq)
		}
		// The one under way took pureEvery, so that the next one waits for its share.
		p.must(t)
		if p.saver.seq != 1 || p.saver.cost < pureEvery {
			t.Fatalf("noted: %d, %s", p.saver.seq, p.saver.cost)
		}
		time.Sleep(writingShare * p.saver.cost)
		p.must(t)
		if p.store.saves != 2 || p.store.seq != 2 {
			t.Errorf("%d checkpoints, the last at %d", p.store.saves, p.store.seq)
		}
	})
}

// A turn notes a checkpoint that was written meanwhile, also when nothing else happens.
func TestIdleTurnNotesTheCheckpoint(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.log.reading(m1, past(0))
		time.Sleep(pureEvery)
		p.take(t, 0)
		written := time.Now()
		time.Sleep(time.Second)
		p.must(t)
		if got := testutil.ToFloat64(p.metrics.checkpoints.WithLabelValues("0")); got != float64(
			written.Unix(),
		) ||
			p.saver.seq != 1 {
			t.Errorf("last success %v, want %d; position %d", got, written.Unix(), p.saver.seq)
		}
	})
}

// Checkpoints come at an interval, counted from the beginning of the one before, and take a bounded
// share of the time.
func TestSaverIsDue(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		due := func(urgent bool) bool {
			begun := p.saver.begin(t.Context(), p.snapshot, urgent)
			synctest.Wait()
			return begun
		}
		time.Sleep(pureEvery - 1)
		if due(false) {
			t.Error("due too soon")
		}
		if !due(true) {
			t.Error("an urgent one is not due")
		}
		time.Sleep(pureEvery - 1)
		if due(false) {
			t.Error("due too soon after an urgent one")
		}
		time.Sleep(time.Nanosecond)
		if !due(false) || !p.saver.poll() {
			t.Error("not due")
		}
		p.saver.cost = pureEvery
		time.Sleep(writingShare*pureEvery - 1)
		if due(false) {
			t.Error("due before its share of the time")
		}
		time.Sleep(time.Nanosecond)
		if !due(false) {
			t.Error("not due after its share of the time")
		}
	})
}

// A drained partition writes a last checkpoint, unless the one before has the same position. It
// waits for a checkpoint under way.
func TestSaverFinishes(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.position = 4
		p.saver.seq = 4
		if p.saver.finish(t.Context(), p.snapshot, 4); p.store.saves != 0 {
			t.Error("written without a reason")
		}
		p.position = 5
		p.store.gate = make(chan struct{})
		p.saver.begin(t.Context(), p.snapshot, true)
		go func() { time.Sleep(time.Minute); close(p.store.gate) }()
		p.saver.finish(t.Context(), p.snapshot, 5)
		synctest.Wait()
		if p.store.saves != 1 || p.saver.seq != 5 || p.saver.cost != time.Minute {
			t.Errorf("%d checkpoints, the last at %d, %s", p.store.saves, p.saver.seq, p.saver.cost)
		}
		p.position = 6
		if p.saver.finish(t.Context(), p.snapshot, 6); p.store.saves != 2 || p.saver.seq != 6 ||
			p.saver.pending != nil {
			t.Errorf("%d checkpoints, the last at %d", p.store.saves, p.saver.seq)
		}
	})
}

// A failed checkpoint is counted and has no other effect: the next one has all changes.
func TestCheckpointFails(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.store.err = errors.New("the disk is full")
		p.log.reading(m1, past(0))
		time.Sleep(pureEvery)
		p.take(t, 0)
		p.must(t)
		if n := testutil.ToFloat64(p.metrics.failed); n != 1 || p.saver.seq != 0 ||
			testutil.ToFloat64(p.metrics.checkpoints.WithLabelValues("0")) != 0 {
			t.Errorf("%v failed, position %d", n, p.saver.seq)
		}
		p.store.err = nil
		p.log.reading(m1, past(1))
		time.Sleep(pureEvery)
		p.take(t, 0)
		if p.store.saves != 1 || p.store.seq != 2 || testutil.ToFloat64(p.metrics.failed) != 1 {
			t.Errorf("%d checkpoints, the last at %d", p.store.saves, p.store.seq)
		}
	})
}

// The header of a checkpoint names the log, the position and the model in force.
func TestSnapshotHeader(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.log.reading(m1, past(0))
		p.take(t, 0)
		h := p.snapshot().Header
		if h.Seq != 1 || h.Series != 1 || h.Stream != "R0" || !h.Created.Equal(logCreated) ||
			h.Partition != 0 ||
			h.Partitions != 1 ||
			h.Models != nil {
			t.Errorf("%+v", h)
		}
		m := testModel(t, 1)
		if err := p.pipeline.engine.SetModel(m); err != nil {
			t.Fatal(err)
		}
		if h := p.snapshot().Header; len(h.Models) != 1 || h.Models[0] != m.Digest {
			t.Errorf("%+v", h)
		}
	})
}

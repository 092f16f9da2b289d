package forecaster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
)

func (p *pure) allClosed() bool {
	return p.tail.closed && p.forecasts.closed && p.scores.closed && p.rejects.closed &&
		p.events.closed
}

// A partition runs until its context ends. Then it confirms its outputs, writes a checkpoint, and
// closes its reader and publishers (I10).
func TestRunDrains(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		p.log.reading(m1, past(0))
		p.give(0)
		p.log.add("r.0.north.m2", []byte("{"))
		p.give(1) // its rejection is not confirmed before the end
		ended := make(chan error, 1)
		p.tail.before = func() {
			if len(p.tail.batches) == 1 {
				cancel()
			}
		}
		go func() { ended <- p.run(ctx) }()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if p.position != 2 || len(p.rejects.ids) != 1 || p.rejects.flushes != 1 || p.dirty ||
			p.store.saves != 1 ||
			p.store.seq != 2 ||
			!p.allClosed() {
			t.Errorf(
				"position %d, rejections %q, %d confirmations, %d checkpoints up to %d, closed %v",
				p.position,
				p.rejects.ids,
				p.rejects.flushes,
				p.store.saves,
				p.store.seq,
				p.allClosed(),
			)
		}
	})
}

// A partition without changes stores nothing when it drains.
func TestDrainOfAnIdlePartition(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.tick(3)
		p.take(t, 0)
		p.saver.seq = p.position
		if err := p.drain(t.Context()); err != nil || p.forecasts.flushes != 0 ||
			p.store.saves != 0 {
			t.Errorf(
				"%v, %d confirmations, %d checkpoints",
				err,
				p.forecasts.flushes,
				p.store.saves,
			)
		}
	})
}

// A partition that breaks waits for the checkpoint under way, closes its reader and publishers, and
// writes no other checkpoint.
func TestRunBreaks(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.store.gate = make(chan struct{})
		p.log.reading(m1, past(0))
		p.give(0)
		time.Sleep(pureEvery)
		p.tail.err = bus.ErrNoStream
		ended := make(chan error, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		go func() { ended <- p.run(ctx) }()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("%v: it ended before its checkpoint", err)
		default:
		}
		close(p.store.gate)
		if err := <-ended; !errors.Is(err, bus.ErrNoStream) || !p.allClosed() ||
			p.store.saves != 1 ||
			p.saver.seq != 1 {
			t.Errorf("%v, closed %v, %d checkpoints", err, p.allClosed(), p.store.saves)
		}
	})
}

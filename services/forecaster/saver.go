package forecaster

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/service"
)

// writingShare bounds the time spent on checkpoints: they are written at most
// so rarely that writing takes a twentieth of the time.
const writingShare = 20

// saver writes the checkpoints of one partition. The state is copied on the
// partition's goroutine and written on another; at most one is under way, and a
// failed one costs an alarm, never a forecast.
type saver struct {
	store     checkpoint.Store
	partition int
	every     time.Duration
	now       func() time.Time
	metrics   *metrics
	log       zerolog.Logger

	last    time.Time     // when the last one was begun
	cost    time.Duration // how long it took
	seq     uint64        // its position
	pending chan saved    // the one under way, nil when none is
}

type saved struct {
	seq  uint64
	at   time.Time // when it was written
	cost time.Duration
	err  error
}

// look notes the one under way when it is done; idle says that none is.
func (s *saver) look() (idle bool) {
	if s.pending == nil {
		return true
	}
	select {
	case done := <-s.pending:
		s.note(done)
		return true
	default:
		return false
	}
}

// due begins a checkpoint when it is time for one, or at once when it is urgent, and
// says whether it does. All outputs up to the snapshot's position are stored (I1).
func (s *saver) due(ctx context.Context, snapshot func() *checkpoint.Snapshot, urgent bool) (begun bool) {
	if !s.look() {
		return false
	}
	if !urgent && s.now().Sub(s.last) < max(s.every, writingShare*s.cost) {
		return false
	}
	s.last = s.now()
	snap, pending := snapshot(), make(chan saved, 1)
	s.pending = pending
	go func() {
		began := s.now()
		err := s.store.Save(ctx, snap)
		at := s.now()
		pending <- saved{seq: snap.Header.Seq, at: at, cost: at.Sub(began), err: err}
	}()
	return true
}

// finish writes the last checkpoint of a drained partition.
func (s *saver) finish(ctx context.Context, snapshot func() *checkpoint.Snapshot, seq uint64) {
	s.wait()
	if seq == s.seq {
		return
	}
	began := s.now()
	err := s.store.Save(ctx, snapshot())
	at := s.now()
	s.note(saved{seq: seq, at: at, cost: at.Sub(began), err: err})
}

// wait ends the one under way.
func (s *saver) wait() {
	if s.pending != nil {
		s.note(<-s.pending)
	}
}

func (s *saver) note(done saved) {
	s.pending = nil
	s.cost = done.cost
	if done.err != nil {
		s.metrics.failed.Inc()
		s.log.Error().AnErr(service.FieldError, done.err).Msg("checkpoint failed, forecasts go on")
		return
	}
	s.seq = done.seq
	s.metrics.checkpoint.Observe(done.cost.Seconds())
	s.metrics.checkpoints.WithLabelValues(label(s.partition)).Set(float64(done.at.Unix()))
	s.log.Debug().Uint64(service.FieldStreamSeq, done.seq).Int64(service.FieldDuration, done.cost.Milliseconds()).Msg("checkpoint written")
}

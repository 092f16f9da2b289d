package forecaster

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/service"
)

// writingShare bounds checkpoints to a twentieth of the time.
const writingShare = 20

// saver writes the checkpoints of one partition. It copies the state on the partition's goroutine
// and writes it on another. At most one checkpoint is being written. A failure raises an alarm and
// delays no forecast.
type saver struct {
	store     checkpoint.Store
	partition int
	every     time.Duration
	now       func() time.Time
	metrics   *metrics
	log       zerolog.Logger

	last    time.Time     // start of the last checkpoint
	cost    time.Duration // time that it took
	seq     uint64        // position of the newest written checkpoint
	pending chan outcome  // of the checkpoint that is being written; nil when none is
}

// outcome is the outcome of one checkpoint.
type outcome struct {
	seq  uint64
	at   time.Time // when it was written
	cost time.Duration
	err  error
}

// poll records the outcome of a checkpoint that has been written. idle says that no checkpoint is
// being written.
func (s *saver) poll() (idle bool) {
	if s.pending == nil {
		return true
	}
	select {
	case done := <-s.pending:
		s.record(done)
		return true
	default:
		return false
	}
}

// begin begins a checkpoint when one is due, or at once when it is urgent. begun says whether it
// did. The caller guarantees that all outputs up to the position of the snapshot are stored (I1).
func (s *saver) begin(
	ctx context.Context, snapshot func() *checkpoint.Snapshot, urgent bool,
) (begun bool) {
	if !s.poll() {
		return false
	}
	if !urgent && s.now().Sub(s.last) < max(s.every, writingShare*s.cost) {
		return false
	}
	s.last = s.now()
	snap, pending := snapshot(), make(chan outcome, 1)
	s.pending = pending
	go func() {
		began := s.now()
		err := s.store.Save(ctx, snap)
		at := s.now()
		pending <- outcome{seq: snap.Header.Seq, at: at, cost: at.Sub(began), err: err}
	}()
	return true
}

// finish writes the last checkpoint of a drained partition. seq is the position of the partition.
func (s *saver) finish(ctx context.Context, snapshot func() *checkpoint.Snapshot, seq uint64) {
	s.wait()
	if seq == s.seq {
		return
	}
	began := s.now()
	err := s.store.Save(ctx, snapshot())
	at := s.now()
	s.record(outcome{seq: seq, at: at, cost: at.Sub(began), err: err})
}

// wait waits for the checkpoint that is being written.
func (s *saver) wait() {
	if s.pending != nil {
		s.record(<-s.pending)
	}
}

// record sets the state, the metrics and the log to the outcome of a checkpoint.
func (s *saver) record(done outcome) {
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
	s.log.Debug().
		Uint64(service.FieldStreamSeq, done.seq).
		Int64(service.FieldDuration, done.cost.Milliseconds()).
		Msg("checkpoint written")
}

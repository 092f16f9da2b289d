package forecaster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Names of the streams and buckets the forecaster uses.
const (
	forecastsStream = topology.Forecasts
	scoresStream    = topology.Scores
	rejectedStream  = topology.Rejected
	eventsStream    = topology.Events
	marksBucket     = topology.Marks
)

// partition is a running partition: its pipeline, its position in the log, and how far its outputs
// are stored. One goroutine owns it from start to end.
type partition struct {
	deps
	index   int
	log     zerolog.Logger
	stream  string
	created time.Time

	pipeline  *Pipeline
	tail      reader
	forecasts publisher
	scores    publisher
	rejects   publisher
	events    publisher
	marker    *marker
	saver     saver

	position uint64 // last sequence that went through Step
	// Always covered <= high, and clean <= position.
	high      OutputPos // newest forecast that is published, or was found stored at the start
	covered   OutputPos // at the start all outputs up to it were stored
	clean     uint64    // the position when outputs were last confirmed
	logEnd    uint64    // the end of the log when the partition was started
	began     time.Time // when the partition was started: tallies count from here on
	dirty     bool      // outputs are published that may not be stored yet
	changed   bool      // the state differs from the last checkpoint
	erasing   bool      // a series was deleted since the last checkpoint
	lastTick  time.Time // when a tick was last due
	lastFlush time.Time // when outputs were last confirmed
	lastMark  time.Time // when the mark was last written
	received  time.Time // broker's time of the newest message that went through Step

	awaiting []time.Time // times of the readings whose forecasts are published and not stored yet

	census    census // as of lastCount
	lastCount time.Time
	countTook time.Duration // how long the last count took

	lastAnswer   time.Time // when the last question was answered
	batch        []bus.Message
	modelSubject string
	recent       []modelRef // models that a start from the newest checkpoint needs, oldest first
}

// reader is the part of bus.Reader that a partition uses.
type reader interface {
	Next(ctx context.Context, dst []bus.Message, limit int) ([]bus.Message, error)
	Close()
}

// publisher is the part of bus.Publisher that a partition uses.
type publisher interface {
	Publish(subject, id string, data []byte) error
	Flush(ctx context.Context) error
	Close()
}

// startPartition opens a partition. It restores the state from the newest whole checkpoint, takes
// the mark over, finds the newest published forecast, and opens the log and the publishers.
func startPartition(ctx context.Context, d deps, index int) (*partition, error) {
	p := &partition{
		deps:   d,
		index:  index,
		stream: topology.Log(index),
		log:    d.log.With().Int(service.FieldPartition, index).Logger(),
	}
	state, err := d.conn.StreamState(ctx, p.stream)
	if err != nil {
		return nil, fmt.Errorf("read state of %s: %w", p.stream, err)
	}
	p.created = state.Created
	p.pipeline = NewPipeline(index, d.partitions, state.Created)
	p.pipeline.Publish(d.cfg.PublishLeads)
	if err := p.restore(ctx, state); err != nil {
		return nil, err
	}
	bucket, err := d.conn.OpenBucket(ctx, marksBucket)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", marksBucket, err)
	}
	if p.marker, err = openMarker(ctx, bucket, index); err != nil {
		return nil, err
	}
	p.covered = p.marker.mark.Pos
	if p.high, err = highWater(ctx, d.conn, index, state.Created, p.marker.mark); err != nil {
		return nil, err
	}
	if err := p.openTail(ctx, state); err != nil {
		return nil, err
	}
	if err := p.openPublishers(ctx); err != nil {
		p.close()
		return nil, err
	}
	p.saver = saver{
		store:     d.store,
		partition: index,
		every:     d.pace.checkpoint,
		now:       d.now,
		last:      d.now(),
		seq:       p.position,
		metrics:   d.metrics,
		log:       p.log,
	}
	p.began = d.now()
	p.lastFlush, p.clean = p.began, p.position
	p.modelSubject = streams.ControlSubject(index, streams.ControlModel)
	p.modelsInForce()
	return p, nil
}

// openTail opens the log behind the position. It counts a hole there, and moves the position behind
// the hole.
func (p *partition) openTail(ctx context.Context, state bus.StreamState) error {
	from := p.position + 1
	if state.FirstSeq > from {
		if err := p.reportHole(ctx, from, state.FirstSeq); err != nil {
			return err
		}
		from = state.FirstSeq
		p.position = from - 1
	}
	// The newest message: the end of the log, unless it was erased with its series.
	var err error
	if p.logEnd, err = p.conn.NewestSeq(ctx, p.stream); err != nil {
		return fmt.Errorf("read end of %s: %w", p.stream, err)
	}
	reading := bus.ReaderConfig{Stream: p.stream, From: from, Buffer: 4 * p.pace.batch}
	if p.tail, err = p.conn.OpenReader(ctx, reading); err != nil {
		return fmt.Errorf("read %s from %d: %w", p.stream, from, err)
	}
	return nil
}

// openPublishers opens a publisher for each stream of outputs.
func (p *partition) openPublishers(ctx context.Context) error {
	for stream, to := range map[string]*publisher{
		forecastsStream: &p.forecasts, scoresStream: &p.scores,
		rejectedStream: &p.rejects, eventsStream: &p.events,
	} {
		opened, err := p.conn.OpenPublisher(ctx, stream)
		if err != nil {
			return fmt.Errorf("open %s: %w", stream, err)
		}
		*to = opened
	}
	return nil
}

// restore loads the newest whole checkpoint, if there is one, and sets its model and its state.
func (p *partition) restore(ctx context.Context, state bus.StreamState) error {
	snap, skipped, err := p.store.Load(ctx, p.index)
	if err != nil {
		return fmt.Errorf("restore partition %d: %w", p.index, err)
	}
	for _, fault := range skipped {
		p.log.Warn().
			AnErr(service.FieldError, fault).
			Msg("damaged checkpoint passed over, an older one is used")
	}
	if snap == nil {
		return nil
	}
	h := snap.Header
	if err := p.belongs(h, state); err != nil {
		return err
	}
	if h.Kernel != nn.Kernel() {
		p.log.Warn().
			Str(service.FieldCheckpointKernel, h.Kernel).
			Str(service.FieldKernel, nn.Kernel()).
			Msg("another kernel family than the checkpoint's: forecasts may differ in the last digits")
	}
	for i, digest := range h.Models {
		m, err := p.models.byDigest(ctx, holder(p.index), digest)
		if err != nil {
			return fmt.Errorf("restore partition %d: %w", p.index, err)
		}
		p.refer(h.Seq, m)
		if err := p.pipeline.engine.SetModel(m); err != nil {
			return fmt.Errorf("restore partition %d: %w", p.index, err)
		}
		if i < len(h.Since) {
			p.pipeline.since[m.Digest] = h.Since[i]
		}
	}
	if err := p.pipeline.engine.Restore(snap.Sections); err != nil {
		return fmt.Errorf("restore partition %d: %w", p.index, err)
	}
	p.position = h.Seq
	p.log.Info().
		Uint64(service.FieldStreamSeq, h.Seq).
		Int(service.FieldSeriesCount, h.Series).
		Msg("restored")
	return nil
}

// belongs returns an error for a checkpoint of another log, and for one whose position lies behind
// the end of its log.
func (p *partition) belongs(h checkpoint.Header, state bus.StreamState) error {
	remedy := []string{
		"give the NATS server its own store back, or move the folder `checkpoints` of the data dir " +
			"away: the state is then rebuilt from the log",
	}
	switch {
	case h.Partitions != p.partitions:
		return &service.HintError{
			What: fmt.Sprintf(
				"the checkpoint of partition %d is of %d partitions, the streams have %d",
				p.index,
				h.Partitions,
				p.partitions,
			),
			Fix: remedy,
		}
	case h.Stream != p.stream || !h.Created.Equal(state.Created):
		return &service.HintError{
			What: fmt.Sprintf(
				"the checkpoint of partition %d belongs to stream %s made at %s, the server's %s was "+
					"made at %s",
				p.index, h.Stream, h.Created.Format(time.RFC3339Nano),
				p.stream, state.Created.Format(time.RFC3339Nano),
			),
			Fix: remedy,
		}
	case h.Seq > state.LastSeq:
		return &service.HintError{
			What: fmt.Sprintf(
				"the checkpoint of partition %d knows %s up to %d, the stream ends at %d: the server "+
					"lost messages",
				p.index, p.stream, h.Seq, state.LastSeq,
			),
			Fix: remedy,
		}
	}
	return nil
}

// reportHole counts and logs a hole: retention removed messages before the partition read them.
// want is the sequence of the next message, got that of the message read. When the log still has
// earlier messages, the missing ones were erased with their series, and reportHole does nothing.
func (p *partition) reportHole(ctx context.Context, want, got uint64) error {
	if p.position == 0 {
		return nil // the partition has read nothing yet: the log begins later
	}
	state, err := p.conn.StreamState(ctx, p.stream)
	if err != nil {
		return fmt.Errorf("read state of %s: %w", p.stream, err)
	}
	if state.FirstSeq <= want {
		return nil
	}
	p.metrics.holes.Inc()
	p.log.Error().
		Uint64(service.FieldExpectedSeq, want).
		Uint64(service.FieldStreamSeq, got).
		Msg("hole in the log: retention took readings before they were read")
	return nil
}

// close closes the reader and the publishers. It stores nothing.
func (p *partition) close() {
	p.tail.Close()
	for _, to := range []publisher{p.forecasts, p.scores, p.rejects, p.events} {
		if to != nil {
			to.Close()
		}
	}
}

// fatal reports whether a start of the partition would fail again.
func fatal(err error) bool {
	var hint *service.HintError
	var none *checkpoint.NoneWholeError
	var folder *checkpoint.FolderError
	return errors.As(err, &hint) || errors.As(err, &none) || errors.As(err, &folder) ||
		errors.Is(err, checkpoint.ErrVersion) ||
		errors.Is(err, errNotOwner)
}

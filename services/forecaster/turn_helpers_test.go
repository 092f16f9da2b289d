package forecaster

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/checkpoint/checkpointtest"
	"github.com/loadtide/loadtide/streams"
)

// sink is a publisher that keeps the ids of its messages.
type sink struct {
	ids     []string
	flushes int
	closed  bool
}

func (s *sink) Publish(_, id string, _ []byte) error { s.ids = append(s.ids, id); return nil }
func (s *sink) Flush(ctx context.Context) error      { s.flushes++; return ctx.Err() }
func (s *sink) Close()                               { s.closed = true }

// reel is a reader that returns the batches of a test, then waits as a log does.
type reel struct {
	batches [][]bus.Message
	before  func() // runs before a batch is handed out
	err     error  // comes once, in place of an empty wait
	closed  bool
}

func (r *reel) Next(ctx context.Context, dst []bus.Message, _ int) ([]bus.Message, error) {
	if len(r.batches) > 0 {
		if r.before != nil {
			r.before()
		}
		batch := r.batches[0]
		r.batches = r.batches[1:]
		return append(dst, batch...), nil
	}
	if err := r.err; err != nil {
		r.err = nil
		return dst, err
	}
	<-ctx.Done()
	return dst, ctx.Err()
}

func (r *reel) Close() { r.closed = true }

// vault is a store that counts its checkpoints. Save waits until gate is closed, if there is one.
type vault struct {
	*checkpointtest.Memory
	mu    sync.Mutex // partitions of a service share the store
	saves int
	seq   uint64
	gate  chan struct{}
	err   error
}

func newVault() *vault { return &vault{Memory: checkpointtest.NewMemory()} }

func (v *vault) Save(ctx context.Context, s *checkpoint.Snapshot) error {
	if v.gate != nil {
		<-v.gate
	}
	if v.err != nil {
		return v.err
	}
	v.mu.Lock()
	v.saves++
	v.seq = s.Header.Seq
	v.mu.Unlock()
	return v.Memory.Save(ctx, s)
}

// pure is a partition without a server: its readings come from log, its outputs go into sinks. It
// runs in a bubble of package synctest, where time passes when all goroutines wait.
type pure struct {
	*partition
	log       *testLog
	tail      *reel
	store     *vault
	forecasts sink
	scores    sink
	rejects   sink
	events    sink
}

const pureEvery = 10 * time.Second // between checkpoints of a pure partition

// newPure is a partition that has read nothing; the marker does nothing for a day.
func newPure() *pure {
	p := &pure{log: newTestLog(), tail: &reel{}, store: newVault()}
	p.log.clock = time.Now()
	status := &statusBoard{}
	status.open(1)
	d := deps{
		pace: pace{
			batch:      512,
			checkpoint: pureEvery,
			mark:       24 * time.Hour,
			tick:       24 * time.Hour,
		},
		metrics: newMetrics(prometheus.NewRegistry(), time.Now, status), status: status,
		now: time.Now, models: newModelStore(nil, nil), questions: []chan question{make(chan question, 1)},
		partitions: 1, store: p.store, replaced: &replacedWarnings{},
	}
	p.partition = &partition{
		deps: d, stream: "R0", created: logCreated, tail: p.tail, marker: &marker{},
		pipeline:  NewPipeline(0, 1, logCreated),
		forecasts: &p.forecasts, scores: &p.scores, rejects: &p.rejects, events: &p.events,
		lastMark: time.Now(), lastTick: time.Now(), lastFlush: time.Now(),
		modelSubject: streams.ControlSubject(0, streams.ControlModel),
	}
	p.saver = saver{
		store:   p.store,
		every:   pureEvery,
		now:     time.Now,
		last:    time.Now(),
		metrics: d.metrics,
		log:     zerolog.Nop(),
	}
	return p
}

// bubble runs a test of a pure partition.
func bubble(t *testing.T, test func(t *testing.T, p *pure)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newPure()) })
}

// give hands the new messages of the log to the reader as one batch, with pending messages behind
// it.
func (p *pure) give(pending uint64) {
	from := p.position
	for _, b := range p.tail.batches {
		from += uint64(len(b))
	}
	batch := p.log.messages[from:]
	batch[len(batch)-1].Pending = pending
	p.tail.batches = append(p.tail.batches, batch)
}

// take gives the new messages of the log and takes one turn.
func (p *pure) take(t *testing.T, pending uint64) {
	t.Helper()
	p.give(pending)
	p.must(t)
}

// must takes one turn, which must succeed, and waits for a checkpoint that the turn began.
func (p *pure) must(t *testing.T) {
	t.Helper()
	if err := p.turn(t.Context()); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

// bubbleStart is the time at which every bubble begins.
var bubbleStart = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// hour is the reading of interval n of a day that ends when the bubble begins.
func hour(n int) streams.Reading {
	return streams.Reading{
		Time:  bubbleStart.Add(time.Duration(n-24) * time.Hour),
		Value: testValue(1, int64(n)),
	}
}

// past is a reading that asks for no forecast.
func past(n int) streams.Reading {
	r := hour(n)
	r.History = true
	return r
}

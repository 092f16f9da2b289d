package forecaster

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// station is a server with the streams of two partitions, and the checkpoints of partition 0. Its
// partitions read the time from clock.
type station struct {
	t      *testing.T
	ctx    context.Context // ends when a test takes far too long
	conn   *bus.Conn
	store  *vault
	clock  time.Time
	series meter.ID // one of partition 0
	sent   int      // readings so far
}

// patience bounds the waits of a test.
const patience = 20 * time.Second

func newStation(t *testing.T) *station {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	s := &station{
		t:     t,
		ctx:   ctx,
		conn:  bustest.Start(t).Connect(),
		store: newVault(),
		clock: time.Now(),
	}
	cfg := topology.DefaultConfig()
	cfg.Partitions = 2
	if _, err := topology.Ensure(ctx, s.conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	s.series = m1
	if streams.Partition(s.series, 2) != 0 {
		s.series.Meter = "m2"
	}
	return s
}

// deps are new for every partition, so that its metrics and its status are its own.
func (s *station) deps() deps {
	status := &statusBoard{}
	status.open(2)
	pace := defaultPace()
	pace.batch = 4
	d := deps{
		pace: pace, conn: s.conn, store: s.store, models: newModelStore(nil, nil),
		status: status, partitions: 2, now: func() time.Time { return s.clock },
		questions: []chan question{
			make(chan question), make(chan question),
		}, replaced: &replacedWarnings{},
		log: zerolog.Nop(),
	}
	d.metrics = newMetrics(prometheus.NewRegistry(), d.now, status)
	return d
}

// start starts partition 0.
func (s *station) start() *partition {
	s.t.Helper()
	p, err := startPartition(s.ctx, s.deps(), 0)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.close)
	return p
}

// readings writes the next n readings of the meter into the log. They are of hours in the past, so
// that ticks do not change the series.
func (s *station) readings(n int) {
	s.t.Helper()
	for range n {
		r := streams.Reading{
			Time:  time.Now().Truncate(time.Hour).Add(time.Duration(s.sent-40) * time.Hour),
			Value: testValue(1, int64(s.sent)),
		}
		s.sent++
		s.write(
			streams.ReadingSubject(0, s.series),
			streams.AppendReadings(nil, []streams.Reading{r}),
			"",
		)
	}
}

func (s *station) write(subject string, data []byte, id string) {
	s.t.Helper()
	if _, err := s.conn.Publish(s.ctx, subject, data, id); err != nil {
		s.t.Fatal(err)
	}
}

// read takes turns until the partition has read the log up to a sequence and its outputs
// are confirmed.
func (s *station) read(p *partition, to uint64) {
	s.t.Helper()
	for p.position < to || p.dirty {
		if err := p.turn(s.ctx); err != nil {
			s.t.Fatal(err)
		}
		if s.ctx.Err() != nil {
			s.t.Fatalf("the partition stands at %d, want %d", p.position, to)
		}
	}
}

// idle takes a turn that does not wait for readings.
func (s *station) idle(p *partition) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	if err := p.turn(ctx); err != nil {
		s.t.Fatal(err)
	}
}

func (s *station) state(stream string) bus.StreamState {
	s.t.Helper()
	state, err := s.conn.StreamState(s.ctx, stream)
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// mark returns the mark of partition 0 in its bucket.
func (s *station) mark() mark {
	s.t.Helper()
	bucket, err := s.conn.OpenBucket(s.ctx, marksBucket)
	if err != nil {
		s.t.Fatal(err)
	}
	var m mark
	value, _, ok, err := bucket.Get(s.ctx, topology.MarkKey(0))
	if err != nil || !ok {
		s.t.Fatalf("mark: %v, %v", ok, err)
	}
	if err := json.Unmarshal(value, &m); err != nil {
		s.t.Fatal(err)
	}
	return m
}

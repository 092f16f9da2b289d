package forecaster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// After a drain a partition goes on behind the last read message, and makes no output again.
func TestStartAfterADrain(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.readings(5)
	p := s.start()
	s.read(p, 5)
	if err := p.drain(s.ctx); err != nil {
		t.Fatal(err)
	}
	s.readings(2)
	next := s.start()
	if next.position != 5 || next.high != (OutputPos{Seq: 5}) || next.covered != (OutputPos{Seq: 5}) ||
		next.logEnd != 7 ||
		next.saver.seq != 5 {
		t.Fatalf(
			"position %d, high %v, covered %v, the log's end %d, checkpoint at %d",
			next.position,
			next.high,
			next.covered,
			next.logEnd,
			next.saver.seq,
		)
	}
	s.read(next, 7)
	if n := s.state(forecastsStream).LastSeq; n != 7 ||
		testutil.ToFloat64(next.metrics.skipped) != 0 ||
		s.mark().Epoch != 2 ||
		!next.status.parts[0].ready {
		t.Errorf(
			"%d forecasts, %v made again, epoch %d, ready %v",
			n,
			testutil.ToFloat64(next.metrics.skipped),
			s.mark().Epoch,
			next.status.parts[0].ready,
		)
	}
}

// After a kill a partition makes published outputs again, and sends none of them.
func TestStartAfterAKill(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.readings(5)
	p := s.start()
	s.read(p, 5) // its mark stands at 5 then, there is no checkpoint
	s.readings(2)
	s.read(p, 7)
	if m := s.mark(); m.Pos != (OutputPos{Seq: 5}) || s.store.saves != 0 {
		t.Fatalf("mark %+v, %d checkpoints", m, s.store.saves)
	}
	next := s.start()
	if next.position != 0 || next.high != (OutputPos{Seq: 7}) || next.covered != (OutputPos{Seq: 5}) ||
		next.logEnd != 7 {
		t.Fatalf(
			"position %d, high %v, covered %v, the log's end %d",
			next.position,
			next.high,
			next.covered,
			next.logEnd,
		)
	}
	s.read(next, 7)
	if n := testutil.ToFloat64(next.metrics.skipped); n != 7 ||
		s.state(forecastsStream).LastSeq != 7 {
		t.Errorf("%v made again, %d forecasts", n, s.state(forecastsStream).LastSeq)
	}
	s.readings(1)
	s.read(next, 8)
	if n := testutil.ToFloat64(next.metrics.skipped); n != 7 ||
		s.state(forecastsStream).LastSeq != 8 {
		t.Errorf("%v made again, %d forecasts", n, s.state(forecastsStream).LastSeq)
	}
}

// A partition does not wait for messages that were erased at the end of its log: it is ready
// without them.
func TestStartOnALogWithoutItsEnd(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.readings(3)
	if err := s.conn.Erase(s.ctx, topology.Log(0), 3); err != nil {
		t.Fatal(err)
	}
	p := s.start()
	s.read(p, 2)
	s.idle(p)
	if p.logEnd != 2 || !p.status.parts[0].ready {
		t.Errorf("the log's end is %d, ready %v", p.logEnd, p.status.parts[0].ready)
	}
}

// A hole is counted when retention removed messages before they were read. An erased message inside
// the log is no hole. A log that begins late has no hole for a partition without a checkpoint.
func TestHoles(t *testing.T) {
	t.Parallel()
	purge := func(s *station, before uint64) {
		if _, err := s.conn.Purge(s.ctx, topology.Log(0), "r.>", before); err != nil {
			s.t.Fatal(err)
		}
	}
	// startBehind starts on a log of which nothing up to a position is left.
	startBehind := func(s *station, position uint64) *partition {
		purge(s, position+1)
		p := s.start()
		if p.position != position {
			s.t.Errorf("position %d behind a log that ended at %d", p.position, position)
		}
		return p
	}
	for name, c := range map[string]struct {
		do   func(s *station) *partition
		want float64
	}{
		"retention between two starts": {func(s *station) *partition {
			s.drained(3)
			s.readings(3)
			purge(s, 6)
			p := s.start()
			if p.position != 5 || testutil.ToFloat64(p.metrics.holes) != 1 {
				t.Errorf("position %d in front of a log that begins at 6", p.position)
			}
			return p
		}, 1},
		"retention of all between two starts": {func(s *station) *partition {
			s.drained(3)
			s.readings(3)
			p := startBehind(s, 6)
			s.readings(1)
			return p
		}, 1},
		"retention of what was read": {func(s *station) *partition {
			s.drained(3)
			s.readings(3)
			purge(s, 4)
			return s.start()
		}, 0},
		"an empty log that was read": {func(s *station) *partition {
			s.drained(3)
			p := startBehind(s, 3)
			s.readings(3)
			return p
		}, 0},
		"retention under way": {func(s *station) *partition {
			p := s.start()
			s.readings(3)
			s.read(p, 3)
			s.readings(3)
			purge(s, 5)
			p.tail.Close()
			tail, err := s.conn.OpenReader(s.ctx, bus.ReaderConfig{Stream: p.stream, From: 4})
			if err != nil {
				t.Fatal(err)
			}
			p.tail = tail
			return p
		}, 1},
		"erased inside the log": {func(s *station) *partition {
			s.drained(3)
			s.readings(3)
			if err := s.conn.Erase(s.ctx, topology.Log(0), 5); err != nil {
				t.Fatal(err)
			}
			return s.start()
		}, 0},
		"a log that begins late": {func(s *station) *partition {
			s.readings(6)
			purge(s, 4)
			return s.start()
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t)
			p := c.do(s)
			s.read(p, s.state(p.stream).LastSeq)
			if n := testutil.ToFloat64(p.metrics.holes); n != c.want {
				t.Errorf("%v holes, want %v", n, c.want)
			}
		})
	}
}

// drained leaves the state after n readings in the store.
func (s *station) drained(n int) {
	s.t.Helper()
	p := s.start()
	s.readings(n)
	s.read(p, uint64(n))
	if err := p.drain(s.ctx); err != nil {
		s.t.Fatal(err)
	}
}

// When the state of a log cannot be read, no hole is counted: the partition breaks and starts
// again.
func TestHoleThatIsNotKnown(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	p := s.start()
	p.position, p.stream = 1, "R7"
	if err := p.reportHole(s.ctx, 2, 5); !errors.Is(err, bus.ErrNoStream) {
		t.Errorf("%v", err)
	}
}

// A checkpoint of another log, or one whose position is behind the end of the log, is refused with
// a remedy.
func TestForeignCheckpoint(t *testing.T) {
	t.Parallel()
	created, zone := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC), time.FixedZone("", 3600)
	p := &partition{deps: deps{partitions: 8}, index: 3, stream: "R3"}
	own := checkpoint.Header{Partition: 3, Partitions: 8, Stream: "R3", Created: created, Seq: 70}
	type header = checkpoint.Header
	for name, c := range map[string]struct {
		change func(*header)
		says   string // "" when it belongs to the log
	}{
		"its own":              {func(*header) {}, ""},
		"in another zone":      {func(h *header) { h.Created = created.In(zone) }, ""},
		"older than the log":   {func(h *header) { h.Seq = 1 }, ""},
		"of fewer partitions":  {func(h *header) { h.Partitions = 4 }, "is of 4 partitions"},
		"of another stream":    {func(h *header) { h.Stream = "R4" }, "belongs to stream R4"},
		"of a log made before": {func(h *header) { h.Created = created.Add(-1) }, "was made at"},
		"newer than the log":   {func(h *header) { h.Seq = 71 }, "knows R3 up to 71"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := own
			c.change(&h)
			err := p.belongs(h, bus.StreamState{Created: created, LastSeq: 70})
			if c.says == "" && err != nil ||
				c.says != "" &&
					(err == nil || !strings.Contains(err.Error(), c.says) || !fatal(err)) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

// A checkpoint of another kernel family is accepted, with a warning in the log.
func TestStartOnACheckpointOfAnotherKernel(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.drained(1)
	snapshot, _, err := s.store.Load(s.ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, kernel := range []string{nn.Kernel(), "another"} {
		snapshot.Header.Kernel = kernel
		if err := s.store.Save(s.ctx, snapshot); err != nil {
			t.Fatal(err)
		}
		d, lines := s.deps(), &strings.Builder{}
		d.log = zerolog.New(lines)
		p, err := startPartition(s.ctx, d, 0)
		if err != nil {
			t.Fatal(err)
		}
		p.close()
		logged := strings.Contains(lines.String(), "another kernel family")
		if logged != (kernel == "another") || p.position != 1 {
			t.Errorf("kernel %s: position %d, the log has %s", kernel, p.position, lines)
		}
	}
}

// A partition refuses to start on a foreign checkpoint.
func TestStartOnAForeignCheckpoint(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	header := checkpoint.Header{
		Partitions: 2,
		Stream:     topology.Log(0),
		Created:    s.state(topology.Log(0)).Created,
		Seq:        1,
		Kernel:     nn.Kernel(),
	}
	if err := s.store.Save(s.ctx, &checkpoint.Snapshot{Header: header}); err != nil {
		t.Fatal(err)
	}
	if _, err := startPartition(s.ctx, s.deps(), 0); err == nil || !fatal(err) {
		t.Errorf("%v", err)
	}
}

// A partition goes on with the model of its checkpoint.
func TestStartWithTheModelOfTheCheckpoint(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	m := testModel(t, 1)
	known := func() *partition {
		d := s.deps()
		d.models.loaded[m.Digest] = m
		p, err := startPartition(s.ctx, d, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.close)
		return p
	}
	p := known()
	record := streams.ModelControl{Name: m.Spec.Name, Version: m.Version, Digest: m.Digest}
	s.write(streams.ControlSubject(0, streams.ControlModel), record.AppendJSON(nil), "")
	s.readings(2)
	s.read(p, 3)
	if err := p.drain(s.ctx); err != nil {
		t.Fatal(err)
	}
	if next := known(); next.pipeline.engine.Model(meter.HourSeconds) != m ||
		hourly(next.status) != m || next.pipeline.engine.Series() != 1 {
		t.Errorf(
			"model %v, %d series",
			next.pipeline.engine.Model(meter.HourSeconds), next.pipeline.engine.Series(),
		)
	}
}

// A partition that cannot open all its publishers closes those that it has opened.
func TestStartWithoutAStream(t *testing.T) {
	t.Parallel()
	for _, missing := range []string{
		forecastsStream, scoresStream, rejectedStream, eventsStream, topology.Log(0),
	} {
		s := newStation(t)
		if err := s.conn.JetStream().DeleteStream(s.ctx, missing); err != nil {
			t.Fatal(err)
		}
		if _, err := startPartition(s.ctx, s.deps(), 0); !errors.Is(err, bus.ErrNoStream) ||
			fatal(err) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}

// A failure that a new start cannot mend ends the service.
func TestFatal(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		&service.HintError{What: "x"}, &checkpoint.NoneWholeError{}, &checkpoint.FolderError{},
		checkpoint.ErrVersion, errNotOwner,
	} {
		if !fatal(fmt.Errorf("start: %w", err)) {
			t.Errorf("%v is tried again", err)
		}
	}
	for _, err := range []error{bus.ErrNoStream, context.DeadlineExceeded, checkpoint.ErrDamaged} {
		if fatal(fmt.Errorf("start: %w", err)) {
			t.Errorf("%v ends the service", err)
		}
	}
}

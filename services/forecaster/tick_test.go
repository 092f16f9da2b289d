package forecaster

import (
	"testing"
	"time"

	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// live writes the reading of the last whole hour: from then on ticks watch over its series.
func (s *station) live() {
	s.t.Helper()
	r := streams.Reading{Time: time.Now().Truncate(time.Hour).Add(-time.Hour), Value: 1}
	s.write(
		streams.ReadingSubject(0, s.series),
		streams.AppendReadings(nil, []streams.Reading{r}),
		"",
	)
}

// lastTick is the sequence of the newest tick in the log, 0 without one.
func (s *station) lastTick() uint64 {
	s.t.Helper()
	m, _, err := s.conn.LastBySubject(
		s.ctx,
		topology.Log(0),
		streams.ControlSubject(0, streams.ControlTick),
	)
	if err != nil {
		s.t.Fatal(err)
	}
	return m.Seq
}

// A tick is written into the log at an interval, when the log is read to the end that it had at the
// start, and while a series is up to date.
func TestTickIsWritten(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.readings(1)
	p := s.start()
	every := p.pace.tick
	last := func(want uint64, when string) {
		t.Helper()
		if got := s.lastTick(); got != want {
			t.Fatalf("%s: the last tick is %d, want %d", when, got, want)
		}
	}
	s.read(p, 1)
	s.idle(p)
	last(0, "no series is up to date")
	s.live()
	s.clock = s.clock.Add(every - 1)
	s.read(p, 2)
	last(0, "too soon")
	s.clock = s.clock.Add(1)
	s.idle(p)
	last(3, "in time")
	s.read(p, 3)
	s.clock = s.clock.Add(every - 1)
	s.idle(p)
	last(3, "too soon after a tick")
	s.clock = s.clock.Add(1)
	p.logEnd = 4
	s.idle(p)
	last(3, "the log is not read to its end")
	p.logEnd = 3
	s.idle(p)
	last(4, "the log is read to its end")
	// After a lost acknowledgement the same tick is written again, at a later time: it is one.
	p.position = 3
	s.clock = s.clock.Add(every)
	if err := p.tick(s.ctx); err != nil {
		t.Fatal(err)
	}
	last(4, "the same tick again")
}

// While messages are pending, no time is written behind them.
func TestTickWaitsForTheLog(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.live()
	s.readings(6)
	p := s.start()
	p.logEnd = 0
	if err := p.turn(s.ctx); err != nil || p.position == 0 || p.position > 4 ||
		!p.pipeline.engine.Live() ||
		s.lastTick() != 0 {
		t.Fatalf("%v, position %d, the last tick is %d", err, p.position, s.lastTick())
	}
	s.read(p, 7)
	if s.lastTick() != 8 {
		t.Errorf("the last tick is %d", s.lastTick())
	}
}

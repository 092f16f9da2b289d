package forecaster

import (
	"errors"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// The mark says how far the forecasts are stored. It is written at an interval, and only when there
// are new forecasts.
func TestMarkFollowsTheForecasts(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	p := s.start()
	every := p.pace.mark
	check := func(when string, seq, forecasts uint64) {
		t.Helper()
		want := mark{Epoch: 1, Pos: OutputPos{Seq: seq}, ForecastsSeq: forecasts}
		if got := s.mark(); got != want {
			t.Errorf("%s: %+v, want %+v", when, got, want)
		}
	}
	check("at the start", 0, 0)
	s.readings(2)
	s.read(p, 2)
	check("the first forecasts", 2, 2)
	s.readings(1)
	s.read(p, 3)
	s.clock = s.clock.Add(every - 1)
	s.idle(p)
	check("too soon", 2, 2)
	s.clock = s.clock.Add(1)
	s.idle(p)
	check("in time", 3, 3)
	revision := p.marker.revision
	s.clock = s.clock.Add(every)
	s.idle(p)
	if p.marker.revision != revision {
		t.Error("written again without news")
	}
	// A rejection is no forecast, and others write into FORECASTS too.
	s.write(streams.ReadingSubject(0, s.series), []byte("{"), "")
	s.write("forecasts.south.m1", []byte("{}"), "")
	s.readings(1)
	s.read(p, 5)
	s.clock = s.clock.Add(every)
	s.idle(p)
	check("among others", 5, 5)
}

// While forecasts are not confirmed, the mark does not move: it must not pass a forecast that is
// not stored (I2).
func TestMarkWaitsForTheForecasts(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	s.readings(6) // two batches or more
	p := s.start()
	if err := p.turn(s.ctx); err != nil {
		t.Fatal(err)
	}
	if p.position == 0 || p.position > 4 || !p.dirty || s.mark().Pos != (OutputPos{}) {
		t.Fatalf("position %d, dirty %v, mark %+v", p.position, p.dirty, s.mark())
	}
	s.read(p, 6)
	if m := s.mark(); m.Pos != (OutputPos{Seq: 6}) || m.ForecastsSeq != 6 {
		t.Errorf("%+v", m)
	}
}

// A partition that drains writes the mark, even when the last write is recent.
func TestDrainWritesTheMark(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	p := s.start()
	s.readings(1)
	s.read(p, 1)
	s.readings(1)
	s.read(p, 2)
	if err := p.drain(s.ctx); err != nil {
		t.Fatal(err)
	}
	if m := s.mark(); m.Pos != (OutputPos{Seq: 2}) || m.ForecastsSeq != 2 || s.store.seq != 2 {
		t.Errorf("%+v, checkpoint at %d", m, s.store.seq)
	}
}

// When a second owner opens a partition, the next mark of the first owner fails with a remedy.
func TestOneOwner(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	first := s.start()
	second := s.start()
	s.readings(1)
	s.read(second, 1)
	err := error(nil)
	for err == nil && s.ctx.Err() == nil {
		err = first.turn(s.ctx)
	}
	if !errors.Is(err, errNotOwner) || !fatal(err) {
		t.Errorf("the first owner: %v", err)
	}
	if m := s.mark(); m.Epoch != 2 || m.Pos != (OutputPos{Seq: 1}) {
		t.Errorf("%+v", m)
	}
}

// A mark that cannot be read stops the start: the stored outputs are not known.
func TestMarkThatIsNone(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	bucket, err := s.conn.OpenBucket(s.ctx, marksBucket)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Update(s.ctx, topology.MarkKey(0), []byte("{"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := startPartition(s.ctx, s.deps(), 0); err == nil {
		t.Error("started")
	}
}

// The high-water mark is the last output of this partition and this log in FORECASTS.
func TestHighWater(t *testing.T) {
	t.Parallel()
	created := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	own := func(seq uint64, k int) string { return streams.OutputID(created, 0, seq, k) }
	others := streams.OutputID(created, 1, 9, 0)
	older := streams.OutputID(created.Add(1), 0, 9, 0)
	at4 := mark{Pos: OutputPos{4, 0}, ForecastsSeq: 1}
	for name, c := range map[string]struct {
		ids   []string
		erase []uint64
		purge uint64 // before that sequence
		from  mark
		want  OutputPos
	}{
		"nothing":           {nil, nil, 0, mark{}, OutputPos{}},
		"nothing new":       {[]string{own(4, 0)}, nil, 0, at4, OutputPos{4, 0}},
		"one":               {[]string{own(4, 0)}, nil, 0, mark{}, OutputPos{4, 0}},
		"several":           {[]string{own(4, 0), own(5, 1), own(5, 3)}, nil, 0, at4, OutputPos{5, 3}},
		"right behind it":   {[]string{own(4, 0), own(7, 0)}, nil, 0, at4, OutputPos{7, 0}},
		"another partition": {[]string{own(4, 0), others}, nil, 0, mark{}, OutputPos{4, 0}},
		"another log":       {[]string{own(4, 0), older}, nil, 0, mark{}, OutputPos{4, 0}},
		"another writer":    {[]string{own(4, 0), "", "4711"}, nil, 0, mark{}, OutputPos{4, 0}},
		"older ones":        {[]string{own(3, 0)}, nil, 0, mark{Pos: OutputPos{4, 0}}, OutputPos{4, 0}},
		"the end is erased": {
			[]string{own(4, 0), own(5, 0), own(6, 0)}, []uint64{3}, 0, mark{}, OutputPos{5, 0},
		},
		"all behind is gone": {[]string{own(4, 0), own(5, 0)}, []uint64{2}, 0, at4, OutputPos{4, 0}},
		"the start is gone": {
			[]string{own(4, 0), own(5, 0), own(6, 0), own(7, 0)}, nil, 4, at4, OutputPos{7, 0},
		},
		"all of it is purged": {[]string{own(4, 0), own(5, 0)}, nil, 3, at4, OutputPos{4, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStation(t)
			for _, id := range c.ids {
				s.write("forecasts.north.m1", []byte("{}"), id)
			}
			for _, seq := range c.erase {
				if err := s.conn.Erase(s.ctx, forecastsStream, seq); err != nil {
					t.Fatal(err)
				}
			}
			if c.purge > 0 {
				_, err := s.conn.Purge(s.ctx, forecastsStream, "forecasts.>", c.purge)
				if err != nil {
					t.Fatal(err)
				}
			}
			if got, err := highWater(s.ctx, s.conn, 0, created, c.from); err != nil ||
				got != c.want {
				t.Errorf("%v, %v; want %v", got, err, c.want)
			}
		})
	}
}

// Without a stream there is no high-water mark.
func TestHighWaterWithoutForecasts(t *testing.T) {
	t.Parallel()
	s := newStation(t)
	if err := s.conn.JetStream().DeleteStream(s.ctx, forecastsStream); err != nil {
		t.Fatal(err)
	}
	if _, err := highWater(s.ctx, s.conn, 0, time.Now(), mark{}); !errors.Is(err, bus.ErrNoStream) {
		t.Errorf("%v", err)
	}
}

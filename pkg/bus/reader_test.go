package bus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

func TestReaderDeliversInOrderWithAllItKnows(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	const n = 10_000
	before := time.Now()
	fill(t, c, "R0", "r.0.north.m1", "x", n)
	l := openReader(t, c, bus.ReaderConfig{Stream: "R0", Buffer: 64})
	for i, m := range read(t, l, n) {
		want := fmt.Sprintf("x%d", i)
		if m.Seq != uint64(i+1) || string(m.Data) != want || m.ID != want || m.Subject != "r.0.north.m1" {
			t.Fatalf("message %d: %+v", i, m)
		}
		if m.Time.Before(before.Add(-time.Minute)) || m.Time.After(time.Now().Add(time.Minute)) ||
			m.Time.Location() != time.UTC {
			t.Fatalf("message %d: time %s", i, m.Time)
		}
		if m.Pending != uint64(n-i-1) {
			t.Fatalf("message %d: pending %d", i, m.Pending)
		}
	}
	ended(t, c, l, "r.0.north.m1")
}

func TestReaderWaits(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		messages int
		from     uint64
		skip     int // messages that come before those that are wanted
	}{
		"on an empty stream":              {0, 0, 0},
		"at the end":                      {5, 6, 0},
		"past the end":                    {5, 9, 3},
		"past the end of an empty stream": {0, 4, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := bustest.Start(t).Connect()
			makeStream(t, c, "R0", "r.0.*.*")
			fill(t, c, "R0", "r.0.a.b", "old", tc.messages)
			l := openReader(t, c, bus.ReaderConfig{Stream: "R0", From: tc.from})
			vain(t, l)
			fill(t, c, "R0", "r.0.a.b", "skipped", tc.skip)
			vain(t, l)
			fill(t, c, "R0", "r.0.a.b", "new", 3)
			msgs := read(t, l, 3)
			if msgs[0].Seq != uint64(tc.messages+tc.skip+1) || string(msgs[0].Data) != "new0" {
				t.Fatalf("first message %d %q", msgs[0].Seq, msgs[0].Data)
			}
		})
	}
}

func TestReaderGoesOnOverServerRestarts(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c := s.Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	l := openReader(t, c, bus.ReaderConfig{Stream: "R0", Buffer: 100})
	var next uint64 = 1
	for round := range 3 {
		fill(t, c, "R0", "r.0.a.b", fmt.Sprintf("round %d, ", round), 1000)
		if round > 0 {
			s.Restart() // with messages read, fetched ahead and not yet fetched
		}
		for _, m := range read(t, l, 700) {
			if m.Seq != next {
				t.Fatalf("round %d: sequence %d, want %d", round, m.Seq, next)
			}
			next++
		}
		s.Restart()
		waitReady(t, c, "R0")
	}
	for _, m := range read(t, l, 900) {
		if m.Seq != next {
			t.Fatalf("sequence %d, want %d", m.Seq, next)
		}
		next++
	}
	ended(t, c, l, "r.0.a.b")
}

func TestReaderEndsWithItsContextWhileTheServerIsAway(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c := s.Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	l := openReader(t, c, bus.ReaderConfig{Stream: "R0"})
	s.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	if _, err := l.Next(ctx, nil, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v", err)
	}
	start := time.Now()
	l.Close()
	c.Close()
	if took := time.Since(start); took > 3*time.Second {
		t.Fatalf("closing took %s", took)
	}
	if _, err := l.Next(context.Background(), nil, 1); !errors.Is(err, bus.ErrClosed) {
		t.Fatalf("error %v", err)
	}
}

func TestReaderEndsWithItsConnection(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c := s.Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	l := openReader(t, c, bus.ReaderConfig{Stream: "R0"})
	c.Close()
	if _, err := l.Next(patient(t), nil, 1); !errors.Is(err, bus.ErrClosed) {
		t.Fatalf("error %v", err)
	}
}

func TestReaderGoesOnWhenItsConsumerIsDeleted(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	l := openReader(t, c, bus.ReaderConfig{Stream: "R0"})
	fill(t, c, "R0", "r.0.a.b", "x", 10)
	read(t, l, 10)
	stream, err := c.JetStream().Stream(patient(t), "R0")
	if err != nil {
		t.Fatal(err)
	}
	for name := range stream.ConsumerNames(patient(t)).Name() {
		if err := stream.DeleteConsumer(patient(t), name); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, c, "R0", "r.0.a.b", "y", 10)
	if msgs := read(t, l, 10); msgs[0].Seq != 11 || msgs[9].Seq != 20 {
		t.Fatalf("sequences %d to %d", msgs[0].Seq, msgs[9].Seq)
	}
}

func TestReaderOfAStreamThatIsNoLongerTheSame(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	gone := openReader(t, c, bus.ReaderConfig{Stream: "R0"})
	replaced := openReader(t, c, bus.ReaderConfig{Stream: "R0"})
	for _, l := range []*bus.Reader{gone, replaced} {
		fill(t, c, "R0", "r.0.a.b", fmt.Sprint(l), 1)
		read(t, l, 1)
	}
	if err := c.JetStream().DeleteStream(patient(t), "R0"); err != nil {
		t.Fatal(err)
	}
	if _, err := nextError(t, gone); !errors.Is(err, bus.ErrNoStream) {
		t.Fatalf("deleted stream: error %v", err)
	}
	makeStream(t, c, "R0", "r.0.*.*")
	var changed *bus.StreamChangedError
	if _, err := nextError(t, replaced); !errors.As(err, &changed) ||
		changed.WasCreated.Equal(changed.IsCreated) {
		t.Fatalf("stream made again: error %v", err)
	}
	if _, err := c.OpenReader(
		patient(t), bus.ReaderConfig{Stream: "R7"},
	); !errors.Is(err, bus.ErrNoStream) {
		t.Fatalf("no stream: error %v", err)
	}
}

// nextError reads until there is an error.
func nextError(t *testing.T, l *bus.Reader) (n int, err error) {
	t.Helper()
	ctx := patient(t)
	for {
		msgs, err := l.Next(ctx, nil, 100)
		n += len(msgs)
		if err != nil {
			return n, err
		}
	}
}

func TestReaderPassesOverWhatIsNoLongerKept(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	fill(t, c, "R0", "r.0.a.b", "x", 20)
	stream, err := c.JetStream().Stream(patient(t), "R0")
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.DeleteMsg(patient(t), 15); err != nil {
		t.Fatal(err)
	}
	l := openReader(t, c, bus.ReaderConfig{Stream: "R0", From: 14})
	var got []uint64
	for _, m := range read(t, l, 6) {
		got = append(got, m.Seq)
	}
	if want := fmt.Sprint([]uint64{14, 16, 17, 18, 19, 20}); fmt.Sprint(got) != want {
		t.Fatalf("sequences %v, want %v", got, want)
	}
}

func TestReaderOfTheNewestPerSubject(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "FORECASTS", "forecasts.*.*")
	for round := range 5 {
		for meter := range 50 {
			fill(
				t, c, "FORECASTS", fmt.Sprintf("forecasts.a.m%d", meter), fmt.Sprintf("%d-%d-", round, meter),
				1,
			)
		}
	}
	fill(t, c, "FORECASTS", "forecasts.a.m3", "late", 2)
	l := openReader(t, c, bus.ReaderConfig{Stream: "FORECASTS", LastPerSubject: true})
	seen := map[string]uint64{}
	for _, m := range read(t, l, 50) {
		if seen[m.Subject] != 0 {
			t.Fatalf("%s came twice", m.Subject)
		}
		seen[m.Subject] = m.Seq
	}
	if seen["forecasts.a.m3"] != 252 {
		t.Fatalf("newest of m3 is %d", seen["forecasts.a.m3"])
	}
	vain(t, l)
	fill(t, c, "FORECASTS", "forecasts.a.m3", "again", 3)
	if msgs := read(t, l, 3); msgs[0].Seq != 253 || msgs[2].Seq != 255 {
		t.Fatalf("then %d to %d", msgs[0].Seq, msgs[2].Seq)
	}
	empty := openReader(
		t, c, bus.ReaderConfig{Stream: "FORECASTS", Subject: "forecasts.b.*", LastPerSubject: true},
	)
	vain(t, empty)
	fill(t, c, "FORECASTS", "forecasts.b.m1", "b", 2)
	if msgs := read(t, empty, 2); msgs[0].Seq != 256 {
		t.Fatalf("then %d", msgs[0].Seq)
	}
}

func TestReaderWithSubjectAndHeadersOnly(t *testing.T) {
	t.Parallel()
	c := bustest.Start(t).Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	for i := range 10 {
		fill(t, c, "R0", fmt.Sprintf("r.0.a.m%d", i%2), fmt.Sprint(i), 1)
	}
	l := openReader(t, c, bus.ReaderConfig{Stream: "R0", Subject: "r.0.a.m1", HeadersOnly: true})
	for i, m := range read(t, l, 5) {
		if m.Seq != uint64(2*i+2) || len(m.Data) != 0 || m.ID == "" {
			t.Fatalf("message %d: %+v", i, m)
		}
	}
	ended(t, c, l, "r.0.a.m1")
}

func TestReaderBoundsTheBytesFetchedAhead(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c, err := bus.Connect(patient(t), bus.Config{InProcess: s.Embedded}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	makeStream(t, c, "R0", "r.0.*.*")
	const n, size = 400, 90_000 // 36 MB, several requests' worth
	p, err := c.OpenPublisher(patient(t), "R0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	for range n {
		if err := p.Publish("r.0.a.b", "", make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Flush(patient(t)); err != nil {
		t.Fatal(err)
	}
	l := openReader(t, c, bus.ReaderConfig{Stream: "R0"})
	for i, m := range read(t, l, n) {
		if m.Seq != uint64(i+1) || len(m.Data) != size {
			t.Fatalf("message %d: sequence %d, %d bytes", i, m.Seq, len(m.Data))
		}
	}
}

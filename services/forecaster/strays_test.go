package forecaster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// A subject is listed with the number of its messages; listings have ids of their own.
func TestStraysAreCounted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s := newStrays(now)
	for i := range 5 {
		s.add("readings.north", []byte(fmt.Sprint(i)), now)
	}
	s.add("readings.north.hall.m1", nil, now)
	first, second := s.next(now), s.next(now)
	if first.message.Subject != "readings.north" || first.message.Count != 5 ||
		first.message.Payload != "0" || first.subject != "rejected.north._" ||
		first.message.Reason != meter.ReasonBadSubject || first.message.Detail == "" {
		t.Errorf("%+v", first)
	}
	if second.subject != "rejected.north.hall_m1" || second.message.Series != "north.hall.m1" ||
		second.id == first.id || s.next(now) != nil {
		t.Errorf("%+v", second)
	}
	s.add("readings.north", nil, now)
	s.add("readings.north", nil, now)
	if again := s.next(now.Add(strayEvery - 1)); again != nil {
		t.Errorf("listed again at once: %+v", again)
	}
	if again := s.next(now.Add(strayEvery)); again == nil || again.message.Count != 2 || again.id == first.id {
		t.Errorf("listed again: %+v", again)
	}
	if r, err := streams.DecodeRejected(first.message.AppendJSON(nil)); err != nil ||
		r.Partition != noPartition || r.Seq != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A flood of subjects fills neither memory nor REJECTED, and every message of it is counted.
func TestStraysAreBounded(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	s := newStrays(start)
	const week = 7 * 24 * time.Hour
	payload := []byte(strings.Repeat("x", 1<<20))
	sent, listed, counted, bytes := 0, 0, 0, 0
	take := func(now time.Time) {
		for next := s.next(now); next != nil; next = s.next(now) {
			listed++
			counted += next.message.Count
			bytes += len(next.message.AppendJSON(nil))
		}
	}
	for now := start; now.Before(start.Add(week)); now = now.Add(time.Minute) {
		for range 50 {
			s.add(fmt.Sprintf("readings.%s.%d.b", strings.Repeat("a", 400), sent), payload[:4096], now)
			s.add(fmt.Sprintf("readings.a.%d.b", sent), payload[:4096], now)
			sent += 2
		}
		take(now)
		if len(s.waiting) > mostStrays {
			t.Fatalf("%d subjects wait", len(s.waiting))
		}
	}
	if bytes > 16<<20 || listed > int(week/strayEvery)+strayBurst {
		t.Errorf("%d listings of %d bytes in a week", listed, bytes)
	}
	for now := start.Add(week); len(s.waiting) > 0 || s.others != nil; now = now.Add(strayEvery) {
		take(now)
	}
	if counted != sent {
		t.Errorf("%d of %d messages are counted", counted, sent)
	}
}

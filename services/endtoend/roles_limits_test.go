package endtoend

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// TestLimitsAreTold sets a limit that the forecasts of a series pass, and reads the event from the
// stream. A killed process that starts again tells nothing twice.
func TestLimitsAreTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	registerChampion(t, filepath.Join(p.dir, "registry"))
	r := p.up("--train-schedule", "off")
	id := meter.ID{Site: "plant", Meter: "feeder-1"}
	p.must(patience, "series", "set", id.String(), "--limit", "10W", "--limit-chance", "0.2",
		"--nats-url", p.url())
	f := feedDay(t, p.connect(), id, 200)
	first := limitEvents(t, p.connect(), id, 1)
	e, err := streams.DecodeEvent(first[0].Data)
	if err != nil || e.Type != streams.EventLimitPassed || e.Limit == nil || e.Series != id.String() {
		t.Fatalf("%s: %v", first[0].Data, err)
	}
	l := *e.Limit
	if l.Limit != "10W" || l.LimitChance != 0.2 || l.Value != 0.01 || l.Unit != "kWh" ||
		l.Chance < 0.2 ||
		!l.Target.Equal(l.Origin.Add(time.Duration(l.Lead-1)*time.Hour)) ||
		!l.Origin.Equal(f.Origin.Add(-2*time.Hour)) {
		t.Errorf("%+v, the newest origin is %s", l, f.Origin)
	}
	eventually(t, patience, "the series is counted", func() (bool, string) { // now and then
		return p.metric("loadtide_forecaster_limit_passed_series") == 1, "not yet"
	})
	r.kill()
	p.up("--train-schedule", "off")
	p.must(patience, "series", "set", id.String(), "--limit", "none", "--nats-url", p.url())
	all := limitEvents(t, p.connect(), id, 2)
	e, err = streams.DecodeEvent(all[1].Data)
	if err != nil || e.Type != streams.EventLimitCleared || e.Limit != nil {
		t.Errorf("%s: %v", all[1].Data, err)
	}
	if all[0].ID != first[0].ID {
		t.Errorf("the first event has id %s, before it was %s", all[0].ID, first[0].ID)
	}
}

// limitEvents waits for that many events about the limit of a series, and wants no more.
func limitEvents(t *testing.T, conn *bus.Conn, id meter.ID, want int) []bus.Message {
	t.Helper()
	var events []bus.Message
	eventually(t, patience, "events about the limit", func() (bool, string) {
		events = slices.DeleteFunc(readStream(t, conn, topology.Events), func(m bus.Message) bool {
			return m.Subject != streams.LimitSubject(id)
		})
		return len(events) >= want, fmt.Sprintf("%d of %d", len(events), want)
	})
	if len(events) != want {
		t.Fatalf("%d events about the limit, want %d", len(events), want)
	}
	return events
}

package recorder

import (
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// TestOutageIsToldOnce: an outage is logged at its beginning, when a person is needed, at
// intervals, and when its last lane works again.
func TestOutageIsToldOnce(t *testing.T) {
	t.Parallel()
	var o outage
	at := func(minutes int) time.Time { return time.Date(2026, 1, 31, 14, minutes, 0, 0, time.UTC) }
	for i, step := range []struct {
		stream string
		minute int
		person bool
		tell   bool
	}{
		{"R0", 0, false, true}, {"R1", 1, false, false}, {"R0", 4, false, false}, {"R1", 5, false, true},
		{"R0", 6, true, true}, {"R1", 7, true, false}, {"R0", 8, false, false}, {"R0", 11, true, true},
	} {
		if _, tell := o.fail(step.stream, step.person, at(step.minute)); tell != step.tell {
			t.Errorf("step %d: tell is %v", i, tell)
		}
	}
	if _, over := o.succeed("FORECASTS", at(12)); over {
		t.Error("over by a stream that did not fail")
	}
	if _, over := o.succeed("R1", at(12)); over {
		t.Error("over while R0 fails")
	}
	if lasted, over := o.succeed("R0", at(13)); !over || lasted != 13*time.Minute {
		t.Errorf("over is %v after %v", over, lasted)
	}
	if _, over := o.succeed("R0", at(14)); over {
		t.Error("over twice")
	}
	if since, tell := o.fail("R0", false, at(15)); !tell || since != 0 {
		t.Errorf("the next outage: tell is %v, since %v", tell, since)
	}
}

// TestWhatATagMayBe: messages of other clients give only allowed tags and fields, because InfluxDB
// never removes them.
func TestWhatATagMayBe(t *testing.T) {
	t.Parallel()
	levels := make([]float64, 100)
	for i := range levels {
		levels[i] = float64(i+1) / 101
	}
	many := streams.Forecast{
		Series: meter.ID{Site: "north", Meter: "m17"}, Origin: time.Unix(1769868000, 0),
		Interval: time.Hour, Levels: levels, Quantiles: make([]float32, 100),
	}
	for name, c := range map[string]struct {
		append func() error
		says   string
	}{
		"levels": {
			func() error {
				_, err := appendForecast(nil, &bus.Message{Data: many.AppendJSON(nil)})
				return err
			},
			"100 levels",
		},
		"kind with a space":   {event(`{"schema":1,"type":"a kind","text":""}`), `type "a kind"`},
		"kind that ends open": {event(`{"schema":1,"type":"drift.","text":""}`), "type"},
		"long kind": {
			event(`{"schema":1,"type":"` + strings.Repeat("k", 65) + `"}`), "at most 64 bytes",
		},
		"series": {event(`{"schema":1,"type":"drift","series":"north"}`), `series "north"`},
	} {
		if err := c.append(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.says)
		}
	}
}

func event(data string) func() error {
	return func() error { _, err := appendEvent(nil, &bus.Message{Data: []byte(data)}); return err }
}

package endtoend

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// orders is a place under orders of an operator, with a clock of readings.
type orders struct {
	place
	t       *testing.T
	conn    *bus.Conn
	process *process
	hour    time.Time // of the next readings
}

var ordered = []string{"--train-schedule", "off", "--partitions", "2", "--max-series", "8"}

// send publishes an hour of each series and waits for the forecasts from its end.
func (o *orders) send(series ...string) {
	o.t.Helper()
	for i, name := range series {
		id, _ := meter.ParseID(name)
		value := 2 + math.Sin(2*math.Pi*float64(o.hour.Hour())/24) + 0.1*float64(i)
		if _, err := o.conn.Publish(o.t.Context(), streams.PublicReadingSubject(id), hourly(o.hour, value), ""); err != nil {
			o.t.Fatal(err)
		}
	}
	o.hour = o.hour.Add(time.Hour)
	for _, name := range series {
		awaitOrigin(o.t, o.conn, name, o.hour)
	}
}

// crash kills the process and starts it again.
func (o *orders) crash() {
	o.t.Helper()
	o.process.kill()
	o.process = o.up(ordered...)
	o.conn = o.connect()
}

// TestOrdersOutliveKills gives every order about series between kills, then lets another process
// read the logs from their beginning: all forecasts and events about series must come out again, to
// the byte.
func TestOrdersOutliveKills(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	registerChampion(t, filepath.Join(p.dir, "registry"))
	o := &orders{place: p, t: t, process: p.up(ordered...), hour: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
	o.conn = p.connect()
	all := []string{"north.m1", "north.m2", "south.m1"}
	p.must(patience, "series", "set", "*.*", "--unit", "kWh", "--nats-url", p.url())
	for _, name := range all {
		id, _ := meter.ParseID(name)
		var past []streams.Reading
		for k := range 200 {
			past = append(past, streams.Reading{Time: o.hour.Add(time.Duration(k) * time.Hour), Value: 2 + math.Sin(2*math.Pi*float64(k)/24), History: true})
		}
		if _, err := o.conn.Publish(t.Context(), streams.PublicReadingSubject(id), streams.AppendReadings(nil, past), ""); err != nil {
			t.Fatal(err)
		}
	}
	o.hour = o.hour.Add(200 * time.Hour)
	o.send(all...)
	o.crash()
	p.must(patience, "series", "set", "south.*", "--zone", "Asia/Tokyo", "--nats-url", p.url())
	file := filepath.Join(t.TempDir(), "north.state")
	p.must(patience, "state", "export", "north.m1", "--out", file, "--nats-url", p.url())
	o.send(all...)
	p.must(patience, "series", "delete", "north.m1", "--yes", "--nats-url", p.url())
	if _, _, ok := newest(t, o.conn, "north.m1"); ok {
		t.Error("a forecast of the deleted series is there")
	}
	o.crash()
	o.send("north.m2", "south.m1")
	if said := p.must(patience, "state", "import", file, "--nats-url", p.url()); !strings.Contains(said, "imported 1 of 1") {
		t.Error(said)
	}
	o.crash()
	for range 3 {
		o.send(all...)
	}
	if f, _, _ := newest(t, o.conn, "north.m1"); f.Source != "lstm" || f.Unit != "kWh" {
		t.Errorf("the imported series is forecast by %s in %q", f.Source, f.Unit)
	}
	states := p.must(patience, "state", "inspect", "north.m1", "--json", "--nats-url", p.url()) + p.must(patience, "series", "list", "--json", "--nats-url", p.url())
	forecasts, events := readStream(t, o.conn, topology.Forecasts), seriesEvents(t, o.conn)
	o.process.interrupt()

	again := newPlace(t)
	const store = "nats/jetstream/$G/streams"
	for _, log := range []string{"R0", "R1"} {
		copyFolder(t, filepath.Join(p.dir, store, log), filepath.Join(again.dir, store, log))
	}
	copyFolder(t, filepath.Join(p.dir, "registry"), filepath.Join(again.dir, "registry"))
	again.up(ordered...)
	conn := again.connect()
	for _, name := range all {
		awaitOrigin(t, conn, name, o.hour)
	}
	said := map[string]string{}
	for _, m := range append(readStream(t, conn, topology.Forecasts), seriesEvents(t, conn)...) {
		said[m.ID] = string(m.Data)
	}
	compared := 0
	for _, m := range append(forecasts, events...) {
		if strings.Contains(string(m.Data), "is forgotten") { // of a series whose readings are erased
			continue
		}
		if compared++; said[m.ID] != string(m.Data) {
			t.Errorf("%s %s:\n%.300s\nundisturbed:\n%.300s", m.Subject, m.ID, m.Data, said[m.ID])
		}
	}
	if compared < 15 {
		t.Errorf("%d messages compared", compared)
	}
	if got := again.must(patience, "state", "inspect", "north.m1", "--json", "--nats-url", again.url()) + again.must(patience, "series", "list", "--json", "--nats-url", again.url()); got != states {
		t.Errorf("states are\n%s\nwere\n%s", got, states)
	}
}

// seriesEvents are the events about series.
func seriesEvents(t *testing.T, conn *bus.Conn) []bus.Message {
	t.Helper()
	var all []bus.Message
	for _, m := range readStream(t, conn, topology.Events) {
		if strings.HasPrefix(m.Subject, streams.EventSubject("series.")) {
			all = append(all, m)
		}
	}
	return all
}

// TestErasedAtTheEnd starts on logs and FORECASTS whose last messages were erased with their
// series: nothing waits for them. Their points in InfluxDB go too.
func TestErasedAtTheEnd(t *testing.T) {
	t.Parallel()
	server := influxtest.Start(t)
	p := newPlace(t)
	p.env = []string{"LOADTIDE_INFLUX_TOKEN=" + influxtest.Token}
	o := &orders{place: p, t: t, process: p.up(ordered...), hour: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
	o.conn = p.connect()
	var all []string
	for i := range 4 {
		all = append(all, fmt.Sprint("north.m", i))
	}
	for range 3 {
		o.send(all...)
	}
	for _, name := range []string{"north.m3", "north.m2"} {
		said := p.must(patience, "series", "delete", name, "--yes", "--nats-url", p.url(), "--influx-url", server.Config().URL)
		if !strings.Contains(
			said, "deleted "+name+": 3 messages with readings, 3 forecasts, 0 rejections",
		) || !strings.Contains(said, "points in InfluxDB are deleted") {
			t.Error(said)
		}
	}
	// Seven measurements and the daily sums of each of the two.
	if got := server.Deletes(); len(got) != 2*8 || got[1] != `_measurement="forecast" AND site="north" AND meter="m3"` {
		t.Errorf("%q", got)
	}
	o.crash()
	o.send(all[:2]...)
	o.process.interrupt()
}

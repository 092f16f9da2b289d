package cycle

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// values lists the readings of a history.
func values(h *dataset.History) (all []float32) {
	for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
		v, _ := h.Ring.At(n)
		all = append(all, v)
	}
	return all
}

// The logs of all partitions are read to their present end; what the forecaster
// refuses by its form is left out, and so is what a wrong clock sent.
func TestLogsAreRead(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t, func(c *bus.EmbeddedConfig) { c.Partitions = 2 }).Connect()
	cfg := topology.DefaultConfig()
	cfg.Partitions = 2
	if _, err := topology.Ensure(t.Context(), conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	if err := (Logs{Conn: conn}).Load(t.Context(), dataset.NewBuilder()); err != nil {
		t.Errorf("empty logs: %v", err)
	}
	start := time.Now().UTC().Truncate(time.Hour).Add(-10 * time.Hour)
	publish := func(id meter.ID, payload string) {
		subject := streams.ReadingSubject(streams.Partition(id, 2), id)
		if _, err := conn.Publish(t.Context(), subject, []byte(payload), ""); err != nil {
			t.Fatal(err)
		}
	}
	at := func(hours int) string {
		return start.Add(time.Duration(hours) * time.Hour).
			Format(time.RFC3339)
	}
	ids := []meter.ID{{Site: "a", Meter: "1"}, {Site: "a", Meter: "2"}, {Site: "b", Meter: "1"},
		{Site: "c", Meter: "9"}}
	for i, id := range ids {
		publish(id, fmt.Sprintf(`[{"ts":%q,"value":%d,"unit":"kWh"},{"ts":%q,"value":5}]`, at(0), i,
			at(1)))
		publish(id, `not a reading`)
		publish(id, fmt.Sprintf(`{"ts":%q,"value":99,"quality":"BAD"}`, at(2)))
		publish(id, fmt.Sprintf(`{"ts":%q,"value":99}`, at(100_000)))
		publish(id, fmt.Sprintf(`{"ts":%q,"value":6,"quality":"ESTIMATED","history":true}`, at(3)))
	}
	bucket, err := conn.OpenBucket(t.Context(), topology.Settings)
	if err != nil {
		t.Fatal(err)
	}
	key := streams.SettingsKey("d.*")
	if _, err := bucket.Update(t.Context(), key, []byte(`{"zone":"Asia/Tokyo"}`), 0); err != nil {
		t.Fatal(err)
	}
	tokyo := start.Add(9 * time.Hour).Format("2006-01-02 15:04")
	publish(meter.ID{Site: "d", Meter: "1"}, fmt.Sprintf(`{"ts":%q,"value":"7","unit":"KWH"}`, tokyo))
	for p := range 2 {
		if _, err := conn.Publish(t.Context(), fmt.Sprintf("ctl.%d.tick", p), []byte(`{}`),
			""); err != nil {
			t.Fatal(err)
		}
	}
	order := func(kind string, id meter.ID, data []byte) {
		subject := streams.ControlSubject(streams.Partition(id, 2), kind)
		if _, err := conn.Publish(t.Context(), subject, data, ""); err != nil {
			t.Fatal(err)
		}
	}
	hours := func(from, until int) meter.Mark {
		return meter.Mark{
			From:  start.Add(time.Duration(from) * time.Hour).Unix(),
			Until: start.Add(time.Duration(until) * time.Hour).Unix(), Reason: meter.Outage,
		}
	}
	for _, id := range ids[:2] {
		control := streams.NewMark(id, hours(1, 3))
		order(streams.ControlMark, id, control.AppendJSON(nil))
		order(streams.ControlMark, id, []byte(`not a mark`))
	}
	order(streams.ControlDelete, ids[1], (&streams.DeleteControl{Series: "a.2"}).AppendJSON(nil))
	b := dataset.NewBuilder()
	if err := (Logs{Conn: conn}).Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	all := b.Build()
	if len(all) != len(ids)+1 {
		t.Fatalf("%d histories", len(all))
	}
	if h := all[len(ids)]; h.ID.Site != "d" || h.Unit != "kWh" ||
		h.Start(h.Ring.First()) != start.Unix() || !slices.Equal(values(h), []float32{7}) {
		t.Errorf("%s in %q from %d: %v", h.ID, h.Unit, h.Start(h.Ring.First()), values(h))
	}
	for i, want := range []meter.Quality{meter.Bad, meter.OK, meter.OK, meter.OK} {
		if _, q := all[i].Ring.At(all[i].Ring.First() + 1); q != want {
			t.Errorf("%s: the marked hour is %s, want %s", all[i].ID, q, want)
		}
	}
	for i, h := range all[:len(ids)] {
		if h.ID != ids[i] || h.Unit != "kWh" || h.Start(h.Ring.First()) != start.Unix() ||
			!slices.Equal(values(h), [][]float32{{0, 0, 0, 6}, {1, 5, 5, 6}, {2, 5, 5, 6}, {3, 5, 5, 6}}[i]) {
			t.Errorf("%s in %q from %d: %v", h.ID, h.Unit, h.Start(h.Ring.First()), values(h))
		}
	}
}

func TestLogsThatAreNotThere(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	if err := (Logs{Conn: conn}).Load(t.Context(), dataset.NewBuilder()); err == nil ||
		!strings.Contains(err.Error(), "forecaster") {
		t.Errorf("%v", err)
	}
}

// Readings of series whose label is the end of intervals begin an interval before their times.
func TestLabelsOfLogs(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	cfg := topology.DefaultConfig()
	cfg.Partitions = 1
	if _, err := topology.Ensure(t.Context(), conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	bucket, err := conn.OpenBucket(t.Context(), topology.Settings)
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []struct{ pattern, settings string }{
		{"a.*", `{"label":"start"}`}, {"a.*", `{"label":"end"}`}, {"a.2", `{"label":"start"}`},
		{"*.*", `{"unit":"kWh"}`},
	} {
		key := streams.SettingsKey(set.pattern)
		_, revision, _, err := bucket.Get(t.Context(), key)
		if err == nil {
			_, err = bucket.Update(t.Context(), key, []byte(set.settings), revision)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now().UTC().Truncate(time.Hour).Add(-20 * time.Hour)
	want := map[meter.ID]time.Duration{
		{Site: "a", Meter: "1"}: -30 * time.Minute, {Site: "a", Meter: "2"}: 0, {Site: "b", Meter: "1"}: 0,
	}
	for id := range want {
		for i := range 12 {
			payload := fmt.Sprintf(`{"ts":%q,"value":1,"unit":"kWh"}`,
				start.Add(time.Duration(i)*30*time.Minute).Format(time.RFC3339))
			if _, err := conn.Publish(t.Context(), streams.ReadingSubject(0, id), []byte(payload), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	b := dataset.NewBuilder()
	b.At(1800)
	if err := (Logs{Conn: conn}).Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	for _, h := range b.Build() {
		if got := h.Start(h.Ring.First()); got != start.Add(want[h.ID]).Unix() {
			t.Errorf("%s begins at %s", h.ID, time.Unix(got, 0).UTC())
		}
	}
}

// A fleet whose readings in the logs end five weeks ago is trained on up to there, also when two live
// meters are beside it, and those are named.
func TestRangesOfLogsAreThoseOfMostSeries(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	cfg := topology.DefaultConfig()
	cfg.Partitions = 1
	if _, err := topology.Ensure(t.Context(), conn.JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(-75 * 24 * time.Hour)
	publish := func(name string, from, until int) {
		for d := from; d < until; d++ {
			var readings []string
			for h := range 24 {
				at := start.Add(time.Duration(24*d+h) * time.Hour).Format(time.RFC3339)
				readings = append(readings, fmt.Sprintf(`{"ts":%q,"value":%d,"unit":"kWh"}`, at, 5+h%12))
			}
			subject := streams.ReadingSubject(0, meter.ID{Site: "site", Meter: name})
			payload := "[" + strings.Join(readings, ",") + "]"
			if _, err := conn.Publish(t.Context(), subject, []byte(payload), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	loaded := func() (dataset.Cut, string) {
		c := cycle(t, tiny(), nil)
		var words []string
		c.Source, c.Tell = Logs{Conn: conn}, warnings(&words)
		a := c.newAttempt()
		if err := a.load(t.Context()); err != nil {
			t.Fatal(err)
		}
		return a.cut, strings.Join(words, "\n")
	}
	for m := range 6 {
		publish(fmt.Sprint("m", m), 0, 40)
	}
	want, _ := loaded()
	publish("live1", 20, 75)
	publish("live2", 38, 75)
	got, words := loaded()
	if got != want || got.TestUntil != start.Add(40*24*time.Hour).Unix() {
		t.Errorf("%s beside two live meters, %s without them", got, want)
	}
	if !strings.Contains(words, "2 of 8 series have readings after") {
		t.Errorf("told %q", words)
	}
}

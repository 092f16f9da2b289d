package forecaster

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/engine"
)

// Every event is counted. An event is logged as well when a rule replaces the network's forecast,
// when a series is not forecast or begins again, and when readings off the grid are refused. A
// silent series is not logged.
func TestEventsAreLogged(t *testing.T) {
	t.Parallel()
	p, lines := newPure(), &strings.Builder{}
	p.partition.log = zerolog.New(lines)
	var result Result
	for seq, e := range []*engine.Event{
		nil, {Kind: engine.SeriesStale, Text: "silent"},
		{Kind: engine.ForecastReplaced, Text: "not finite"},
		{Kind: engine.IntervalUnsupported, Text: "daily"},
		{Kind: engine.OffGrid, Text: "two meters"},
		{Kind: engine.Implausible, Text: "a tenth"},
		{Kind: engine.KindChanged, Text: "energy"},
		{Kind: engine.RegisterFalls, Text: "counts up"},
	} {
		result.Outputs = append(
			result.Outputs,
			Output{Pos: OutputPos{Seq: uint64(seq + 1)}, To: ToEvents, Event: e},
		)
	}
	if err := p.publish(&result); err != nil {
		t.Fatal(err)
	}
	if got := lines.String(); strings.Count(got, "\n") != 6 ||
		!strings.Contains(got, "not finite") || !strings.Contains(got, "daily") ||
		!strings.Contains(got, "two meters") || !strings.Contains(got, "energy") ||
		!strings.Contains(got, "counts up") || len(p.events.ids) != 8 {
		t.Errorf("%d events, the log has %s", len(p.events.ids), got)
	}
	for _, kind := range []string{
		"stale", "forecast_replaced", "interval_unsupported", "off_grid", "implausible", "kind_changed",
		"register_falls",
	} {
		if n := testutil.ToFloat64(p.metrics.events.WithLabelValues(kind)); n != 1 {
			t.Errorf("%v events of type %s are counted", n, kind)
		}
	}
}

// The first replaced forecast is logged at once. The others of the hour are counted, and the first
// one after it is logged with their number, whichever partition meets it.
func TestReplacedForecastsAreLoggedOnceAnHour(t *testing.T) {
	t.Parallel()
	first, second, lines := newPure().partition, newPure().partition, &strings.Builder{}
	second.replaced = first.replaced
	at := logCreated
	for _, p := range []*partition{first, second} {
		p.log, p.now = zerolog.New(lines), func() time.Time { return at }
	}
	event := &engine.Event{Kind: engine.ForecastReplaced, Series: m1, Text: "not finite"}
	const step = 5 * time.Minute
	for range 3 * int(time.Hour/step) {
		first.countEvent(event)
		second.countEvent(event)
		at = at.Add(step)
	}
	var counts []int
	for line := range strings.Lines(lines.String()) {
		var l struct {
			Level, Series, Text string
			Count               int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Level != "warn" ||
			l.Series != m1.String() || l.Text != "not finite" {
			t.Errorf("line %s: %v", line, err)
		}
		counts = append(counts, l.Count)
	}
	if want := []int{1, 24, 24}; !slices.Equal(counts, want) {
		t.Errorf("lines count %v forecasts, want %v", counts, want)
	}
	const kind = "forecast_replaced"
	for _, p := range []*partition{first, second} {
		if n := testutil.ToFloat64(p.metrics.events.WithLabelValues(kind)); n != 36 {
			t.Errorf("%v events are counted, want 36", n)
		}
	}
}

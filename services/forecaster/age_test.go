package forecaster

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/loadtide/loadtide/streams"
)

// The age is that of readings that were forecast: history asks for no forecast, a tick is no reading, and a replay is not
// counted. Nothing is kept of those.
func TestAgeIsOfReadingsThatAreForecast(t *testing.T) {
	t.Parallel()
	var forecasts, scores, rejects, events sink
	status := &board{}
	status.open(1)
	clock := time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)
	p := &partition{
		deps:      deps{metrics: newInstruments(prometheus.NewRegistry(), time.Now, status), status: status, now: func() time.Time { return clock }},
		pipeline:  NewPipeline(0, 1, logCreated),
		forecasts: &forecasts, scores: &scores, rejects: &rejects, events: &events, caughtUp: 2,
	}
	l := newTestLog()
	at := l.clock.Truncate(time.Hour).Add(-40 * time.Hour)
	add := func(history bool) {
		at = at.Add(time.Hour)
		l.reading("north", "m1", streams.Reading{Time: at, Value: 1, History: history})
	}
	for range 2 { // replayed
		add(false)
	}
	for range 5 {
		add(true)
	}
	l.add(streams.ControlSubject(0, streams.ControlTick), streams.AppendTick(nil))
	step := func() {
		p.batch = l.messages[p.position:]
		if err := p.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	step()
	if len(p.awaiting) != 0 {
		t.Errorf("%d readings without a forecast of their own are waited for", len(p.awaiting))
	}
	for range 3 {
		add(false)
	}
	step()
	if err := p.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	var m dto.Metric
	if err := p.metrics.age.Write(&m); err != nil {
		t.Fatal(err)
	}
	if n := m.GetHistogram().GetSampleCount(); n != 3 || len(forecasts.ids) != 5 || len(p.awaiting) != 0 {
		t.Errorf("%d ages of %d forecasts, %d still waited for", n, len(forecasts.ids), len(p.awaiting))
	}
	if n := testutil.ToFloat64(p.metrics.skipped); n != 0 {
		t.Errorf("%v forecasts passed over", n)
	}
}

package recorder_test

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams/topology"
)

// TestEverythingIsRecorded is the recorder end to end: real NATS, real InfluxDB, all streams; then
// all of it once more.
func TestEverythingIsRecorded(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	b := newBench(t, influxtest.Server(t), recorder.FromBus(conn))
	stop := b.run() // before the streams are there: the recorder waits for them
	b.await("no streams", func() bool { return len(b.health.NotReady()) == 1 })
	ensure(t, conn)
	want := everything(t, conn)
	b.awaitAll()
	b.await("ready", func() bool { return len(b.health.NotReady()) == 0 })
	for m, n := range b.rows() {
		if n != want[m] {
			t.Errorf("%d rows of %s, want %d", n, m, want[m])
		}
	}
	for kind, n := range map[string]float64{"readings": 1, "forecasts": 1, "scores": 0, "events": 1} {
		if got := b.metric("messages_total", kind, "unreadable"); got != n {
			t.Errorf("%v %s unreadable, want %v", got, kind, n)
		}
	}
	b.logged(`"subject":"forecasts.north.broken"`, 1)
	b.logged("r.5.north.m17", 0) // that one the forecaster lists
	checkReadings(t, b.influx)
	checkValues(t, b.influx)
	stop()

	// As if nothing had been acknowledged: everything comes again.
	for _, stream := range append(
		[]string{topology.Forecasts, topology.Scores, topology.Events}, logs()...,
	) {
		if err := conn.JetStream().DeleteConsumer(t.Context(), stream, recorder.Durable); err != nil {
			t.Fatal(err)
		}
	}
	b.run()
	b.awaitAll()
	for m, n := range b.rows() {
		if n != want[m] {
			t.Errorf("recorded twice: %d rows of %s, want %d", n, m, want[m])
		}
	}
	checkValues(t, b.influx)
}

package recorder_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// TestNothingIsLostWhateverHappens stops and starts InfluxDB, its network, the broker and the
// recorder at random while readings and forecasts arrive. In the end each is in InfluxDB once.
func TestNothingIsLostWhateverHappens(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t)
	conn := server.Connect()
	ensure(t, conn)
	b := newBench(t, influxtest.Server(t), recorder.FromBus(conn))
	direct := b.influx
	proxy := servertest.NewProxy(t, direct.URL)
	b.edit = func(c *recorder.Config) {
		c.Influx.URL, c.Influx.Timeout, c.Batch = proxy.URL(), 300*time.Millisecond, 7
	}
	const seed = 8
	random := rand.New(rand.NewPCG(seed, seed))
	stop, off := b.run(), false
	mend := func() {
		if off {
			proxy.On()
		}
		off = false
	}
	sent := 0
	send := func(n int) {
		for range n {
			id := meter.ID{Site: "north", Meter: fmt.Sprintf("m%03d", sent)}
			sent++
			f := forecast(id.String(), 1)
			for _, m := range [][2]string{
				{
					streams.ReadingSubject(streams.Partition(id, bustest.Partitions), id),
					`{"ts":"2026-01-31T14:00:00Z","value":1}`,
				},
				{streams.ForecastSubject(id), string(f.AppendJSON(nil))},
			} {
				b.await("a message is published", func() bool {
					_, err := conn.Publish(t.Context(), m[0], []byte(m[1]), "")
					return err == nil
				})
			}
		}
	}
	for round := range 40 {
		send(random.IntN(12))
		switch random.IntN(5) {
		case 0:
			mend()
			proxy.Off()
			off = true
		case 1, 2:
			mend()
		case 3:
			stop()
			stop = b.run()
		case 4:
			if round%3 == 0 {
				server.Restart()
			}
		}
		time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
	}
	mend()
	b.await("all is recorded", func() bool {
		for _, stream := range append(logs(), topology.Forecasts) {
			if left, err := conn.Unacknowledged(t.Context(), stream, recorder.Durable); left != 0 ||
				err != nil {
				return false
			}
		}
		return true
	})
	b.influx = direct
	if readings, curve := b.count(
		`r._measurement == "reading" and r._field == "value"`,
	), b.count(`r._measurement == "forecast" and r._field == "p50"`); readings != sent ||
		curve != 2*sent {
		t.Errorf("%d readings and %d points of curves of %d meters", readings, curve, sent)
	}
	b.logged("lost to the stream", 0)
}

package recorder_test

import (
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/secret"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/services/recorder"
)

// TestRealServerFails: InfluxDB is away, slow, and cut off in the middle of an answer; then all
// drains by itself.
func TestRealServerFails(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]func(p *servertest.Proxy) (mend func()){
		"away": func(p *servertest.Proxy) func() { p.Off(); return p.On },
		"slow": func(p *servertest.Proxy) func() {
			return p.Add(
				`{"name":"slow","type":"latency","stream":"downstream","attributes":{"latency":10000}}`,
			)
		},
		"cut in mid-answer": func(p *servertest.Proxy) func() {
			return p.Add(
				`{"name":"cut","type":"limit_data","stream":"downstream","attributes":{"bytes":20}}`,
			)
		},
		"reset": func(p *servertest.Proxy) func() {
			return p.Add(
				`{"name":"reset","type":"reset_peer","stream":"downstream","attributes":{"timeout":0}}`,
			)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t)
			b := newBench(t, influxtest.Server(t), recorder.FromBus(conn))
			proxy := servertest.NewProxy(t, b.influx.URL)
			direct := b.influx
			b.edit = func(c *recorder.Config) { c.Influx.URL, c.Influx.Timeout = proxy.URL(), 3*time.Second }
			mend := fault(proxy)
			b.run()
			ofAll(t, conn, 20) // nobody who publishes waits for InfluxDB
			b.await("several tries", func() bool { return b.metric("writes_total", "retry") >= 8 })
			b.await(
				"all streams are read, without InfluxDB", func() bool { return len(b.health.NotReady()) == 0 },
			)
			if stored := b.metric("writes_total", "stored"); stored != 0 {
				t.Errorf("%v writes are said to be stored", stored)
			}
			mend()
			b.influx = direct
			b.holds(20)
			b.await(
				"its end is told", func() bool { return strings.Contains(b.log.String(), "influxdb is back") },
			)
			b.logged("influxdb does not store", 1)
			b.logged("influxdb is back", 1)
		})
	}
}

// TestWhatAPersonMustMend: the recorder also waits for a person's mend, and shows no token.
func TestWhatAPersonMustMend(t *testing.T) {
	t.Parallel()
	conn := connect(t)
	ofAll(t, conn, 3)
	b := newBench(t, influxtest.Server(t), recorder.FromBus(conn))
	right := b.influx

	b.influx.Token = secret.New("wrong-canary")
	stop := b.run()
	b.await("several refusals", func() bool { return b.metric("writes_total", "config") >= 8 })
	stop()
	b.logged("LOADTIDE_INFLUX_TOKEN", 1)
	b.logged(`"level":"error"`, 1)
	b.logged("canary", 0)

	b.influx = right
	b.influx.Bucket += "-later"
	b.run()
	b.await("several refusals", func() bool { return b.metric("writes_total", "config") >= 8 })
	b.logged("--influx-bucket", 1)
	client := influxtest.Client(t, right)
	org, err := client.OrganizationsAPI().FindOrganizationByName(t.Context(), right.Org)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.BucketsAPI().CreateBucketWithName(
		t.Context(), org, b.influx.Bucket,
	); err != nil {
		t.Fatal(err)
	}
	b.holds(3) // by itself
}

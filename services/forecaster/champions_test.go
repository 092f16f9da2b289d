package forecaster

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// plant is a server with a registry, on which a test starts forecasters.
type plant struct {
	t     *testing.T
	ctx   context.Context
	conn  *bus.Conn
	shelf *shelf
	bases *base.Shelf // nil: none serve
	store *vault
	begin time.Time // of the history of every series
	sent  map[string]int
}

const plantPartitions = 2

func newPlant(t *testing.T) *plant {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return &plant{
		t: t, ctx: ctx, conn: bustest.Start(t).Connect(), shelf: newShelf(t, 0), store: newVault(),
		begin: time.Now().Truncate(time.Hour).Add(-10 * 24 * time.Hour), sent: map[string]int{},
	}
}

// forecaster starts a service and returns the function that stops it. A killed service writes no
// checkpoint.
func (p *plant) forecaster() (s *Service, stop func()) {
	p.t.Helper()
	cfg := Config{MaxSeries: 100, Streams: topology.DefaultConfig()}
	cfg.Streams.Partitions = plantPartitions
	s, err := New(cfg, Deps{
		Conn: p.conn, Registry: p.shelf, Bases: p.bases, Checkpoints: p.store, Metrics: prometheus.NewRegistry(),
		Ready: new(service.Health).Part("forecaster"), Log: zerolog.Nop(), Now: time.Now,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	s.pace.reload = 10 * time.Millisecond
	if err := s.Start(p.ctx); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(p.ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			p.t.Error(err)
		}
	}
	p.t.Cleanup(stop)
	return s, stop
}

// send writes the next n readings of a series, whose meter is named after its step.
func (p *plant) send(series string, n int, history bool) {
	p.t.Helper()
	id, _ := meter.ParseID(series)
	step, err := time.ParseDuration(id.Meter)
	if err != nil {
		p.t.Fatal(err)
	}
	var readings []streams.Reading
	for range n {
		i := p.sent[series]
		p.sent[series]++
		readings = append(readings, streams.Reading{
			Time: p.begin.Add(time.Duration(i) * step), Value: testValue(1, int64(i)), Unit: "kWh",
			History: history,
		})
	}
	subject := streams.ReadingSubject(streams.Partition(id, plantPartitions), id)
	for some := range slices.Chunk(readings, 500) {
		if _, err := p.conn.Publish(p.ctx, subject, streams.AppendReadings(nil, some), ""); err != nil {
			p.t.Fatal(err)
		}
	}
}

// forecast waits for the forecast of a series at the origin after the last sent reading.
func (p *plant) forecast(series string) streams.Forecast {
	p.t.Helper()
	id, _ := meter.ParseID(series)
	step, _ := time.ParseDuration(id.Meter)
	origin := p.begin.Add(time.Duration(p.sent[series]) * step)
	for {
		m, ok, err := p.conn.LastBySubject(p.ctx, forecastsStream, streams.ForecastSubject(id))
		if err != nil {
			p.t.Fatalf("%s: no forecast from %s: %v", series, origin, err)
		}
		if ok {
			f, err := streams.DecodeForecast(m.Data)
			if err != nil {
				p.t.Fatal(err)
			}
			if f.Origin.Equal(origin) {
				return f
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// records returns the models that the logs name, by partition, as name and version.
func (p *plant) records() [plantPartitions][]string {
	p.t.Helper()
	var all [plantPartitions][]string
	for i := range all {
		for seq := uint64(0); ; {
			m, ok, err := p.conn.NextBySubject(
				p.ctx, topology.Log(i), streams.ControlSubject(i, streams.ControlModel), seq+1,
			)
			if err != nil {
				p.t.Fatal(err)
			}
			if !ok {
				break
			}
			record, err := decodeModelControl(&m)
			if err != nil {
				p.t.Fatal(err)
			}
			all[i], seq = append(all[i], record.Name+" v"+record.Version), m.Seq
		}
	}
	return all
}

// await waits until the logs of all partitions name these models, in this order.
func (p *plant) await(want ...string) {
	p.t.Helper()
	for {
		got := p.records()
		if !slices.ContainsFunc(got[:], func(one []string) bool { return !slices.Equal(one, want) }) {
			return
		}
		if p.ctx.Err() != nil {
			p.t.Fatalf("the logs name %v, want %v", got, want)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// all returns the forecasts of the stream by series, origin and revision.
func (p *plant) all() map[string]string {
	p.t.Helper()
	state, err := p.conn.StreamState(p.ctx, forecastsStream)
	if err != nil {
		p.t.Fatal(err)
	}
	all := map[string]string{}
	for seq := uint64(1); seq <= state.LastSeq; seq++ {
		m, ok, err := p.conn.NextBySubject(p.ctx, forecastsStream, "forecasts.>", seq)
		if err != nil || !ok {
			p.t.Fatalf("%v, %v", ok, err)
		}
		f, err := streams.DecodeForecast(m.Data)
		if err != nil {
			p.t.Fatal(err)
		}
		key := fmt.Sprintf("%s %s %d", f.Series, f.Origin, f.Revision)
		if _, twice := all[key]; twice {
			p.t.Errorf("%s is there twice", key)
		}
		all[key] = string(m.Data)
	}
	return all
}

// One forecaster serves a champion for each interval. New logs name all champions before any
// reading. Each series has the champion of its interval or of the next coarser one. A promotion of
// one champion leaves the others. After a drain or a kill all go on, and nothing is announced or
// published twice.
func TestChampionsOfSeveralIntervals(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	hourly, quarterly := p.shelf.another(t, time.Hour), p.shelf.another(t, 15*time.Minute)
	p.shelf.promote(hourly)
	p.shelf.promote(quarterly)
	s, stop := p.forecaster()
	first := []string{"load-15m v" + quarterly.Version, "load-1h v" + hourly.Version}
	p.await(first...)

	series := map[string]struct {
		interval time.Duration
		model    string
		leads    int
	}{
		"north.15m": {15 * time.Minute, "load-15m", 96},
		"north.30m": {time.Hour, "load-1h", 24}, // no model serves half-hours
		"north.1h":  {time.Hour, "load-1h", 24},
		"north.5m":  {15 * time.Minute, "load-15m", 96},
	}
	check := func(versions map[string]string) {
		t.Helper()
		for name, want := range series {
			id, _ := meter.ParseID(name)
			step, _ := time.ParseDuration(id.Meter)
			p.send(name, int(want.interval/step), false)
			f := p.forecast(name)
			if f.Source != meter.SourceLSTM || f.Model == nil || f.Model.Name != want.model ||
				f.Model.Version != versions[want.model] ||
				f.Interval != want.interval || f.Leads() != want.leads {
				t.Errorf("%s: %s, model %+v, %d leads of %s", name, f.Source, f.Model, f.Leads(), f.Interval)
			}
		}
	}
	for name := range series {
		id, _ := meter.ParseID(name)
		step, _ := time.ParseDuration(id.Meter)
		p.send(name, int(8*24*time.Hour/step), true)
	}
	check(map[string]string{"load-15m": quarterly.Version, "load-1h": hourly.Version})

	next := p.shelf.another(t, 15*time.Minute)
	p.shelf.promote(next)
	second := append(first, "load-15m v"+next.Version)
	p.await(second...)
	now := map[string]string{"load-15m": next.Version, "load-1h": hourly.Version}
	check(now)
	for interval, version := range map[string]string{"15m": next.Version, "1h": hourly.Version} {
		for testutil.ToFloat64(
			s.metrics.model.WithLabelValues(version, registry.Champion, interval),
		) != 1 {
			if time.Sleep(5 * time.Millisecond); p.ctx.Err() != nil {
				t.Fatalf("model_info does not name %s v%s", interval, version)
			}
		}
	}
	if names := s.Status().Model; names != "load-15m v"+next.Version+", load-1h v"+hourly.Version {
		t.Errorf("the status names %q", names)
	}
	stop()

	for _, end := range []string{"a drain", "a kill"} {
		before := p.all()
		if end == "a kill" { // before the first checkpoint
			p.store = newVault()
		}
		_, stop := p.forecaster()
		check(now)
		p.await(second...)
		after := p.all()
		maps.DeleteFunc(after, func(key, _ string) bool { _, ok := before[key]; return !ok })
		if d := cmp.Diff(before, after); d != "" {
			t.Errorf("after %s the forecasts of before are others (-want +got):\n%s", end, d)
		}
		stop()
	}
}

// A champion with the name of another interval is refused, and the others are served.
func TestModelOfAnotherIntervalIsRefused(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	hourly := p.shelf.another(t, time.Hour)
	p.shelf.promote(hourly)
	p.forecaster()
	p.await("load-1h v" + hourly.Version)
	wrong := p.shelf.another(t, 30*time.Minute)
	wrong.Name = "load-15m"
	p.shelf.versions[len(p.shelf.versions)-1] = wrong
	p.shelf.promote(wrong)
	next := p.shelf.another(t, time.Hour)
	p.shelf.promote(next)
	p.await("load-1h v"+hourly.Version, "load-1h v"+next.Version)
	for {
		m, ok, err := p.conn.LastBySubject(
			p.ctx, eventsStream, streams.EventSubject(streams.EventModelRefused),
		)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			const want = "model name load-15m: this model forecasts intervals of 30m, name it load-30m"
			if !strings.Contains(string(m.Data), want) {
				t.Errorf("event %s, want %q", m.Data, want)
			}
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// After a start that ends between the records of a new log, the next start writes the missing
// records.
func TestFirstRecordsAreCompleted(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	hourly, quarterly := p.shelf.another(t, time.Hour), p.shelf.another(t, 15*time.Minute)
	p.shelf.promote(quarterly)
	_, stop := p.forecaster()
	p.await("load-15m v" + quarterly.Version)
	stop()
	p.shelf.promote(hourly)
	s, err := New(Config{MaxSeries: 100}, Deps{
		Conn: p.conn, Registry: p.shelf, Metrics: prometheus.NewRegistry(), Log: zerolog.Nop(),
		Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for i := range plantPartitions {
			if err := s.firstRecords(p.ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		p.await("load-15m v"+quarterly.Version, "load-1h v"+hourly.Version)
	}
}

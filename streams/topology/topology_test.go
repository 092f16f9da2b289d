package topology_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/streams/topology"
)

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// calls notes the partitions for which first was called, and writes the first record as a
// forecaster does.
type calls struct {
	conn *bus.Conn
	fail int // partition at which to fail; -1: none
	seen []int
}

func (c *calls) first(ctx context.Context, p int) error {
	if p == c.fail {
		return errors.New("power is out")
	}
	c.seen = append(c.seen, p)
	_, err := c.conn.Publish(ctx, fmt.Sprintf("ctl.%d.model", p), []byte("{}"), "first")
	return err
}

func configs(t *testing.T, conn *bus.Conn) map[string]jetstream.StreamConfig {
	t.Helper()
	all := map[string]jetstream.StreamConfig{}
	list := conn.JetStream().ListStreams(patient(t))
	for info := range list.Info() {
		all[info.Config.Name] = info.Config
	}
	if err := list.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestEnsureMakesTheStreamsOnce(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	ctx := patient(t)
	if _, err := topology.Partitions(ctx, conn.JetStream()); !errors.Is(
		err, topology.ErrNoPartitions,
	) {
		t.Fatalf("error %v", err)
	}
	c := &calls{conn: conn, fail: -1}
	layout, err := topology.Ensure(ctx, conn.JetStream(), topology.DefaultConfig(), c.first)
	if err != nil {
		t.Fatal(err)
	}
	if layout.Partitions != 8 || len(layout.Made) != 15 ||
		!slices.Equal(c.seen, []int{0, 1, 2, 3, 4, 5, 6, 7}) {
		t.Fatalf("layout %+v, first called for %v", layout, c.seen)
	}
	before := configs(t, conn)
	f, r := before[topology.Forecasts], before[topology.Log(3)]
	for name, ok := range map[string]bool{
		"forecasts": slices.Equal(f.Subjects, []string{"forecasts.*.*"}) && f.MaxAge == 48*time.Hour &&
			f.MaxBytes == 2<<30 &&
			f.AllowDirect && f.AllowBatchPublish && f.Duplicates == 30*time.Second &&
			f.Discard == jetstream.DiscardOld,
		"log": slices.Equal(r.Subjects, []string{"ctl.3.*", "r.3.*.*"}) && r.MaxAge == 120*24*time.Hour &&
			r.MaxBytes == 256<<20 &&
			r.AllowDirect && r.AllowBatchPublish && r.Retention == jetstream.LimitsPolicy &&
			r.Storage == jetstream.FileStorage,
		"scores": slices.Equal(before[topology.Scores].Subjects, []string{"scores.*.*"}) &&
			before[topology.Scores].MaxAge == 7*24*time.Hour,
		"rejected": slices.Equal(before[topology.Rejected].Subjects, []string{"rejected.*.*"}),
		"events":   slices.Equal(before[topology.Events].Subjects, []string{"events.>"}),
		"metadata": before[topology.Log(0)].Metadata[topology.MetadataPartitions] == "8",
	} {
		if !ok {
			t.Errorf("%s: %+v", name, before)
		}
	}
	if n, err := topology.Partitions(ctx, conn.JetStream()); n != 8 || err != nil {
		t.Fatalf("%d partitions, error %v", n, err)
	}
	bucket, err := conn.OpenBucket(ctx, topology.Marks)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bucket.Update(ctx, topology.MarkKey(7), []byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	c.seen = nil
	layout, err = topology.Ensure(ctx, conn.JetStream(), topology.DefaultConfig(), c.first)
	if err != nil || layout.Partitions != 8 || len(layout.Made) != 0 || len(c.seen) != 0 {
		t.Fatalf("second time: layout %+v, first called for %v, error %v", layout, c.seen, err)
	}
	if diff := cmp.Diff(before, configs(t, conn)); diff != "" {
		t.Fatalf("second time: %s", diff)
	}
}

func TestEnsureOpensALogAfterItsFirstRecord(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	ctx := patient(t)
	cfg := topology.DefaultConfig()
	publish := func(p int) error {
		_, err := conn.Publish(ctx, fmt.Sprintf("r.%d.a.b", p), []byte("{}"), "")
		return err
	}
	c := &calls{conn: conn, fail: 3}
	if _, err := topology.Ensure(ctx, conn.JetStream(), cfg, c.first); err == nil ||
		!strings.Contains(err.Error(), "R3: power is out") {
		t.Fatalf("error %v", err)
	}
	for p, open := range []bool{true, true, true, false, false} {
		if err := publish(p); (err == nil) != open || (err != nil && !errors.Is(err, bus.ErrNoStream)) {
			t.Fatalf("reading for partition %d: %v", p, err)
		}
	}
	c = &calls{conn: conn, fail: -1}
	if _, err := topology.Ensure(ctx, conn.JetStream(), cfg, c.first); err != nil ||
		!slices.Equal(c.seen, []int{3, 4, 5, 6, 7}) {
		t.Fatalf("resumed: first called for %v, error %v", c.seen, err)
	}
	for p := range 8 {
		if err := publish(p); err != nil {
			t.Fatal(err)
		}
		log, err := conn.OpenReader(ctx, bus.ReaderConfig{Stream: topology.Log(p)})
		if err != nil {
			t.Fatal(err)
		}
		msgs, err := log.Next(ctx, nil, 1)
		log.Close()
		if err != nil || msgs[0].Subject != fmt.Sprintf("ctl.%d.model", p) {
			t.Fatalf("first in log %d: %+v, %v", p, msgs, err)
		}
	}
}

func TestEnsureWithoutFirst(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	cfg := topology.DefaultConfig()
	cfg.Partitions = 2
	if layout, err := topology.Ensure(patient(t), conn.JetStream(), cfg, nil); err != nil ||
		layout.Partitions != 2 {
		t.Fatalf("%+v, %v", layout, err)
	}
}

func TestEnsureKeepsWhatExists(t *testing.T) {
	t.Parallel()
	conn := bustest.Start(t).Connect()
	ctx, js := patient(t), conn.JetStream()
	cfg := topology.DefaultConfig()
	cfg.Partitions = 4
	if _, err := topology.Ensure(ctx, js, cfg, nil); err != nil {
		t.Fatal(err)
	}
	// An operator's hand: a subject more, fewer bytes.
	edited := configs(t, conn)[topology.Log(1)]
	edited.Subjects, edited.MaxBytes = append(edited.Subjects, "taps.1.*"), 100<<20
	if _, err := js.UpdateStream(ctx, edited); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	cfg.Partitions, cfg.Log = 16, zerolog.New(&out)
	cfg.LogMaxAge, cfg.ForecastsMaxBytes = 48*time.Hour, 1<<30
	layout, err := topology.Ensure(
		ctx, js, cfg, func(context.Context, int) error { return errors.New("called again") },
	)
	if err != nil || layout.Partitions != 4 || len(layout.Made) != 0 {
		t.Fatalf("layout %+v, error %v", layout, err)
	}
	if !strings.Contains(out.String(), `"partitions":4,"configured":16`) {
		t.Fatalf("log %s", out.String())
	}
	now := configs(t, conn)
	r := now[topology.Log(1)]
	if !slices.Equal(r.Subjects, []string{"ctl.1.*", "r.1.*.*", "taps.1.*"}) ||
		r.MaxBytes != 100<<20 || r.MaxAge != 48*time.Hour {
		t.Fatalf("%+v", r)
	}
	if f := now[topology.Forecasts]; f.MaxBytes != 1<<30 ||
		f.Metadata[topology.MetadataMaxBytes] != strconv.Itoa(1<<30) {
		t.Fatalf("%+v", f)
	}
	if len(now) != 11 {
		t.Fatalf("%d streams", len(now))
	}
}

func TestEnsureWithOnePartitionNeedsNoMapping(t *testing.T) {
	t.Parallel()
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true, JetStream: true,
		StoreDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	conn, err := bus.Connect(patient(t), bus.Config{URL: srv.ClientURL()}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	cfg := topology.DefaultConfig()
	cfg.Partitions = 1
	for range 2 {
		if _, err := topology.Ensure(patient(t), conn.JetStream(), cfg, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, subject := range []string{"readings.a.b", "r.0.a.b", "ctl.0.tick"} {
		if _, err := conn.Publish(patient(t), subject, nil, ""); err != nil {
			t.Fatal(err)
		}
	}
	if state, err := conn.StreamState(patient(t), topology.Log(0)); err != nil || state.Messages != 3 {
		t.Fatalf("%+v, %v", state, err)
	}
}

func TestEnsureFitsIntoASmallStore(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"that is known": true, "that is not known": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const store = 500 << 20
			s := bustest.Start(t, func(cfg *bus.EmbeddedConfig) { cfg.MaxStoreBytes = store })
			conn := s.Connect()
			cfg := topology.DefaultConfig()
			if known {
				cfg.StoreBytes = s.StoreBytes()
			}
			if _, err := topology.Ensure(patient(t), conn.JetStream(), cfg, nil); err != nil {
				t.Fatal(err)
			}
			before := configs(t, conn)
			var sum int64
			for name, stream := range before {
				if sum += stream.MaxBytes; stream.MaxBytes < 8<<20 {
					t.Errorf("%s has %d bytes", name, stream.MaxBytes)
				}
			}
			if sum > store || before[topology.Log(0)].MaxBytes != before[topology.Log(7)].MaxBytes ||
				before[topology.Forecasts].MaxBytes < 2*before[topology.Log(0)].MaxBytes {
				t.Fatalf("%d bytes in all: %+v", sum, before)
			}
			if layout, err := topology.Ensure(patient(t), conn.JetStream(), cfg, nil); err != nil ||
				len(layout.Made) != 0 {
				t.Fatalf("second time: %+v, %v", layout, err)
			}
			if diff := cmp.Diff(before, configs(t, conn)); diff != "" {
				t.Fatalf("second time: %s", diff)
			}
		})
	}
}

func TestEnsureGivesUpWhereNothingFits(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t, func(cfg *bus.EmbeddedConfig) { cfg.MaxStoreBytes = 10 << 20 })
	if _, err := topology.Ensure(
		patient(t), s.Connect().JetStream(), topology.DefaultConfig(), nil,
	); err == nil || !strings.Contains(err.Error(), "storage") {
		t.Fatalf("error %v", err)
	}
}

func TestEnsureNamesTheRemedyForReplicas(t *testing.T) {
	t.Parallel()
	if _, err := topology.Ensure(
		patient(t), bustest.Start(t).Connect().JetStream(), topology.ProductionConfig(), nil,
	); err == nil || !strings.Contains(err.Error(), "set replicas to 1") {
		t.Fatalf("error %v", err)
	}
}

func TestEnsureByTwoAtOnce(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	var group sync.WaitGroup
	for range 2 {
		conn := s.Connect()
		group.Go(func() {
			c := &calls{conn: conn, fail: -1}
			if layout, err := topology.Ensure(
				patient(t), conn.JetStream(), topology.DefaultConfig(), c.first,
			); err != nil || layout.Partitions != 8 {
				t.Errorf("%+v, %v", layout, err)
			}
		})
	}
	group.Wait()
	conn := s.Connect()
	for p := range 8 {
		if state, err := conn.StreamState(patient(t), topology.Log(p)); err != nil ||
			state.Messages != 1 || len(state.Subjects) != 2 {
			t.Fatalf("%+v, %v", state, err)
		}
	}
}

func TestStoreAndTopologyAgreeOnPartitions(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t, func(cfg *bus.EmbeddedConfig) { cfg.Partitions = 3 })
	cfg := topology.DefaultConfig()
	cfg.Partitions = 3
	if _, err := topology.Ensure(patient(t), s.Connect().JetStream(), cfg, nil); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	dir := s.StoreDir()
	again := bustest.Start(t, func(cfg *bus.EmbeddedConfig) { cfg.StoreDir, cfg.Partitions = dir, 8 })
	if again.Partitions() != 3 {
		t.Fatalf("server maps to %d partitions", again.Partitions())
	}
}

func TestPartitionsOfAStrangeStream(t *testing.T) {
	t.Parallel()
	for name, metadata := range map[string]map[string]string{
		"none": nil, "no number": {
			topology.MetadataPartitions: "many",
		}, "too many": {topology.MetadataPartitions: "1025"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			js := bustest.Start(t).Connect().JetStream()
			if _, err := js.CreateStream(
				patient(t), jetstream.StreamConfig{Name: "R0", Subjects: []string{"x"}, Metadata: metadata},
			); err != nil {
				t.Fatal(err)
			}
			if _, err := topology.Partitions(patient(t), js); err == nil ||
				errors.Is(err, topology.ErrNoPartitions) {
				t.Fatalf("error %v", err)
			}
			if _, err := topology.Ensure(patient(t), js, topology.DefaultConfig(), nil); err == nil {
				t.Fatal("ensured")
			}
		})
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]topology.Config{
		"up": topology.DefaultConfig(), "production": topology.ProductionConfig(),
	} {
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := topology.Config{
		Partitions: 1025, Replicas: 0, LogMaxAge: time.Second, EventsMaxBytes: 1,
	}.Validate()
	for _, want := range []string{
		"partitions is 1025", "replicas is 0", "log_max_age is 1s", "events_max_bytes is 1",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
}

package bus_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
)

// partition is the rule of streams.Partition: FNV-1a-32 of both tokens without a separator, modulo
// n.
func partition(site, meter string, n int) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(site + meter))
	return int(h.Sum32() % uint32(n))
}

// checkMapping publishes readings of many series and checks the logs that they are stored in.
func checkMapping(t *testing.T, c *bus.Conn, n int) {
	t.Helper()
	makeStream(t, c, "ALL", "r.*.*.*")
	for i := range 60 {
		site, meter := fmt.Sprintf("site-%d", i%7), fmt.Sprintf("m_%d", i*i)
		seq, err := c.Publish(patient(t), "readings."+site+"."+meter, []byte("x"), "")
		if err != nil || seq != uint64(i+1) {
			t.Fatalf("sequence %d, error %v", seq, err)
		}
		want := fmt.Sprintf("r.%d.%s.%s", partition(site, meter, n), site, meter)
		if m, ok, err := c.LastBySubject(patient(t), "ALL", want); !ok || err != nil || m.Seq != seq {
			t.Fatalf("%s %s of %d: not at %s (%v)", site, meter, n, want, err)
		}
	}
}

func TestEmbeddedMapsPublicReadings(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 8, 64} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			s := bustest.Start(t, func(cfg *bus.EmbeddedConfig) { cfg.Partitions = n })
			checkMapping(t, s.Connect(), n)
		})
	}
}

func TestEmbeddedTakesThePartitionsOfItsStore(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := func(partitions int) *bustest.Server {
		return bustest.Start(
			t, func(cfg *bus.EmbeddedConfig) { cfg.StoreDir, cfg.Partitions = dir, partitions },
		)
	}
	first := start(4)
	_, err := first.Connect().JetStream().CreateStream(patient(t), jetstream.StreamConfig{
		Name: "R0", Subjects: []string{"ctl.0.*"}, Metadata: map[string]string{
			"loadtide.partitions": "4",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	first.Stop()
	second := start(16)
	if second.Partitions() != 4 {
		t.Fatalf("%d partitions", second.Partitions())
	}
	checkMapping(t, second.Connect(), 4)
}

func TestNatsConfMapsPublicReadings(t *testing.T) {
	t.Parallel()
	opts, err := server.ProcessConfigFile(
		filepath.Join("..", "..", "deployments", "nats", "nats.conf"),
	)
	if err != nil {
		t.Fatal(err)
	}
	if opts.JetStreamLimits.MaxBatchInflightPerStream < 1024 {
		t.Fatalf("%d batches per stream", opts.JetStreamLimits.MaxBatchInflightPerStream)
	}
	opts.Host, opts.Port, opts.HTTPHost, opts.HTTPPort = "127.0.0.1", server.RANDOM_PORT, "", 0
	opts.StoreDir, opts.NoSigs, opts.NoLog = t.TempDir(), true, true
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	c, err := bus.Connect(patient(t), bus.Config{URL: srv.ClientURL()}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	checkMapping(t, c, 8)
}

func TestEmbeddedStartsAgainOnItsStore(t *testing.T) {
	t.Parallel()
	s := bustest.Start(t)
	c := s.Connect()
	makeStream(t, c, "R0", "r.0.*.*")
	fill(t, c, "R0", "r.0.a.b", "x", 500)
	c.Close()
	s.Restart()
	if msgs := read(
		t, openReader(t, s.Connect(), bus.ReaderConfig{Stream: "R0"}), 500,
	); msgs[499].ID != "x499" {
		t.Fatalf("last message %+v", msgs[499])
	}
	if s.StoreBytes() <= 0 {
		t.Fatalf("store of %d bytes", s.StoreBytes())
	}
}

func TestEmbeddedRefuses(t *testing.T) {
	t.Parallel()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	meta := filepath.Join(damaged, "jetstream", "$G", "streams", "R0", "meta.inf")
	if err := errors.Join(
		os.MkdirAll(filepath.Dir(meta), 0o755), os.WriteFile(meta, []byte("{"), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		cfg    bus.EmbeddedConfig
		named  string // in the error
		remedy string
	}{
		"a port in use": {
			bus.EmbeddedConfig{Listen: other.Addr().String(), StoreDir: t.TempDir(), Partitions: 8},
			other.Addr().String(), "--nats-listen",
		},
		"an address without port": {
			bus.EmbeddedConfig{Listen: "127.0.0.1", StoreDir: t.TempDir(), Partitions: 8}, "127.0.0.1",
			"--nats-listen",
		},
		"a port that is none": {
			bus.EmbeddedConfig{Listen: "127.0.0.1:http", StoreDir: t.TempDir(), Partitions: 8}, "http",
			"--nats-listen",
		},
		"a file for a folder": {
			bus.EmbeddedConfig{Listen: "127.0.0.1:0", StoreDir: file, Partitions: 8}, file, "--data-dir",
		},
		"a folder below a file": {
			bus.EmbeddedConfig{Listen: "127.0.0.1:0", StoreDir: filepath.Join(file, "nats"), Partitions: 8},
			file, "--data-dir",
		},
		"no folder": {
			bus.EmbeddedConfig{Listen: "127.0.0.1:0", Partitions: 8}, "no folder", "--data-dir",
		},
		"a damaged store": {
			bus.EmbeddedConfig{Listen: "127.0.0.1:0", StoreDir: damaged, Partitions: 8}, meta, "--data-dir",
		},
		"no partitions": {
			bus.EmbeddedConfig{Listen: "127.0.0.1:0", StoreDir: t.TempDir()}, "partitions is 0", "",
		},
		"too many partitions": {
			bus.EmbeddedConfig{Listen: "127.0.0.1:0", StoreDir: t.TempDir(), Partitions: 1025}, "1025", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.cfg.Log = zerolog.Nop()
			e, err := bus.StartEmbedded(tc.cfg)
			if err == nil {
				_ = e.Shutdown(patient(t))
				t.Fatal("it started")
			}
			var mendable interface{ Remedy() string }
			if errors.As(err, &mendable) != (tc.remedy != "") ||
				(tc.remedy != "" && !strings.Contains(mendable.Remedy(), tc.remedy)) {
				t.Fatalf("error %v has no remedy with %q", err, tc.remedy)
			}
			if !strings.Contains(err.Error(), tc.named) {
				t.Fatalf("error %q does not name %q", err, tc.named)
			}
		})
	}
}

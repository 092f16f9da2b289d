package influxtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/secret"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// startLimit is how long influxd may take to answer: 2 to 5 s on an idle machine.
const startLimit = 2 * time.Minute

var shared servertest.Shared // one influxd for a test binary

// Main runs the tests of a package, then ends influxd if a test has started it. Call it from
// TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(influxtest.Main(m)) }
//
// m is testing.M, or a wrapper of it in a package that tests several servers.
func Main(m interface{ Run() int }) int {
	code := m.Run()
	Stop()
	return code
}

// Stop ends the influxd of this test binary, if one runs. It is for a TestMain that ends other
// servers too.
func Stop() { shared.Stop() }

// Server returns the configuration of a new, empty bucket without retention. All tests of the
// binary share one real influxd. The test is of the kind servertest.Servers.
func Server(t testing.TB) influx.Config {
	t.Helper()
	servertest.Require(t, servertest.Servers)
	binary, err := findInfluxd(t.Context())
	if err != nil {
		servertest.Missing(t, "LOADTIDE_INFLUXD", err)
	}
	cfg := flagtest.Defaults[influx.Config](t)
	cfg.URL = shared.Get(t, func(l *servertest.Local) error { return start(l, binary) })
	cfg.Token, cfg.Bucket, cfg.Timeout = secret.New(Token), bucketName(t), time.Minute
	client := Client(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	org, err := client.OrganizationsAPI().FindOrganizationByName(ctx, cfg.Org)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.BucketsAPI().CreateBucketWithName(ctx, org, cfg.Bucket); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Client returns InfluxDB's own client, for questions that package influx cannot ask.
func Client(t testing.TB, cfg influx.Config) influxdb2.Client {
	t.Helper()
	options := influxdb2.DefaultOptions().SetHTTPRequestTimeout(60)
	c := influxdb2.NewClientWithOptions(cfg.URL, cfg.Token.Reveal(), options)
	t.Cleanup(c.Close)
	return c
}

var buckets struct { // names of buckets of one server
	sync.Mutex
	n int
}

func bucketName(t testing.TB) string {
	buckets.Lock()
	defer buckets.Unlock()
	buckets.n++
	return fmt.Sprintf("%s-%d", strings.ReplaceAll(t.Name(), "/", "-"), buckets.n)
}

// findInfluxd returns the path in LOADTIDE_INFLUXD, otherwise the one that .ci/influxd/build has
// built.
func findInfluxd(ctx context.Context) (string, error) {
	if path := os.Getenv("LOADTIDE_INFLUXD"); path != "" {
		return path, nil
	}
	root, err := servertest.ModuleRoot()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, filepath.Join(root, ".ci", "influxd", "build"),
		"--if-built").Output()
	if err != nil {
		return "", errors.New(
			"influxd is not here: `make test-servers` builds it, with Rust and a C compiler, or name one " +
				"in LOADTIDE_INFLUXD",
		)
	}
	return strings.TrimSpace(string(out)), nil
}

func start(l *servertest.Local, binary string) error {
	err := l.Start(servertest.Process{Name: "influxd", Ready: "/health", Limit: startLimit},
		func(dir, address string) (string, []string) {
			return binary, []string{
				"--http-bind-address", address, "--bolt-path", filepath.Join(dir, "i.bolt"),
				"--sqlite-path", filepath.Join(dir, "i.sqlite"), "--engine-path",
				filepath.Join(dir, "engine"), "--reporting-disabled", "--log-level", "warn",
			}
		})
	if err != nil {
		return err
	}
	client := influxdb2.NewClient(l.URL, "")
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err = client.SetupWithToken(ctx, "loadtide", "a-password-of-tests", "loadtide", "first", 0,
		Token)
	return err
}

package mlflowtest

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// startLimit is how long the server may take to answer: 10 to 20 s on an idle machine.
const startLimit = 3 * time.Minute

var shared servertest.Shared // one server for a test binary: it takes 20 s and half a gigabyte

// Main runs the tests of a package, then ends the server if a test has started it. Call it from
// TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(mlflowtest.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	shared.Stop()
	return code
}

// Python returns an interpreter with MLflow and onnxruntime.
func Python(t testing.TB) string {
	t.Helper()
	return servertest.Python(t, "mlflow", "onnxruntime")
}

// Server returns the address of a server that all tests of the binary share. Each test chooses
// names of experiments and models that no other test has.
func Server(t testing.TB) string {
	t.Helper()
	python := Python(t)
	return shared.Get(t, func(l *servertest.Local) error { return start(l, python) })
}

// Start returns the address of a server for one test, which cannot choose its names.
func Start(t testing.TB) string {
	t.Helper()
	var own servertest.Local
	t.Cleanup(own.Stop)
	if err := start(&own, Python(t)); err != nil {
		t.Fatal(err)
	}
	return own.URL
}

// Config returns the configuration of a client of the shared server, with time for a busy machine.
func Config(t testing.TB) mlflow.Config {
	t.Helper()
	cfg := flagtest.Defaults[mlflow.Config](t)
	cfg.URL, cfg.Timeout = Server(t), time.Minute
	return cfg
}

// Client returns a client of the shared server.
func Client(t testing.TB) *mlflow.Client {
	t.Helper()
	c, err := mlflow.New(Config(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func start(l *servertest.Local, python string) error {
	return l.Start(servertest.Process{
		Name: "MLflow", Ready: "/health", Limit: startLimit,
		Env: []string{"MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false", "MLFLOW_DISABLE_TELEMETRY=true",
			"DO_NOT_TRACK=true"},
	}, func(dir, address string) (string, []string) {
		host, port, _ := strings.Cut(address, ":")
		return python, []string{
			"-m", "mlflow", "server", "--host", host, "--port", port, "--workers", "1",
			"--backend-store-uri", "sqlite:///" + filepath.Join(dir, "mlflow.db"),
			"--serve-artifacts", "--artifacts-destination", filepath.Join(dir, "artifacts"),
		}
	})
}

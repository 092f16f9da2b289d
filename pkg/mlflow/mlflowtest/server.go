package mlflowtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// startLimit is how long the server may take to answer: 10 to 20 s on an idle machine.
const startLimit = 3 * time.Minute

// server is the one of this test binary.
type server struct {
	once    sync.Once
	why     error // why there is none
	url     string
	dir     string
	process servertest.Process
}

var shared server //nolint:gochecknoglobals // one server for a test binary: it takes 20 s and half a gigabyte

// Main runs a package's tests, then ends the server that they started, if any did. Call it from TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(mlflowtest.Main(m)) }
func Main(m *testing.M) int {
	code := m.Run()
	shared.stop()
	return code
}

// Python is an interpreter that has MLflow: LOADTIDE_PYTHON, or that of .cache/venv. Without one the test is skipped,
// and in a pipeline, or where one was named, it fails.
func Python(t testing.TB) string {
	t.Helper()
	python, err := findPython(t.Context())
	if err == nil {
		return python
	}
	if servertest.Pipeline() || os.Getenv("LOADTIDE_PYTHON") != "" {
		t.Fatal(err)
	}
	t.Skip(err)
	return ""
}

// Server returns the address of a server that all tests of the binary share. Names of experiments and models are up to
// each test, so that they do not meet.
func Server(t testing.TB) string {
	t.Helper()
	python := Python(t)
	shared.once.Do(func() { shared.why = shared.start(python) })
	if shared.why != nil {
		t.Fatal(shared.why)
	}
	return shared.url
}

// Start returns the address of a server of the test's own, for one that cannot choose its names.
func Start(t testing.TB) string {
	t.Helper()
	own := &server{}
	t.Cleanup(own.stop)
	if err := own.start(Python(t)); err != nil {
		t.Fatal(err)
	}
	return own.url
}

// Config is that of a client of the shared server, patient enough for a busy machine.
func Config(t testing.TB) mlflow.Config {
	t.Helper()
	cfg := mlflow.DefaultConfig()
	cfg.URL, cfg.Timeout = Server(t), time.Minute
	return cfg
}

// Client is a client of the shared server.
func Client(t testing.TB) *mlflow.Client {
	t.Helper()
	c, err := mlflow.New(Config(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func findPython(ctx context.Context) (string, error) {
	if runtime.GOOS == "windows" {
		return "", errors.New("the MLflow server is ended by a Unix shell: there is none here")
	}
	python := os.Getenv("LOADTIDE_PYTHON")
	if python == "" {
		root, err := servertest.ModuleRoot()
		if err != nil {
			return "", err
		}
		python = filepath.Join(root, ".cache", "venv", "bin", "python")
	}
	// Whether it is there, not whether it works: importing MLflow takes seconds.
	out, err := exec.CommandContext(ctx, python, "-c", "import importlib.util as u, sys; sys.exit(0 if u.find_spec('mlflow') and u.find_spec('onnxruntime') else 1)").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("MLflow is not here, so nothing is held against it: `make test` installs it, or name an interpreter that has mlflow, onnx and onnxruntime in LOADTIDE_PYTHON (%s: %w %s)", filepath.Base(python), err, out)
	}
	return python, nil
}

func (s *server) start(python string) error {
	dir, err := os.MkdirTemp("", "mlflow-test-*")
	if err != nil {
		return err
	}
	s.dir = dir
	port, err := servertest.FreePort()
	if err != nil {
		return err
	}
	s.url = "http://127.0.0.1:" + strconv.Itoa(port)
	s.process = servertest.Process{
		Name: "MLflow", Dir: dir, Ready: s.url + "/health", Limit: startLimit,
		Env: []string{"MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false", "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true"},
	}
	return s.process.Start(python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--workers", "1",
		"--backend-store-uri", "sqlite:///"+filepath.Join(dir, "mlflow.db"), "--serve-artifacts", "--artifacts-destination", filepath.Join(dir, "artifacts"))
}

func (s *server) stop() {
	s.process.Stop()
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
	}
}

package mlflowtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/mlflow"
)

// startLimit is how long the server may take to answer: 10 to 20 s on an idle machine.
const startLimit = 3 * time.Minute

// server is the one of this test binary.
type server struct {
	once  sync.Once
	why   error // why there is none
	url   string
	dir   string
	cmd   *exec.Cmd
	alive io.Closer // closing it ends the server
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
	if os.Getenv("CI") == "true" || os.Getenv("LOADTIDE_PYTHON") != "" {
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
		root, err := moduleRoot()
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

// moduleRoot is the folder above that has go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		} else if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			return "", fmt.Errorf("no go.mod above the test: %w", err)
		}
		dir = filepath.Dir(dir)
	}
}

// start runs a server on a free port until its standard input closes: it ends with the test binary, even a killed one.
func (s *server) start(python string) error {
	dir, err := os.MkdirTemp("", "mlflow-test-*")
	if err != nil {
		return err
	}
	s.dir = dir
	port, err := freePort()
	if err != nil {
		return err
	}
	s.url = "http://127.0.0.1:" + strconv.Itoa(port)
	// The shell leads a process group; reading ends when the pipe closes, and the whole group with it.
	s.cmd = exec.Command("sh", "-c", `"$@" </dev/null & read -r _; kill -KILL 0`, "sh", //nolint:noctx // ended by stop
		python, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", strconv.Itoa(port), "--workers", "1",
		"--backend-store-uri", "sqlite:///"+filepath.Join(dir, "mlflow.db"), "--serve-artifacts", "--artifacts-destination", filepath.Join(dir, "artifacts"))
	s.cmd.Env = append(os.Environ(), "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false", "MLFLOW_DISABLE_TELEMETRY=true", "DO_NOT_TRACK=true")
	s.cmd.Dir = dir
	ownGroup(s.cmd)
	said := &tail{}
	s.cmd.Stdout, s.cmd.Stderr = said, said
	if s.alive, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start MLflow: %w", err)
	}
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for waiting := true; waiting; {
		if healthy(s.url) {
			return nil
		}
		select {
		case <-tick.C:
		case <-limit.C:
			waiting = false
		}
	}
	return fmt.Errorf("MLflow did not answer within %v; it said: %s", startLimit, said)
}

func (s *server) stop() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.alive.Close()
	_ = s.cmd.Wait() // it was killed, which is no news
	_ = os.RemoveAll(s.dir)
}

func healthy(url string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// tail keeps the end of what the server says.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 8000
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-most):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}

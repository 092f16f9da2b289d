package endtoend

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
)

// program is the binary as it is shipped, built once, when the first test asks for it.
var program = &binary{}

type binary struct {
	once sync.Once
	dir  string
	err  error
}

// path builds the binary where that has not been done.
func (b *binary) path(t *testing.T) string {
	t.Helper()
	b.once.Do(func() {
		if b.dir, b.err = os.MkdirTemp("", "loadtide-endtoend-*"); b.err != nil {
			return
		}
		// Go repeats a test whose result it has kept when a folder that the test read has changed.
		source := filepath.Join(root(t), "services")
		read := func(_ string, _ fs.DirEntry, err error) error { return err }
		if b.err = filepath.WalkDir(source, read); b.err != nil {
			return
		}
		// The context of this test does not count: other tests wait for the binary too.
		build := exec.CommandContext(context.WithoutCancel(t.Context()), "go", "build",
			"-ldflags", "-s -w", "-o", filepath.Join(b.dir, "loadtide"), "./services/loadtide")
		build.Dir, build.Env = root(t), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			b.err = fmt.Errorf("build the program: %w\n%s", err, out)
		}
	})
	if b.err != nil {
		t.Fatal(b.err)
	}
	return filepath.Join(b.dir, "loadtide")
}

func TestMain(m *testing.M) {
	code := influxtest.Main(suite{m})
	if program.dir != "" {
		_ = os.RemoveAll(program.dir) // in the system's folder for temporary files
	}
	os.Exit(code)
}

// suite runs all tests and then ends the MLflow that they started, if any did.
type suite struct{ m *testing.M }

func (s suite) Run() int { return mlflowtest.Main(s.m) }

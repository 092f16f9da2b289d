package servertest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Pipeline says that the tests run where nothing may be left out.
func Pipeline() bool { return os.Getenv("CI") == "true" }

// Missing ends a test whose server or library is not on this machine. The test is skipped; it fails
// in a pipeline, and where the environment variable names what should be there.
func Missing(t testing.TB, variable string, why error) {
	t.Helper()
	if Pipeline() || os.Getenv(variable) != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// Python returns an interpreter that has the modules: the one that LOADTIDE_PYTHON names, else the
// one of .cache/venv. The test is of the kind Servers.
func Python(t testing.TB, modules ...string) string {
	t.Helper()
	Require(t, Servers)
	python := os.Getenv("LOADTIDE_PYTHON")
	if python == "" {
		root, err := ModuleRoot()
		if err != nil {
			t.Fatal(err)
		}
		python = filepath.Join(root, ".cache", "venv", "bin", "python")
	}
	// The question is whether the modules are there, not whether they work: to import MLflow takes
	// seconds.
	const probe = "import importlib.util as u, sys; sys.exit(not all(map(u.find_spec, sys.argv[1:])))"
	out, err := exec.CommandContext(t.Context(), python,
		append([]string{"-c", probe}, modules...)...).CombinedOutput()
	if err != nil {
		Missing(t, "LOADTIDE_PYTHON", fmt.Errorf("there is no Python with %s: `make test-servers` "+
			"installs it, or name an interpreter that has them in LOADTIDE_PYTHON (%s: %w %s)",
			strings.Join(modules, ", "), filepath.Base(python), err, out))
	}
	return python
}

// PublicReadings returns the folder of the public readings: data in the folder that LOADTIDE_SHARED
// names, else in the nearest folder called shared above the module. Without it the test is skipped.
func PublicReadings(t testing.TB) string {
	t.Helper()
	return shared(t, "data")
}

// FieldFiles returns the folder of files as utilities and tools write them: field beside the public
// readings. Without it the test is skipped.
func FieldFiles(t testing.TB) string {
	t.Helper()
	return shared(t, "field")
}

// shared finds a folder in the folder that LOADTIDE_SHARED names, else in the nearest folder called
// shared above the module.
func shared(t testing.TB, name string) string {
	t.Helper()
	if above := os.Getenv("LOADTIDE_SHARED"); above != "" {
		return filepath.Join(above, name)
	}
	dir, err := ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for {
		up := filepath.Dir(dir)
		if up == dir {
			t.Skipf("the shared files are not here: put them into ../shared/%s, "+
				"or name the folder above `%s` in LOADTIDE_SHARED", name, name)
		}
		dir = up
		found := filepath.Join(dir, "shared", name)
		if info, err := os.Stat(found); err == nil && info.IsDir() {
			return found
		}
	}
}

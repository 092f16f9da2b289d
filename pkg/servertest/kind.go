package servertest

import (
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// KindsVariable names the environment variable that lists the kinds of tests to run beside the
// quick ones, separated by commas. Without it `go test ./...` runs the quick tests alone.
const KindsVariable = "LOADTIDE_TESTS"

// Kind is a set of tests that runs on demand. The tests of a kind stand in files *_<kind>_test.go,
// where `make test-<kind>` finds them.
type Kind string

const (
	// Servers are the tests that need MLflow, InfluxDB, Prometheus, or a Python library.
	Servers Kind = "servers"
	// Long are the tests that take long, or need the public readings, or another Go module.
	Long Kind = "long"
)

// Require skips the test unless LOADTIDE_TESTS lists the kind. A test in a file of another name
// fails: no make target would run it.
func Require(t testing.TB, kind Kind) {
	t.Helper()
	if file := testFile(); !strings.HasSuffix(file, "_"+string(kind)+"_test.go") {
		t.Fatalf("%s: the tests of the kind %s stand in files *_%s_test.go: move %s",
			file, kind, kind, t.Name())
	}
	if !slices.Contains(strings.Split(os.Getenv(KindsVariable), ","), string(kind)) {
		t.Skipf("make test-%s runs this test; by hand: %s=%s go test -run '^%s$' .",
			kind, KindsVariable, kind, strings.ReplaceAll(t.Name(), "/", "$/^"))
	}
}

// testFile is the outermost test file among the callers: the one that holds the test function.
func testFile() string {
	var callers [64]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers[:])])
	file := ""
	for {
		frame, more := frames.Next()
		if strings.HasSuffix(frame.File, "_test.go") {
			file = frame.File
		}
		if !more {
			return file
		}
	}
}

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/pkg/mlflow/mlflowtest"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// TestMain lets this test binary stand in for the program: a script's `exec loadtide` is a process
// of its own.
func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){"loadtide": main})
}

// tests end the servers that one of them started.
type tests struct{ *testing.M }

func (t tests) Run() int {
	defer influxtest.Stop()
	return mlflowtest.Main(t.M)
}

// TestScripts runs testdata/script/*.txtar: what a person types, what the program says, and how it
// ends.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ends": ends, "port": port, "hold": hold, "await": await, "damage": damage, "seal": seal, "sealed": sealed, "hours": hours,
		},
		Condition: func(name string) (bool, error) {
			if name == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		RequireUniqueNames: true,
	})
}

// patience is how long anything may take on a machine that does other things besides.
const patience = 60 * time.Second

func usageOf(ts *testscript.TestScript, ok bool, usage string) {
	if !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

// ends CODE ARGS... runs loadtide ARGS, which must end with exit code CODE, or one of CODE|CODE. What
// it said is there for stdout and stderr.
func ends(ts *testscript.TestScript, neg bool, args []string) {
	usageOf(ts, !neg && len(args) > 0, "ends CODE ARGS...")
	code := 0
	var exit *exec.ExitError
	switch err := ts.Exec("loadtide", args[1:]...); {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		ts.Fatalf("loadtide: %v", err)
	}
	if !slices.Contains(strings.Split(args[0], "|"), strconv.Itoa(code)) {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func freePort(ts *testscript.TestScript) net.Listener {
	l, err := servertest.Listen()
	ts.Check(err)
	return l
}

// port NAME... sets each variable to a free address.
func port(ts *testscript.TestScript, neg bool, names []string) {
	usageOf(ts, !neg && len(names) > 0, "port NAME...")
	for _, name := range names {
		l := freePort(ts)
		ts.Setenv(name, l.Addr().String())
		ts.Check(l.Close())
	}
}

// hold NAME sets the variable to an address that is in use until the end of the script.
func hold(ts *testscript.TestScript, neg bool, names []string) {
	usageOf(ts, !neg && len(names) == 1, "hold NAME")
	l := freePort(ts)
	ts.Setenv(names[0], l.Addr().String())
	ts.Defer(func() { _ = l.Close() })
}

// await URL waits until a page is answered with 200.
func await(ts *testscript.TestScript, neg bool, args []string) {
	usageOf(ts, !neg && len(args) == 1, "await URL")
	deadline := time.Now().Add(patience)
	for {
		err := get(args[0])
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: %v", args[0], err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func get(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(answer.Body) // said beside the status
		return fmt.Errorf("%s %s", answer.Status, body)
	}
	return nil
}

// damage newest|all PATTERN flips a bit in the last, or in every, file that the pattern finds.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	usageOf(ts, !neg && len(args) == 2 && (args[0] == "newest" || args[0] == "all"), "damage newest|all PATTERN")
	files, err := filepath.Glob(ts.MkAbs(args[1]))
	ts.Check(err)
	if len(files) == 0 || args[0] == "newest" && len(files) < 2 {
		ts.Fatalf("%s: %d files", args[1], len(files))
	}
	if args[0] == "newest" {
		files = files[len(files)-1:] // names are padded: the last is the newest
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		ts.Check(err)
		data[len(data)/2] ^= 0x10
		ts.Check(os.WriteFile(file, data, 0o600))
	}
}

// hours FILE COLUMN COUNT VALUE... writes a wide CSV of one column: a value an hour from 2026 on,
// the values over and over.
func hours(ts *testscript.TestScript, neg bool, args []string) {
	usageOf(ts, !neg && len(args) > 3, "hours FILE COLUMN COUNT VALUE...")
	count, err := strconv.Atoi(args[2])
	ts.Check(err)
	var file strings.Builder
	fmt.Fprintf(&file, "timestamp,%s\n", args[1])
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range count {
		fmt.Fprintf(&file, "%s,%s\n", at.Add(time.Duration(i)*time.Hour).Format(time.RFC3339), args[3+i%(len(args)-3)])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(file.String()), 0o600))
}

// seal DIR remembers all that is in a folder; sealed DIR fails when it has changed since.
func seal(ts *testscript.TestScript, neg bool, args []string) {
	usageOf(ts, !neg && len(args) == 1, "seal DIR")
	ts.Setenv("SEAL", contents(ts, args[0]))
}

func sealed(ts *testscript.TestScript, neg bool, args []string) {
	usageOf(ts, !neg && len(args) == 1, "sealed DIR")
	if now := contents(ts, args[0]); now != ts.Getenv("SEAL") {
		ts.Fatalf("%s has changed:\n%s\nwas:\n%s", args[0], now, ts.Getenv("SEAL"))
	}
}

func contents(ts *testscript.TestScript, dir string) string {
	var all strings.Builder
	ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(&all, "%s %x\n", path, sha256.Sum256(data))
		return err
	}))
	if all.Len() == 0 {
		ts.Fatalf("%s holds no file", dir)
	}
	return all.String()
}

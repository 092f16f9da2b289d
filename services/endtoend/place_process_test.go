package endtoend

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// patience is how long anything may take on a machine that does other things besides.
const patience = 60 * time.Second

// place is a data dir with the addresses of the process that works in it; it outlives that process.
type place struct {
	t          *testing.T
	dir        string
	nats, http string
	env        []string // of its processes, besides that of the test
}

func newPlace(t *testing.T) place {
	t.Helper()
	return place{t: t, dir: filepath.Join(t.TempDir(), "data"), nats: freeAddress(t), http: freeAddress(t)}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	address, err := servertest.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}

// url of the embedded NATS server.
func (p place) url() string { return "nats://" + p.nats }

// up starts `loadtide up` in the place and returns when it is ready.
func (p place) up(args ...string) *process {
	p.t.Helper()
	r := p.begin(args...)
	r.ready()
	return r
}

// begin starts `loadtide up` in the place.
func (p place) begin(args ...string) *process {
	p.t.Helper()
	args = append([]string{"up", "--data-dir", p.dir, "--nats-listen", p.nats, "--http-listen", p.http}, args...)
	r := &process{t: p.t, place: p, cmd: p.command(context.WithoutCancel(p.t.Context()), args...), said: &transcript{}, done: make(chan struct{}), began: newStopwatch()}
	r.cmd.Stdout, r.cmd.Stderr = r.said, r.said
	if err := r.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func() {
		r.err = r.cmd.Wait()
		close(r.done)
	}()
	p.t.Cleanup(func() {
		r.kill()
		if p.t.Failed() {
			p.t.Logf("%s said:\n%s", strings.Join(r.cmd.Args[1:], " "), r.said)
		}
	})
	return r
}

// run runs a command of the program to its end.
func (p place) run(within time.Duration, args ...string) (said string, code int) {
	p.t.Helper()
	program.path(p.t) // builds the program; its time is not the command's
	ctx, cancel := context.WithTimeout(p.t.Context(), within)
	defer cancel()
	cmd := p.command(ctx, args...)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if ctx.Err() != nil || err != nil && !errors.As(err, &exit) {
		p.t.Fatalf("loadtide %s: %v within %s\n%s", strings.Join(args, " "), err, within, out)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// must is run for a command that has to succeed.
func (p place) must(within time.Duration, args ...string) string {
	p.t.Helper()
	said, code := p.run(within, args...)
	if code != 0 {
		p.t.Fatalf("loadtide %s: exit code %d\n%s", strings.Join(args, " "), code, said)
	}
	return said
}

// connect returns a connection to the place's server that ends with the test.
func (p place) connect() *bus.Conn {
	p.t.Helper()
	conn, err := bus.Connect(p.t.Context(), bus.Config{
		URL: p.url(), Name: p.t.Name(), ConnectTimeout: patience, RequestTimeout: 2 * time.Second,
	}, zerolog.Nop())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(conn.Close)
	return conn
}

// command is the program without what the environment of the test would tell it.
func (p place) command(ctx context.Context, args ...string) *exec.Cmd {
	p.t.Helper()
	cmd := exec.CommandContext(ctx, program.path(p.t), args...)
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "LOADTIDE_") {
			cmd.Env = append(cmd.Env, kv)
		}
	}
	cmd.Env = append(cmd.Env, p.env...)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// process is one `loadtide up` under way.
type process struct {
	t     *testing.T
	place place
	cmd   *exec.Cmd
	said  *transcript
	began stopwatch
	done  chan struct{}
	err   error // of the process, once done is closed
}

// ready waits for /readyz.
func (r *process) ready() {
	r.t.Helper()
	eventually(r.t, patience, "ready", func() (bool, string) {
		r.alive()
		code, body, err := fetch("http://" + r.place.http + "/readyz")
		return err == nil && code == http.StatusOK, fmt.Sprintf("%d %s %v", code, body, err)
	})
}

// alive fails the test when the process has ended.
func (r *process) alive() {
	r.t.Helper()
	select {
	case <-r.done:
		r.t.Fatalf("the process ended by itself: %v", r.err)
	default:
	}
}

// kill ends the process as kill -9 does; one that has ended stays so.
func (r *process) kill() {
	_ = r.cmd.Process.Kill() // fails for one that has ended
	<-r.done
}

// interrupt is Ctrl-C; the process must drain and end with 0 in time.
func (r *process) interrupt() {
	r.t.Helper()
	begun := newStopwatch()
	if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
		r.t.Fatal(err)
	}
	select {
	case <-r.done:
	case <-time.After(patience):
		r.t.Fatalf("SIGINT: not ended after %s", patience)
	}
	if r.err != nil {
		r.t.Errorf("SIGINT: %v, want exit code 0", r.err)
	}
	begun.limit(r.t, "SIGINT: ended", 10*time.Second)
}

// transcript keeps what a process says.
type transcript struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

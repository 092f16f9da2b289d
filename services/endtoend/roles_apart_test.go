package endtoend

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// role starts one role as a process of its own; end stops it as a cluster does and wants exit code
// 0.
func (p place) role(args ...string) (end func()) {
	p.t.Helper()
	return p.spawn(args...).end
}

// roleProcess is one role under way.
type roleProcess struct {
	t     *testing.T
	cmd   *exec.Cmd
	said  *transcript
	done  chan error
	ended bool
}

// spawn starts one role as a process of its own.
func (p place) spawn(args ...string) *roleProcess {
	p.t.Helper()
	args = append(args, "--log-level", "debug") // whatever it logs is held against eachFieldOnce
	cmd, said := p.command(context.WithoutCancel(p.t.Context()), args...), &transcript{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	r := &roleProcess{t: p.t, cmd: cmd, said: said, done: make(chan error, 1)}
	go func() { r.done <- cmd.Wait() }()
	p.t.Cleanup(func() {
		r.kill()
		if p.t.Failed() {
			p.t.Logf("%s said:\n%s", strings.Join(args, " "), said)
		}
	})
	return r
}

// kill is kill -9, whatever it was doing.
func (r *roleProcess) kill() {
	if !r.ended {
		r.ended = true
		_ = r.cmd.Process.Kill() // it may have ended by itself
		<-r.done
	}
}

// end is SIGTERM, which it must answer with exit code 0.
func (r *roleProcess) end() {
	r.t.Helper()
	r.ended = true
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Fatal(err)
	}
	select {
	case err := <-r.done:
		if err != nil {
			r.t.Errorf("%s: SIGTERM: %v, want exit code 0", r.cmd.Args[1], err)
		}
	case <-time.After(patience):
		r.t.Fatalf("%s: SIGTERM: not ended after %s", r.cmd.Args[1], patience)
	}
	eachFieldOnce(r.t, r.said.String())
}

// answers waits until a page is answered with 200.
func answers(t *testing.T, url string) {
	t.Helper()
	eventually(t, patience, url, func() (bool, string) {
		code, body, err := fetch(url)
		if err != nil {
			body = err.Error()
		}
		return err == nil && code == http.StatusOK, body
	})
}

// TestRolesApart runs forecaster and gateway as processes of their own against a server that is
// neither's.
func TestRolesApart(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t)
	p := newPlace(t)
	p.nats = strings.TrimPrefix(server.URL(), "nats://")
	admin := freeAddress(t)
	forecaster := []string{"forecaster", "--nats-url", p.url(), "--data-dir", p.dir, "--admin-listen", admin}

	stop := p.role(forecaster...)
	answers(t, "http://"+admin+"/readyz")
	stopGateway := p.role("gateway", "--nats-url", p.url(), "--http-listen", p.http, "--admin-listen", freeAddress(t))
	conn := p.connect()
	feedDay(t, conn, meter.ID{Site: "north", Meter: "m17"}, 30)
	_, m, _ := newest(t, conn, "north.m17")
	answers(t, "http://"+p.http+"/v1/series/north/m17/forecast")
	if body := p.page("/v1/series/north/m17/forecast"); body != string(m.Data) {
		t.Errorf("forecast of the gateway\n%s\nthe message is\n%s", body, m.Data)
	}
	stop()

	stop = p.role(forecaster...)
	answers(t, "http://"+admin+"/readyz")
	feedDay(t, conn, meter.ID{Site: "north", Meter: "m18"}, 30)
	if got := messages(t, conn, "FORECASTS"); got != 6 {
		t.Errorf("%d forecasts after a restart, want 3 of each series", got)
	}
	stop()
	stopGateway()
}

// TestDemoOfRoles is what Compose starts: a forecaster whose logs are the history, and the
// simulator as a process of its own.
func TestDemoOfRoles(t *testing.T) {
	t.Parallel()
	server := bustest.Start(t)
	p := newPlace(t)
	p.nats = strings.TrimPrefix(server.URL(), "nats://")
	admin, simulator := freeAddress(t), freeAddress(t)
	stop := p.role("forecaster", "--streams", "machine", "--nats-url", p.url(), "--data-dir", p.dir, "--admin-listen", admin)
	answers(t, "http://"+admin+"/readyz")
	stopSimulator := p.role("simulate", "--meters", "2", "--step", "20ms", "--nats-url", p.url(), "--data-dir", t.TempDir(), "--admin-listen", simulator)
	answers(t, "http://"+simulator+"/readyz")
	conn := p.connect()
	log, err := conn.JetStream().Stream(t.Context(), "R0")
	if err != nil {
		t.Fatal(err)
	}
	if age := log.CachedInfo().Config.MaxAge; age != 120*24*time.Hour {
		t.Errorf("logs are kept for %s, want 120 days", age)
	}
	eventually(t, patience, "forecasts and the simulator's metrics", func() (bool, string) {
		code, body, err := fetch("http://" + simulator + "/metrics")
		live := strings.Contains(body, `loadtide_simulator_readings_total{phase="replay"}`)
		return err == nil && code == http.StatusOK && live && messages(t, conn, "FORECASTS") > 0, body
	})
	stopSimulator()
	stop()
}

// TestTailShowsForecasts follows one series while the demo runs; its reader then goes away, as `|
// head` does.
func TestTailShowsForecasts(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.up("--demo", "--train-schedule", "off", "--simulate-meters", "6", "--simulate-step", "20ms")
	for _, args := range [][]string{{"tail", demoSeries, "--json"}, {"tail", demoSeries}} {
		tail := p.command(t.Context(), append(args, "--nats-url", p.url())...)
		var complaints bytes.Buffer
		tail.Stderr = &complaints
		// A pipe of our own: its end is closed before the process has ended.
		ours, theirs, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		tail.Stdout = theirs
		if err := tail.Start(); err != nil {
			t.Fatal(err)
		}
		if err := theirs.Close(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(ours)
		lines.Buffer(nil, 1<<20)
		var said []string
		for len(said) < 30 && lines.Scan() {
			said = append(said, lines.Text())
		}
		if err := ours.Close(); err != nil {
			t.Fatal(err)
		}
		// It ends by the signal that every program ends by then, or with 0; in any case without a word.
		if err := tail.Wait(); complaints.Len() > 0 ||
			err != nil && !strings.Contains(err.Error(), "broken pipe") {
			t.Errorf(
				"%s ended with %v when its reader went away, and complained: %s",
				strings.Join(args, " "), err, complaints.String(),
			)
		}
		checkTail(t, said, len(args) == 3)
	}
}

func checkTail(t *testing.T, said []string, asJSON bool) {
	t.Helper()
	if len(said) != 30 {
		t.Fatalf("%d lines", len(said))
	}
	if !asJSON {
		if !strings.HasPrefix(said[0], "SERIES") {
			t.Errorf("no head: %s", said[0])
		}
		for _, line := range said[1:] {
			fields := strings.Fields(line)
			if len(fields) < 9 || fields[0] != demoSeries || fields[2] != "1h" ||
				fields[3] != string(meter.SourceLSTM) {
				t.Errorf("line %q", line)
			}
		}
		return
	}
	var last time.Time
	for _, line := range said {
		f, err := streams.DecodeForecast([]byte(line))
		if err != nil || !json.Valid([]byte(line)) || f.Series.String() != demoSeries {
			t.Errorf("line %q: %v", line, err)
		}
		if !last.IsZero() && !f.Origin.Equal(last.Add(time.Hour)) {
			t.Errorf("forecast from %s follows the one from %s", f.Origin, last)
		}
		last = f.Origin
	}
}

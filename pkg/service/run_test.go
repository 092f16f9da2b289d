package service_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/service"
)

// diary notes the calls of the parts of a group, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// part returns a part that notes its calls. Its Run ends with the context, or at once with runErr.
func (d *diary) part(name string, startErr, runErr error) service.Part {
	return service.Funcs{
		StartFunc: func(context.Context) error { d.note("start " + name); return startErr },
		RunFunc: func(ctx context.Context) error {
			if runErr != nil {
				return runErr
			}
			<-ctx.Done()
			d.note("end " + name)
			return ctx.Err()
		},
		StopFunc: func(context.Context) error { d.note("stop " + name); return nil },
	}
}

func TestGroupStopsInReverseOrder(t *testing.T) {
	t.Parallel()
	var d diary
	g := service.NewGroup(zerolog.Nop(), time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	g.Add("nats", d.part("nats", nil, nil))
	g.Add("api", d.part("api", nil, nil))
	g.Add("last", service.Funcs{StartFunc: func(context.Context) error { cancel(); return nil }})
	if err := g.Run(ctx, t.Context()); err != nil {
		t.Fatalf("an ended context is no failure: %v", err)
	}
	want := []string{"start nats", "start api", "end api", "stop api", "end nats", "stop nats"}
	if !slices.Equal(d.lines, want) {
		t.Errorf("order %q, want %q", d.lines, want)
	}
}

// A key that stands twice in a line is read differently by different readers of JSON.
func TestGroupLogsEachFieldOnce(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log, err := service.NewLogger(
		service.LogFlags{Format: service.LogJSON, Level: "debug"}, &out, false, false,
	)
	if err != nil {
		t.Fatal(err)
	}
	g := service.NewGroup(service.Component(log, "run"), time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	g.Add("last", service.Funcs{StartFunc: func(context.Context) error { cancel(); return nil }})
	if err := g.Run(ctx, t.Context()); err != nil {
		t.Fatal(err)
	}
	line := out.String()
	for _, key := range []string{"level", "component", "part", "duration_ms", "time", "message"} {
		if n := strings.Count(line, `"`+key+`":`); n != 1 {
			t.Errorf("%s stands %d times in %s", key, n, line)
		}
	}
}

func TestGroupFirstFailureStopsTheRest(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		startErr, runErr error
		stopped          []string
	}{
		"in Start": {startErr: broken, stopped: []string{"stop nats"}},
		"in Run":   {runErr: broken, stopped: []string{"stop api", "stop nats"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var d diary
			g := service.NewGroup(zerolog.Nop(), time.Second)
			g.Add("nats", d.part("nats", nil, nil))
			g.Add("api", d.part("api", tc.startErr, tc.runErr))
			err := g.Run(t.Context(), t.Context())
			if !errors.Is(err, broken) || err.Error() != "api: broken" {
				t.Errorf("error %v, want api: broken", err)
			}
			stops := slices.DeleteFunc(d.lines, func(l string) bool { return l[:4] != "stop" })
			if !slices.Equal(stops, tc.stopped) {
				t.Errorf("stopped %q, want %q", stops, tc.stopped)
			}
		})
	}
}

func TestGroupFailureEndsTheStartOfAnother(t *testing.T) {
	t.Parallel()
	g := service.NewGroup(zerolog.Nop(), time.Second)
	g.Add("nats", service.Funcs{RunFunc: func(context.Context) error { return errors.New("broken") }})
	g.Add(
		"waits",
		service.Funcs{StartFunc: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
	)
	if err := g.Run(t.Context(), t.Context()); err == nil || err.Error() != "nats: broken" {
		t.Errorf("error %v, want nats: broken", err)
	}
}

func TestGroupEndsWhenAllIsDone(t *testing.T) {
	t.Parallel()
	g := service.NewGroup(zerolog.Nop(), time.Second)
	for _, name := range []string{"a", "b"} {
		g.Add(name, service.Funcs{RunFunc: func(context.Context) error { return nil }})
	}
	if err := g.Run(t.Context(), t.Context()); err != nil {
		t.Error(err)
	}
}

func TestGroupStopHasADeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		g := service.NewGroup(zerolog.Nop(), 10*time.Second)
		g.Add("stuck", service.Funcs{RunFunc: func(context.Context) error { <-release; return nil }})
		begun := time.Now()
		cancel()
		g.Add("starts", service.Funcs{})
		// The context has ended before the start, so nothing is begun and nothing is waited for.
		if err := g.Run(ctx, t.Context()); err != nil || time.Since(begun) != 0 {
			t.Errorf("error %v after %s, want none at once", err, time.Since(begun))
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := g.Run(ctx, t.Context())
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 70*time.Second {
			t.Errorf("error %v after %s, want a deadline 10 s after the minute", err, time.Since(begun))
		}
		close(release)
	})
}

func TestGroupCutShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cut, endCut := context.WithCancel(t.Context())
		drain, endDrain := context.WithCancel(cut)
		g := service.NewGroup(zerolog.Nop(), time.Hour)
		g.Add(
			"slow",
			service.Funcs{StopFunc: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		)
		time.AfterFunc(time.Second, endDrain)
		time.AfterFunc(3*time.Second, endCut)
		begun := time.Now()
		err := g.Run(drain, cut)
		if !errors.Is(err, service.ErrInterrupted) || time.Since(begun) != 3*time.Second {
			t.Errorf("error %v after %s, want ErrInterrupted after 3s", err, time.Since(begun))
		}
	})
}

// TestSignals sends real signals to the test process, so no other test that does may run at the
// same time.
func TestSignals(t *testing.T) {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	var d diary
	drain, cut, release := service.Signals(
		t.Context(), func() { d.note("draining") }, func() { d.note("stopping now") },
	)
	defer release()
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Skipf("this system sends no signals: %v", err)
	}
	<-drain.Done()
	if cut.Err() != nil {
		t.Fatal("the first signal cut the drain short")
	}
	if err := self.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-cut.Done()
	if want := []string{"draining", "stopping now"}; !slices.Equal(d.lines, want) {
		t.Errorf("told %q, want %q", d.lines, want)
	}
}

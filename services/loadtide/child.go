package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

const (
	// firstSeries with firstDays of readings, or one with loneDays, are enough
	// to train a first model.
	firstSeries = 10
	firstDays   = 35
	loneDays    = 60
	// calm is how long arrivals must rest before the first training, so that it
	// sees the whole of a history that is being published; calmLimit is the
	// longest that is waited for.
	calm      = 2 * time.Second
	calmLimit = 30 * time.Second
	// rush is how many readings a second are the publishing of a history.
	rush = 1000
	// childGrace is how long a training child has to end.
	childGrace = 3 * time.Second
)

// arrivals is what the first training waits for.
type arrivals struct {
	readings      uint64 // applied so far
	behind        uint64
	enough, alone int // series that reach back over firstDays, loneDays
}

// training runs the cycles of `up` as child processes, and says when there is
// enough for the first.
type training struct {
	dataDir string
	natsURL string
	model   string
	kept    registryFlags
	arrived func() arrivals
	show    *screen
	log     zerolog.Logger
}

// awaitHistory waits until there is enough to train on and arrivals rest; false
// when ctx ended first.
func (t *training) awaitHistory(ctx context.Context) bool {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var enoughSince, changed time.Time
	seen, last := time.Now(), t.arrived().readings
	for {
		select {
		case <-ctx.Done():
			return false
		case now := <-tick.C:
			a := t.arrived()
			// What is published at once stands out from what meters send by now.
			if a.readings > last+uint64(rush*now.Sub(seen).Seconds()) {
				changed = now
			}
			last, seen = a.readings, now
			if a.enough < firstSeries && a.alone == 0 {
				continue
			}
			if enoughSince.IsZero() {
				enoughSince = now
			}
			if a.behind == 0 && now.Sub(changed) >= calm || now.Sub(enoughSince) >= calmLimit {
				return true
			}
		}
	}
}

// run is the trainer's RunFunc: one child, shown as it goes.
func (t *training) run(ctx context.Context, job trainer.Job, tell func(cycle.Event)) (cycle.Event, error) {
	done, err := t.cycle(ctx, job, tell)
	if err != nil && ctx.Err() == nil {
		if job.Trigger == streams.TriggerFirst {
			t.show.warn("the first training failed, simple rules serve: %v", err)
		} else {
			t.show.warn("training failed, the champion serves on: %v", err)
		}
	}
	return done, err
}

// cycle runs one `loadtide train` and shows how it goes. The child's standard
// input is a pipe that nothing is written to: it closes when this process ends,
// in whatever way, and the child ends with it.
func (t *training) cycle(ctx context.Context, job trainer.Job, tell func(cycle.Event)) (cycle.Event, error) {
	exe, err := os.Executable()
	if err != nil {
		return cycle.Event{}, fmt.Errorf("find this program to start a training: %w", err)
	}
	args := []string{"train", "--child", "--cycle", job.Cycle, "--from", fromLogs, "--register", t.model, "--start", job.Start, "--nats-url", t.natsURL, "--data-dir", t.dataDir, "--workers", strconv.Itoa(trainWorkers())}
	args = append(args, t.kept.arguments()...)
	if job.Quick {
		args = append(args, "--quick")
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(withoutSettings(os.Environ()), t.kept.secrets()...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return cycle.Event{}, fmt.Errorf("start a training: %w", err)
	}
	defer func() { _ = stdin.Close() }() // the child may have gone
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return cycle.Event{}, fmt.Errorf("start a training: %w", err)
	}
	said := &lastLines{}
	cmd.Stderr = said
	cmd.Cancel = stdin.Close
	cmd.WaitDelay = childGrace
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return cycle.Event{}, fmt.Errorf("start a training: %w", err)
	}
	if !job.Quick {
		if err := lowerPriority(cmd.Process.Pid); err != nil {
			t.log.Debug().AnErr(service.FieldError, err).Msg("priority of the training child not lowered")
		}
	}
	done, ended := t.follow(stdout, job, tell)
	err = cmd.Wait()
	t.show.barDone()
	if ctx.Err() != nil {
		return cycle.Event{}, ctx.Err()
	}
	if err != nil {
		return cycle.Event{}, fmt.Errorf("%w: %s", err, said)
	}
	if !ended {
		return cycle.Event{}, errors.New("the training ended without a word on its outcome")
	}
	return done, nil
}

// withoutSettings leaves out the variables that would set the child's flags:
// what it needs is in its arguments.
func withoutSettings(environ []string) []string {
	return slices.DeleteFunc(environ, func(v string) bool { return strings.HasPrefix(v, "LOADTIDE_") })
}

// follow shows the events of the child and passes them on. ended reports whether the last one came.
func (t *training) follow(stdout io.Reader, job trainer.Job, tell func(cycle.Event)) (outcome cycle.Event, ended bool) {
	show := cycleScreen{screen: t.show, loaded: func(e cycle.Event) string {
		which := "the next"
		if job.Trigger == streams.TriggerFirst {
			which = "the first"
		}
		return fmt.Sprintf("training %s model (%d series, %d h each; Ctrl-C is safe)", which, e.Series, e.Hours)
	}}
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var e cycle.Event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		tell(e)
		show.tell(e)
		if e.Kind == cycle.Done {
			t.show.ok("model", "%s", modelLine(e))
			outcome, ended = e, true
		}
	}
	return outcome, ended
}

// lastLines keeps the end of what a child says, for the error.
type lastLines struct{ text []byte }

func (l *lastLines) Write(p []byte) (int, error) {
	const most = 2000
	l.text = append(l.text, p...)
	if len(l.text) > most {
		l.text = l.text[len(l.text)-most:]
	}
	return len(p), nil
}

func (l *lastLines) String() string { return strings.TrimSpace(string(l.text)) }

// trainWorkers is how many cores a training child may use.
func trainWorkers() int { return min(runtime.GOMAXPROCS(0), 2) }

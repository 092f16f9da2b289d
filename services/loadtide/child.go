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

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer"
	"github.com/loadtide/loadtide/services/trainer/cycle"
	"github.com/loadtide/loadtide/streams"
)

// childGrace is how long a training child has to end.
const childGrace = 3 * time.Second

// training runs the cycles of `up` as child processes.
type training struct {
	dataDir string
	natsURL string
	kept    registryFlags
	target  targetFlags
	show    *screen
	log     zerolog.Logger
}

// run is the RunFunc of the trainer: it runs one child and shows its progress.
func (t *training) run(
	ctx context.Context, job trainer.Job, tell func(cycle.Event),
) (cycle.Event, error) {
	outcome, err := t.child(ctx, job, tell)
	if err != nil && ctx.Err() == nil {
		if job.Trigger == streams.TriggerFirst {
			t.show.warn("the first training of %s failed, what served before serves on: %v",
				job.Model, err)
		} else {
			t.show.warn("training of %s failed, the champion stays: %v", job.Model, err)
		}
	}
	return outcome, err
}

// child runs one `loadtide train` to its end. The standard input of the child is a pipe that
// nothing is written to. The pipe closes when this process ends, also when it is killed, and the
// child ends with it.
func (t *training) child(
	ctx context.Context, job trainer.Job, tell func(cycle.Event),
) (cycle.Event, error) {
	cmd, err := t.command(ctx, job)
	if err != nil {
		return cycle.Event{}, err
	}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return cycle.Event{}, fmt.Errorf("start a training: %w", err)
	}
	defer func() { _ = stdin.Close() }() // fails when the child is gone
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return cycle.Event{}, fmt.Errorf("start a training: %w", err)
	}
	last := &lastLines{}
	cmd.Stderr, cmd.Cancel, cmd.WaitDelay = last, stdin.Close, childGrace
	if err := cmd.Start(); err != nil {
		return cycle.Event{}, fmt.Errorf("start a training: %w", err)
	}
	if !job.Quick {
		if err := lowerPriority(cmd.Process.Pid); err != nil {
			t.log.Debug().AnErr(service.FieldError, err).
				Msg("priority of the training child not lowered")
		}
	}
	outcome, ended := t.follow(stdout, job, tell)
	err = cmd.Wait()
	t.show.barDone()
	switch {
	case ctx.Err() != nil:
		return cycle.Event{}, ctx.Err()
	case err != nil:
		return cycle.Event{}, fmt.Errorf("%w: %s", err, last)
	case !ended:
		return cycle.Event{}, errNoOutcome
	}
	return outcome, nil
}

var errNoOutcome = errors.New("the training ended without a word on its outcome")

// command is the command of a child.
func (t *training) command(ctx context.Context, job trainer.Job) (*exec.Cmd, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program to start a training: %w", err)
	}
	args := []string{
		"train", "--child", "--cycle", job.Cycle, "--from", fromLogs, "--register", job.Model,
		"--start", job.Start, "--nats-url", t.natsURL, "--data-dir", t.dataDir,
		"--workers", strconv.Itoa(trainWorkers()),
	}
	if interval, ok := registry.ModelInterval(job.Model); ok {
		args = append(args, "--interval", meter.IntervalName(interval))
	}
	args = append(args, t.target.arguments()...)
	args = append(args, t.kept.arguments()...)
	if job.Quick {
		args = append(args, "--quick")
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(withoutSettings(os.Environ()), t.kept.secrets()...)
	detach(cmd)
	return cmd, nil
}

// withoutSettings leaves out the variables that set flags: the arguments of the child hold all it
// needs.
func withoutSettings(environ []string) []string {
	return slices.DeleteFunc(environ, func(v string) bool {
		return strings.HasPrefix(v,
			"LOADTIDE_")
	})
}

// follow shows the events of the child and passes them on. ended reports whether the last one came.
func (t *training) follow(
	stdout io.Reader, job trainer.Job, tell func(cycle.Event),
) (outcome cycle.Event, ended bool) {
	show := cycleScreen{screen: t.show, loaded: func(e cycle.Event) string {
		which := "the next"
		if job.Trigger == streams.TriggerFirst {
			which = "the first"
		}
		return fmt.Sprintf("training %s model %s (%d series, %d h each; Ctrl-C is safe)", which,
			job.Model, e.Series, e.Hours)
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

// lastLines keeps the end of what a child prints, for the error.
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

// trainWorkers is the number of cores that a training child may use.
func trainWorkers() int { return min(runtime.GOMAXPROCS(0), 2) }

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

	"github.com/go-co-op/gocron/v2"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
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
	// registryPause is how long a registry that does not answer is left alone.
	registryPause = 10 * time.Second
	// scheduleOff turns training off altogether.
	scheduleOff = "off"
)

// arrivals is what the first training waits for.
type arrivals struct {
	readings      uint64 // applied so far
	behind        uint64
	enough, alone int // series that reach back over firstDays, loneDays
}

// training runs training cycles as child processes of `up`: the first by
// itself, then by schedule.
type training struct {
	dataDir  string
	natsURL  string
	model    string
	schedule string
	demo     bool // the quick first training is all until the schedule
	registry registry.Registry
	kept     registryFlags
	arrived  func() arrivals
	show     *screen
	log      zerolog.Logger
}

// Run trains until ctx ends. A cycle that fails is told and tried again at the
// next time; serving goes on.
func (t *training) Run(ctx context.Context) error {
	if t.schedule == scheduleOff {
		return nil
	}
	due := make(chan struct{}, 1)
	clock, err := t.startClock(due)
	if err != nil {
		return err
	}
	defer func() { _ = clock.Shutdown() }() // its jobs only set a flag
	away := false                           // told once, not every time
	for {
		var again <-chan time.Time
		_, err := t.registry.ByAlias(ctx, t.model, registry.Champion)
		switch {
		case errors.Is(err, registry.ErrNotFound):
			if !t.awaitHistory(ctx) {
				return nil
			}
			if err := t.cycle(ctx, true); err == nil {
				if !t.demo { // a quick model serves; a thorough one follows, at low priority
					select {
					case due <- struct{}{}:
					default:
					}
				}
				continue
			} else if ctx.Err() == nil {
				t.show.warn("the first training failed, simple rules serve: %v", err)
				t.log.Warn().Err(err).Msg("training failed")
			}
		case err != nil && ctx.Err() == nil:
			if !away {
				t.log.Warn().Err(err).Msg("registry not readable, it is asked again")
			}
			away = true
			again = time.After(registryPause)
		}
		if err == nil || errors.Is(err, registry.ErrNotFound) {
			away = false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-again:
			continue
		case <-due:
		}
		if err := t.cycle(ctx, false); err != nil && ctx.Err() == nil {
			t.show.warn("training failed, the champion serves on: %v", err)
			t.log.Warn().Err(err).Msg("training failed")
		}
	}
}

// validSchedule refuses what is no cron line.
func validSchedule(schedule string) error {
	if schedule == scheduleOff {
		return nil
	}
	if err := gocron.NewDefaultCron(false).IsValid(schedule, time.UTC, time.Unix(0, 0)); err != nil {
		return fmt.Errorf("--train-schedule %q is no schedule: give five cron fields, e.g. \"10 2 * * *\", or off", schedule)
	}
	return nil
}

// startClock puts a token into due at each time of the schedule; one that is
// still there is enough.
func (t *training) startClock(due chan<- struct{}) (gocron.Scheduler, error) {
	clock, err := gocron.NewScheduler()
	if err != nil {
		return nil, fmt.Errorf("train schedule: %w", err)
	}
	_, err = clock.NewJob(gocron.CronJob(t.schedule, false), gocron.NewTask(func() {
		select {
		case due <- struct{}{}:
		default:
		}
	}))
	if err != nil {
		return nil, fmt.Errorf("train schedule %q: %w", t.schedule, err)
	}
	clock.Start()
	return clock, nil
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

// cycle runs one `loadtide train` and shows how it goes. The child's standard
// input is a pipe that nothing is written to: it closes when this process ends,
// in whatever way, and the child ends with it.
func (t *training) cycle(ctx context.Context, first bool) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program to start a training: %w", err)
	}
	args := []string{"train", "--child", "--from", "logs", "--register", t.model, "--nats-url", t.natsURL, "--data-dir", t.dataDir, "--workers", strconv.Itoa(trainWorkers())}
	args = append(args, t.kept.arguments()...)
	if first {
		args = append(args, "--quick")
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Env = append(withoutSettings(os.Environ()), t.kept.secrets()...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start a training: %w", err)
	}
	defer func() { _ = stdin.Close() }() // the child may have gone
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("start a training: %w", err)
	}
	said := &lastLines{}
	cmd.Stderr = said
	cmd.Cancel = stdin.Close
	cmd.WaitDelay = childGrace
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start a training: %w", err)
	}
	if !first {
		if err := lowerPriority(cmd.Process.Pid); err != nil {
			t.log.Debug().Err(err).Msg("priority of the training child not lowered")
		}
	}
	t.follow(stdout, first)
	err = cmd.Wait()
	t.show.barDone()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return nil
}

// withoutSettings leaves out the variables that would set the child's flags:
// what it needs is in its arguments.
func withoutSettings(environ []string) []string {
	return slices.DeleteFunc(environ, func(v string) bool { return strings.HasPrefix(v, "LOADTIDE_") })
}

// follow turns the child's lines into what a person sees.
func (t *training) follow(stdout io.Reader, first bool) {
	lines := bufio.NewScanner(stdout)
	var pace eta
	for lines.Scan() {
		var e childEvent
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch e.Event {
		case "loaded":
			which := "the next"
			if first {
				which = "the first"
			}
			t.log.Info().Int("series", e.Series).Int64("hours", e.Hours).Msg("training")
			t.show.line("training %s model (%d series, %d h each; Ctrl-C is safe)", which, e.Series, e.Hours)
		case "progress":
			t.show.bar(e.Iteration, e.Iterations, lossNote(e.Loss, e.Valid), pace.left(e.Iteration, e.Iterations))
		case "judging":
			t.show.barDone()
			t.show.line("measuring the model on later time")
		case "done":
			t.show.barDone()
			t.show.ok("model", "%s", modelLine(e))
			t.log.Info().Str(service.FieldModelVersion, e.Version).Bool("champion", e.Champion).Float64("wql", e.WQL).Float64("seasonal_naive_wql", e.NaiveWQL).Msg("trained")
		}
	}
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

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/bench/clock"
	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/registry"
)

const (
	fleetSeries  = 500
	startTimeout = 30 * time.Second
	workTimeout  = 5 * time.Minute
	poll         = 20 * time.Millisecond
	tick         = 10 * time.Millisecond // unit of the times in /proc, USER_HZ
)

// fleet is a forecaster as a process of its own, beside a server in this one.
type fleet struct {
	one
	dir, binary, model string
	log                zerolog.Logger
}

// cost is the processor's time that a reading takes.
type cost struct {
	forecaster time.Duration // of its process
	broker     time.Duration // of this process, which is the sender too
}

// measure starts server and forecaster, gives each series its history, and measures the readings
// after it.
func (f *fleet) measure(ctx context.Context, readings int) (c cost, err error) {
	server, err := bus.StartEmbedded(bus.EmbeddedConfig{
		Listen: "127.0.0.1:0", StoreDir: filepath.Join(f.dir, "streams"), Partitions: 1, Log: f.log,
	})
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, server.Shutdown(context.WithoutCancel(ctx))) }()
	if err := f.register(ctx); err != nil {
		return c, err
	}
	process, err := f.start(ctx, server.URL())
	if err != nil {
		return c, err
	}
	defer func() {
		_ = process.Process.Signal(syscall.SIGTERM) // the process may have ended
		_ = process.Wait()                          // and says so in its exit code
	}()
	conn, err := bus.Connect(ctx, bus.Config{URL: server.URL(), Name: "leads"}, f.log)
	if err != nil {
		return c, err
	}
	defer conn.Close()
	return f.work(ctx, conn, process.Process.Pid, readings)
}

// register makes the model the champion of the data dir.
func (f *fleet) register(ctx context.Context) error {
	models, err := registry.NewLocal(filepath.Join(f.dir, "data", "registry"))
	if err != nil {
		return err
	}
	v, err := models.Register(ctx, f.name(), f.model)
	if err != nil {
		return err
	}
	return models.SetAlias(ctx, v.Name, registry.Champion, v.Version)
}

// start starts the forecaster and waits until it is ready.
func (f *fleet) start(ctx context.Context, url string) (*exec.Cmd, error) {
	listen, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	process := exec.CommandContext(ctx, f.binary, "forecaster", "--nats-url", url, "--data-dir",
		filepath.Join(f.dir, "data"), "--partitions", "1", "--admin-listen", listen,
		"--log-level", "error")
	process.Stderr = os.Stderr
	if err := process.Start(); err != nil {
		return nil, err
	}
	err = await(ctx, startTimeout, "the forecaster is ready", func(ctx context.Context) (bool, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+listen+"/readyz", nil)
		if err != nil {
			return false, err
		}
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return false, nil // it does not listen yet
		}
		_, _ = io.Copy(io.Discard, answer.Body) // the status says all
		return answer.StatusCode == http.StatusOK, answer.Body.Close()
	})
	if err != nil {
		_ = process.Process.Kill() // the error of the wait counts
		return nil, errors.Join(err, process.Wait())
	}
	return process, nil
}

// work publishes the history, then the readings that are measured.
func (f *fleet) work(
	ctx context.Context, conn *bus.Conn, pid, readings int,
) (c cost, err error) {
	steps := historyDays * int(24*time.Hour/f.Interval)
	next := time.Now().UTC().Truncate(24 * time.Hour).Add(-f.Interval * time.Duration(steps+readings))
	// The last hour of the history is forecast: when that is published, the rest is read.
	const last = 1
	if err := f.publish(ctx, conn, next, steps-last, true); err != nil {
		return c, err
	}
	next = next.Add(f.Interval * time.Duration(steps-last))
	if err := f.publish(ctx, conn, next, last, false); err != nil {
		return c, err
	}
	if err := forecasts(ctx, conn, last*fleetSeries); err != nil {
		return c, err
	}
	used, err := processOf(pid)
	if err != nil {
		return c, err
	}
	here := clock.Process()
	if err := f.publish(ctx, conn, next.Add(f.Interval), readings, false); err != nil {
		return c, err
	}
	if err := forecasts(ctx, conn, (last+readings)*fleetSeries); err != nil {
		return c, err
	}
	here = clock.Process() - here
	now, err := processOf(pid)
	if err != nil {
		return c, err
	}
	n := time.Duration(readings * fleetSeries)
	return cost{(now - used) / n, here / n}, nil
}

// publish stores readings of every series in the log.
func (f *fleet) publish(
	ctx context.Context, conn *bus.Conn, from time.Time, steps int, history bool,
) error {
	log, err := conn.OpenPublisher(ctx, "R0")
	if err != nil {
		return err
	}
	defer log.Close()
	for step := range steps {
		at := from.Add(f.Interval * time.Duration(step))
		for i := range fleetSeries {
			if err := log.Publish(subject(i), "", f.reading(i, at, history)); err != nil {
				return err
			}
		}
	}
	return log.Flush(ctx)
}

// forecasts waits until so many forecasts are stored.
func forecasts(ctx context.Context, conn *bus.Conn, n int) error {
	what := fmt.Sprintf("%d forecasts are stored", n)
	return await(ctx, workTimeout, what, func(ctx context.Context) (bool, error) {
		state, err := conn.StreamState(ctx, "FORECASTS")
		return state.LastSeq >= uint64(n), err
	})
}

// await asks again until the answer is yes.
func await(
	ctx context.Context, timeout time.Duration, what string,
	ask func(context.Context) (bool, error),
) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		if yes, err := ask(ctx); yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, ctx.Err())
		case <-time.After(poll):
		}
	}
}

// freeAddress is an address of this machine that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// processOf is the time of the processor that a process has taken (Linux).
func processOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(text), ") ") // the name may hold anything
	fields := strings.Fields(after)
	var sum time.Duration
	for _, field := range fields[11:13] { // utime, stime
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("times of process %d: %w", pid, err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

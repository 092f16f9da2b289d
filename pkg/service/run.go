package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// Part is one thing that a process runs. Start, Run and Stop never overlap: Run follows a Start that returned nil, Stop
// follows the end of Run.
type Part interface {
	// Start makes the part ready to work and returns. ctx bounds the starting alone: it ends when the group is to stop or
	// another part fails, so nothing that lives on may hold it.
	Start(ctx context.Context) error
	// Run works until ctx ends. Nil before that means that the part has nothing more to do; the others go on.
	Run(ctx context.Context) error
	// Stop hands back what Start took and drains, before ctx ends. It is called after every Start that returned nil.
	Stop(ctx context.Context) error
}

// Funcs is a Part made of functions; those that are nil do nothing, and without RunFunc the part lasts until the group stops.
type Funcs struct {
	StartFunc func(ctx context.Context) error
	RunFunc   func(ctx context.Context) error
	StopFunc  func(ctx context.Context) error
}

// Start calls StartFunc.
func (f Funcs) Start(ctx context.Context) error {
	if f.StartFunc == nil {
		return nil
	}
	return f.StartFunc(ctx)
}

// Run calls RunFunc, or waits for the end of ctx.
func (f Funcs) Run(ctx context.Context) error {
	if f.RunFunc == nil {
		<-ctx.Done()
		return nil
	}
	return f.RunFunc(ctx)
}

// Stop calls StopFunc.
func (f Funcs) Stop(ctx context.Context) error {
	if f.StopFunc == nil {
		return nil
	}
	return f.StopFunc(ctx)
}

// Group starts parts in the order they were added and stops them in reverse order. Make it with NewGroup.
type Group struct {
	log   zerolog.Logger
	drain time.Duration
	parts []*running
}

// running is a part with the life of its Run.
type running struct {
	name   string
	part   Part
	cancel context.CancelFunc
	done   chan error // holds the result of Run, one value, then nothing
}

// NewGroup returns an empty group whose parts have drain, all together, to stop.
func NewGroup(log zerolog.Logger, drain time.Duration) *Group {
	return &Group{log: log, drain: drain}
}

// Add appends a part; name is a short word for logs and errors.
func (g *Group) Add(name string, p Part) {
	g.parts = append(g.parts, &running{name: name, part: p})
}

// Run starts the parts, each one running before the next is started, and waits until ctx ends, one of them fails, or all
// are done. Then it stops them in reverse order: ends the part's Run, waits for it, calls its Stop. It returns the first
// failure, with the part's name; an end of ctx is none. When cut ends first, nothing is waited for any more and
// ErrInterrupted is returned: whatever a part has not made durable by then counts as lost, as after kill -9.
func (g *Group) Run(ctx, cut context.Context) error {
	failed := make(chan error, len(g.parts))
	finished := make(chan struct{}, len(g.parts))
	startCtx, endStart := context.WithCancel(ctx)
	defer endStart()
	started, err := g.start(startCtx, endStart, failed, finished)
	if err == nil {
		err = wait(ctx, cut, failed, finished, len(started))
	}
	stopErr := g.stop(started, cut)
	if cut.Err() != nil {
		return ErrInterrupted
	}
	if err != nil {
		return err
	}
	return stopErr
}

// start starts the parts until one fails or ctx ends; it returns those that run. A part whose Run fails calls end, so that
// the start of another does not wait for something that has gone.
func (g *Group) start(ctx context.Context, end func(), failed chan<- error, finished chan<- struct{}) ([]*running, error) {
	for i, r := range g.parts {
		if ctx.Err() != nil {
			return g.parts[:i], nil
		}
		if err := r.part.Start(ctx); err != nil {
			if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
				err = nil
			} else {
				err = fmt.Errorf("%s: %w", r.name, err)
			}
			return g.parts[:i], err
		}
		// The run of a part ends when the group says so, in reverse order, and not with ctx: otherwise all would end at
		// once and the first ones would find the last ones gone.
		runCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		r.cancel, r.done = cancel, make(chan error, 1)
		go func() {
			err := r.part.Run(runCtx)
			if err != nil && runCtx.Err() != nil && errors.Is(err, context.Canceled) {
				err = nil
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", r.name, err)
				failed <- err
				end()
			} else {
				finished <- struct{}{}
			}
			r.done <- err
		}()
	}
	return g.parts, nil
}

// wait returns at the first failure (the failure), or nil when ctx or cut has ended or all n parts are done.
func wait(ctx, cut context.Context, failed <-chan error, finished <-chan struct{}, n int) error {
	for n > 0 {
		select {
		case err := <-failed:
			return err
		case <-finished:
			n--
		case <-ctx.Done():
			return nil
		case <-cut.Done():
			return nil
		}
	}
	return nil
}

// stop ends the parts in reverse order and returns the first failure of that.
func (g *Group) stop(parts []*running, cut context.Context) error {
	ctx, cancel := context.WithTimeout(cut, g.drain)
	defer cancel()
	var first error
	for i := len(parts) - 1; i >= 0; i-- {
		r := parts[i]
		r.cancel()
		if err := g.stopPart(ctx, r); err != nil && first == nil {
			first = err
		}
	}
	return first
}

// stopPart waits for the end of a part's Run and calls its Stop. A part whose Run does not end in time is left behind,
// without Stop, because the two must not overlap.
func (g *Group) stopPart(ctx context.Context, r *running) error {
	var runErr error
	select {
	case runErr = <-r.done:
	case <-ctx.Done():
		return fmt.Errorf("%s: not done within the %s given to stop: %w", r.name, g.drain, ctx.Err())
	}
	begun := time.Now()
	if err := r.part.Stop(ctx); err != nil {
		return errors.Join(runErr, fmt.Errorf("%s: stop: %w", r.name, err))
	}
	g.log.Debug().Str(FieldPart, r.name).Int64(FieldDuration, time.Since(begun).Milliseconds()).Msg("stopped")
	return runErr
}

// Signals returns two contexts for Group.Run: the first SIGINT or SIGTERM ends drain, the second ends cut (and so does
// the parent). onFirst and onSecond, where not nil, are called at that moment, so that a person sees at once that the
// key was heard. release gives the signals back; call it once.
func Signals(parent context.Context, onFirst, onSecond func()) (drain, cut context.Context, release func()) {
	cut, endCut := context.WithCancel(parent)
	drain, endDrain := context.WithCancel(cut)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for _, step := range []struct {
			tell func()
			end  context.CancelFunc
		}{{onFirst, endDrain}, {onSecond, endCut}} {
			select {
			case <-quit:
				return
			case <-signals:
			}
			if step.tell != nil {
				step.tell()
			}
			step.end()
		}
	}()
	return drain, cut, func() {
		signal.Stop(signals)
		close(quit)
		<-gone
		endDrain()
		endCut()
	}
}

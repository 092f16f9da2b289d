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

// Part is a part of a process. Start, Run and Stop never overlap: Run follows a Start that returned
// nil, and Stop follows the end of Run.
type Part interface {
	// Start makes the part ready to work and returns. ctx is only for the start: it ends when the
	// group stops or another part fails, so nothing that lives longer may keep it.
	Start(ctx context.Context) error
	// Run works until ctx ends. When it returns nil before that, the part is done and the others go
	// on.
	Run(ctx context.Context) error
	// Stop drains and releases what Start has acquired, before ctx ends. It is called after every
	// Start that returned nil.
	Stop(ctx context.Context) error
}

// Funcs is a Part made of functions. A nil function does nothing; without RunFunc the part lasts
// until the group stops.
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

// Group starts parts in the order they were added and stops them in reverse order. Make it with
// NewGroup.
type Group struct {
	log   zerolog.Logger
	drain time.Duration
	parts []*running
}

// running is a part and the state of its Run.
type running struct {
	name   string
	part   Part
	cancel context.CancelFunc
	done   chan error // receives the result of Run, once
}

// NewGroup returns an empty group. drain is the time that all its parts together have to stop.
func NewGroup(log zerolog.Logger, drain time.Duration) *Group {
	return &Group{log: log, drain: drain}
}

// Add adds a part. name is a short word for logs and errors.
func (g *Group) Add(name string, p Part) {
	g.parts = append(g.parts, &running{name: name, part: p})
}

// Run starts the parts in order; each one runs before the next one starts. It waits until ctx ends,
// a part fails, or all parts are done. Then it stops the parts in reverse order: it ends the part's
// Run, waits for that, and calls Stop.
//
// Run returns the first failure, with the part's name. The end of ctx is no failure. When cut ends,
// Run waits for nothing more and returns ErrInterrupted: what a part has not made durable by then
// is lost, as after kill -9.
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

// start starts the parts until one fails or ctx ends, and returns the parts that run. When the Run
// of a part fails, start calls end, so that the start of another part does not wait for the failed
// one.
func (g *Group) start(
	ctx context.Context, end func(), failed chan<- error, finished chan<- struct{},
) ([]*running, error) {
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
		// The group ends the parts in reverse order. If they ended with ctx, all would end at once,
		// and a part could still need one that has ended.
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

// wait returns the first failure, or nil when ctx or cut has ended or all n parts are done.
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

// stop stops the parts in reverse order and returns the first failure. When cut ends, stop waits
// for nothing more.
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

// stopPart waits for the end of a part's Run and calls its Stop. When Run does not end in time,
// Stop is not called, because the two must not overlap.
func (g *Group) stopPart(ctx context.Context, r *running) error {
	var runErr error
	select {
	case runErr = <-r.done:
	case <-ctx.Done():
		return fmt.Errorf(
			"%s: not done within the %s given to stop: %w", r.name, g.drain, ctx.Err(),
		)
	}
	begun := time.Now()
	if err := r.part.Stop(ctx); err != nil {
		return errors.Join(runErr, fmt.Errorf("%s: stop: %w", r.name, err))
	}
	g.log.Debug().Str(FieldPart, r.name).Int64(FieldDuration, time.Since(begun).Milliseconds()).
		Msg("stopped")
	return runErr
}

// Signals returns two contexts for Group.Run. The first SIGINT or SIGTERM ends drain. The second
// one ends cut, and so does the end of parent. onFirst and onSecond, when they are not nil, are
// called at that moment, so that a person sees at once that the signal has arrived. The caller
// calls release once; it ends the handling of signals.
func Signals(
	parent context.Context, onFirst, onSecond func(),
) (drain, cut context.Context, release func()) {
	cut, endCut := context.WithCancel(parent)
	drain, endDrain := context.WithCancel(cut)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
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
		<-ended
		endDrain()
		endCut()
	}
}

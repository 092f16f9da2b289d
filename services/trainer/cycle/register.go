package cycle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/registry"
)

const (
	// startTag says in the registry what a fit started from.
	startTag = "loadtide.start"
	// scratchPrefix begins the folders that are written before they are registered;
	// scratchAge is when one that was left behind is taken away.
	scratchPrefix = "train-"
	scratchAge    = 24 * time.Hour
)

// keep writes the folder of a model that is not registered.
func (c *Cycle) keep(f fitted, v Verdict, out *Outcome) error {
	dir, done, err := c.folder()
	if err != nil {
		return err
	}
	defer done()
	out.Verdict, out.Why = v, "not registered"
	m, err := c.write(dir, f, out, v, nil)
	if err == nil {
		out.Digest = m.Digest
	}
	return err
}

// register writes the folder with the verdict in it, adds the version, and moves
// the alias when the gate let it through. Every version is kept.
func (c *Cycle) register(ctx context.Context, f fitted, v Verdict, histories []*dataset.History, cut dataset.Cut, out *Outcome) error {
	dir, done, err := c.folder()
	if err != nil {
		return err
	}
	defer done()
	tags := v.Tags()
	tags[startTag] = out.Start
	if id := c.run.runID(); id != "" {
		tags[registry.Run] = id
	}
	m, err := c.write(dir, f, out, v, tags)
	if err != nil {
		return err
	}
	out.Digest, out.Verdict, out.Why = m.Digest, v, v.Why()
	found := finding{f, out, v, c.judgement(cut), histories, card(f.spec, out, v)}
	if err := c.insist(ctx, func() error { return c.run.finish(ctx, found) }); err != nil {
		return err
	}
	added, err := c.add(ctx, dir, m.Digest)
	if err != nil {
		return err
	}
	out.Version = added.Version
	if !v.Passed {
		return nil
	}
	if err := c.holds(ctx); err != nil {
		return fmt.Errorf("v%s is registered and stays out: %w", added.Version, err)
	}
	err = c.insist(ctx, func() error {
		return c.Registry.SetAlias(ctx, c.Config.Model, registry.Champion, added.Version)
	})
	out.Champion = err == nil
	return err
}

// folder is where the model is written; done removes it unless it was asked for.
func (c *Cycle) folder() (dir string, done func(), err error) {
	if c.Out != "" {
		return c.Out, func() {}, nil
	}
	dir = filepath.Join(c.Scratch, scratchPrefix+strconv.Itoa(os.Getpid()))
	left, err := filepath.Glob(filepath.Join(c.Scratch, scratchPrefix+"*"))
	for _, old := range left { // of killed cycles; a younger one may be another process' own
		if info, e := os.Stat(old); e == nil && (old == dir || time.Since(info.ModTime()) > scratchAge) {
			err = errors.Join(err, os.RemoveAll(old))
		}
	}
	if err != nil {
		return "", nil, fmt.Errorf("make room for the model folder: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // the next cycle of this process would otherwise
}

// add registers the folder, once: when an answer was lost, the version that is
// there under this digest and was not before is the one.
func (c *Cycle) add(ctx context.Context, dir, digest string) (registry.Version, error) {
	if err := c.holds(ctx); err != nil {
		return registry.Version{}, err
	}
	before, err := c.known(ctx, digest)
	if err != nil {
		return registry.Version{}, err
	}
	var added registry.Version
	again := false
	err = c.insist(ctx, func() error {
		if again {
			now, err := c.known(ctx, digest)
			if err != nil {
				return err
			}
			maps.DeleteFunc(now, func(version string, _ registry.Version) bool { _, was := before[version]; return was })
			if ours := slices.Collect(maps.Values(now)); len(ours) > 0 {
				added = ours[0]
				return nil
			}
		}
		again = true
		var err error
		added, err = c.Registry.Register(ctx, c.Config.Model, dir)
		return err
	})
	return added, err
}

// known are the versions of a digest. Broken ones beside them are not its concern.
func (c *Cycle) known(ctx context.Context, digest string) (map[string]registry.Version, error) {
	known := map[string]registry.Version{}
	err := c.insist(ctx, func() error {
		all, err := c.Registry.Versions(ctx, c.Config.Model)
		for _, v := range all {
			if v.Digest == digest {
				known[v.Version] = v
			}
		}
		var folder *registry.FolderError
		if errors.As(err, &folder) {
			return nil
		}
		return err
	})
	return known, err
}

func (c *Cycle) holds(ctx context.Context) error {
	if c.Holds == nil {
		return nil
	}
	return c.Holds(ctx)
}

const (
	insistLeast = time.Second
	insistMost  = 5 * time.Minute
)

// insist asks the registry until it answers: a model that took an hour is not
// thrown away because the registry is away for a minute. What it says of a model
// or a folder is an answer too.
func (c *Cycle) insist(ctx context.Context, ask func() error) error {
	var folder *registry.FolderError
	left, wait := c.Patience, insistLeast
	for {
		err := ask()
		if err == nil || errors.Is(err, registry.ErrNotFound) || errors.As(err, &folder) || left < wait {
			return err
		}
		if c.Waiting != nil {
			c.Waiting(err)
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait):
		}
		left -= wait
		wait = min(2*wait, insistMost)
	}
}

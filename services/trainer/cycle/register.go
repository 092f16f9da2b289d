package cycle

import (
	"context"
	"fmt"

	"github.com/loadtide/loadtide/pkg/registry"
)

// StartTag is the tag of a version that says what the fit started from.
const StartTag = "loadtide.start"

// leave writes the folder of a model that is not registered.
func (a *attempt) leave(found gateInput) error {
	dir, done, err := a.folder()
	if err != nil {
		return err
	}
	defer done()
	a.out.Verdict, a.out.Why = verdictOf(found), "not registered"
	m, err := a.write(dir, nil)
	if err == nil {
		a.out.Digest = m.Digest
	}
	return err
}

// register writes the folder with the verdict in it and adds the version. When the gate let the
// version pass, register makes it the champion. Every version is kept.
func (a *attempt) register(ctx context.Context, v Verdict) error {
	dir, done, err := a.folder()
	if err != nil {
		return err
	}
	defer done()
	a.out.Verdict, a.out.Why = v, v.Why()
	tags := v.Tags()
	tags[StartTag] = a.out.Start
	if id := a.run.runID(); id != "" {
		tags[registry.Run] = id
	}
	m, err := a.write(dir, tags)
	if err != nil {
		return err
	}
	a.out.Digest = m.Digest
	finish := func(ctx context.Context) error { return a.run.finish(ctx, a) }
	if err := a.registry.until(ctx, answered, finish); err != nil {
		return err
	}
	if err := a.holds(ctx); err != nil {
		return err
	}
	added, err := a.registry.registerOnce(ctx, a.Config.Model, dir, m.Digest)
	if err != nil {
		return err
	}
	a.out.Version = added.Version
	if !v.Passed {
		return nil
	}
	if err := a.holds(ctx); err != nil {
		return fmt.Errorf("v%s is registered and stays out: %w", added.Version, err)
	}
	err = a.registry.SetAlias(ctx, a.Config.Model, registry.Champion, added.Version)
	a.out.Champion = err == nil
	return err
}

func (c *Cycle) holds(ctx context.Context) error {
	if c.Holds == nil {
		return nil
	}
	return c.Holds(ctx)
}

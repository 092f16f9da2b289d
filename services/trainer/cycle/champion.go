package cycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
)

// championComparison is the champion in the same test range.
type championComparison struct {
	version string
	ours    evaluate.Report // of the new model, over the leads that both have
	theirs  evaluate.Report // of the champion
	fault   string          // why the champion cannot be read or compared; empty when it can
	broken  bool            // the champion cannot be read, so no model serves that could be better
}

// maxComparisons bounds how often the comparison is repeated because the champion changed
// meanwhile.
const maxComparisons = 3

// compareChampion scores the champion at the origins of the new model. It returns nil when there is
// no champion.
func (a *attempt) compareChampion(ctx context.Context) (*championComparison, error) {
	champion, err := a.champion(ctx)
	for range maxComparisons {
		var c *championComparison
		if err == nil && champion != nil {
			c, err = a.compareWith(ctx, *champion)
		}
		if err != nil {
			return nil, err
		}
		before := champion
		if champion, err = a.champion(ctx); err == nil && sameVersion(before, champion) {
			return c, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("the champion was changed %d times while the new model was judged: "+
		"train again when that has ended", maxComparisons)
}

func sameVersion(a, b *registry.Version) bool {
	return a == b || a != nil && b != nil && a.Version == b.Version && a.Digest == b.Digest
}

// compareWith scores one version. When the horizons or the levels differ, both models are scored on
// the leads and the levels that they share.
func (a *attempt) compareWith(
	ctx context.Context, champion registry.Version,
) (*championComparison, error) {
	c := &championComparison{version: champion.Version, ours: a.out.Report}
	dir, err := a.registry.Fetch(ctx, champion)
	if err != nil {
		return nil, err
	}
	ours, spec := a.judged(), a.fitted.spec
	theirs, err := model.Load(dir)
	if err != nil {
		c.fault, c.broken = fmt.Sprintf("cannot be read: %v", err), true
		return c, nil
	}
	shared := target{
		leads:  min(theirs.Spec.Horizon, spec.Horizon),
		levels: evaluate.CommonLevels(spec.Levels, theirs.Spec.Levels),
	}
	if shared.leads < spec.Horizon || len(shared.levels) < len(spec.Levels) {
		report, err := a.score(ctx, ours, shared, nil)
		if err != nil {
			return nil, err
		}
		c.ours = report
	}
	report, err := a.score(ctx, theirs, shared, nil)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		c.fault = fmt.Sprintf("cannot be measured on these readings: %v; loadtide models promote "+
			"changes over by hand", err)
		return c, nil
	}
	c.theirs = report
	return c, nil
}

// champion is the version that serves, nil before the first one.
func (a *attempt) champion(ctx context.Context) (*registry.Version, error) {
	v, err := a.registry.ByAlias(ctx, a.Config.Model, registry.Champion)
	if errors.Is(err, registry.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

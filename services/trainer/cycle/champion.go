package cycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/train"
)

// championComparison is the champion in the same test range, or the base model while there is none.
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
	theirs, err := model.Load(dir)
	if err != nil {
		c.fault, c.broken = fmt.Sprintf("cannot be read: %v", err), true
		return c, nil
	}
	return c, a.compare(ctx, c, theirs)
}

// compareBase scores the base model, which serves while there is no champion. It returns nil where
// none serves, and when the new model is the base model itself.
func (a *attempt) compareBase(ctx context.Context) (*championComparison, error) {
	_, serves := registry.ModelInterval(a.fitted.spec.Name)
	base, ok, err := a.base()
	if err != nil || !ok || !serves || a.out.Start == StartUnchanged {
		return nil, err
	}
	c := &championComparison{version: model.BaseVersion, ours: a.out.Report}
	theirs := draft(base.Spec, train.Result{LSTM: base.LSTM, Head: base.Head})
	err = a.compare(ctx, c, theirs)
	c.broken = c.fault != ""
	return c, err
}

// compare scores another model at the origins of the new one.
func (a *attempt) compare(ctx context.Context, c *championComparison, theirs *model.Model) error {
	ours, spec := a.judged(), a.fitted.spec
	shared := target{
		leads:  min(theirs.Spec.Horizon, spec.Horizon),
		levels: evaluate.CommonLevels(spec.Levels, theirs.Spec.Levels),
	}
	if shared.leads < spec.Horizon || len(shared.levels) < len(spec.Levels) {
		report, err := a.score(ctx, ours, shared, nil)
		if err != nil {
			return err
		}
		c.ours = report
	}
	report, err := a.score(ctx, theirs, shared, nil)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.fault = fmt.Sprintf("cannot be measured on these readings: %v; loadtide models promote "+
			"changes over by hand", err)
		return nil
	}
	c.theirs = report
	return nil
}

// title is what a verdict calls the other model.
func (c *championComparison) title() string {
	if c.version == model.BaseVersion {
		return "base model"
	}
	return "champion v" + c.version
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

package cycle

import (
	"context"
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

// warmStart is what a fit starts from.
type warmStart struct {
	params *train.Params // nil: random weights
	curve  series.Curve  // the scale of params
	words  string        // what the fit starts from, and why not from the champion
}

// warm takes the weights of the champion when the configuration asks for them and they fit: the
// network of the champion has the same sizes and reads the same features on one of the curves.
func (a *attempt) warm(
	ctx context.Context, layout series.Layout, curves []series.Curve,
) (warmStart, error) {
	if a.Config.Start != StartChampion || a.Registry == nil {
		return warmStart{words: StartScratch}, nil
	}
	champion, err := a.champion(ctx)
	if err != nil {
		return warmStart{}, err
	}
	if champion == nil {
		return warmStart{words: StartScratch + ": there is no champion yet"}, nil
	}
	dir, err := a.registry.Fetch(ctx, *champion)
	if err != nil {
		return warmStart{}, err
	}
	scratch := func(format string, args ...any) warmStart {
		why := fmt.Sprintf(format, args...)
		return warmStart{words: fmt.Sprintf("%s: champion v%s %s", StartScratch, champion.Version,
			why)}
	}
	old, err := model.LoadArtifact(dir)
	if err != nil {
		return scratch("cannot be read: %v", err), nil
	}
	for _, curve := range curves {
		spec := a.spec(layout, dataset.Cut{}, curve)
		switch {
		case old.Spec.Scale != spec.Scale:
			continue
		case !sameNetwork(old.Spec, spec):
			return scratch("has other sizes or reads other features"), nil
		}
		params := &train.Params{LSTM: old.LSTM, Head: old.Head}
		return warmStart{params: params, curve: curve, words: "champion v" + champion.Version}, nil
	}
	return scratch("is on the scale %s, which is not tried", old.Spec.Scale), nil
}

// sameNetwork reports whether the weights of one spec fit another spec.
func sameNetwork(a, b model.Spec) bool {
	return a.Shape() == b.Shape() && slices.Equal(a.Levels, b.Levels) &&
		slices.Equal(a.Inputs, b.Inputs) &&
		slices.Equal(a.LeadFeatures, b.LeadFeatures) &&
		slices.Equal(a.CurrentFeatures, b.CurrentFeatures)
}

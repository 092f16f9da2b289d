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
	params *train.Params // nil: from scratch
	curve  series.Curve  // the scale of params
	words  string        // what was chosen, and why not the champion
}

// warm takes the champion's weights where they were asked for and fit: the network
// has the same sizes and reads the same features on one of these scales.
func (c *Cycle) warm(ctx context.Context, layout series.Layout, curves []series.Curve) (warmStart, error) {
	if c.Config.Start != StartChampion || c.Registry == nil {
		return warmStart{words: StartScratch}, nil
	}
	champion, err := c.champion(ctx)
	if err != nil {
		return warmStart{}, err
	}
	if champion == nil {
		return warmStart{words: StartScratch + ": there is no champion yet"}, nil
	}
	dir, err := c.fetch(ctx, *champion)
	if err != nil {
		return warmStart{}, err
	}
	from := func(format string, args ...any) warmStart {
		return warmStart{words: fmt.Sprintf("%s: champion v%s ", StartScratch, champion.Version) + fmt.Sprintf(format, args...)}
	}
	a, err := model.LoadArtifact(dir)
	if err != nil {
		return from("cannot be read: %v", err), nil
	}
	for _, curve := range curves {
		want := c.spec(layout, dataset.Cut{}, curve)
		if a.Spec.Scale != want.Scale {
			continue
		}
		if a.Spec.Shape() != want.Shape() || !slices.Equal(a.Spec.Levels, want.Levels) || !slices.Equal(a.Spec.Inputs, want.Inputs) ||
			!slices.Equal(a.Spec.LeadFeatures, want.LeadFeatures) || !slices.Equal(a.Spec.CurrentFeatures, want.CurrentFeatures) {
			return from("has other sizes or reads other features"), nil
		}
		return warmStart{params: &train.Params{LSTM: a.LSTM, Head: a.Head}, curve: curve, words: "champion v" + champion.Version}, nil
	}
	return from("is on the scale %s, which is not tried", a.Spec.Scale), nil
}

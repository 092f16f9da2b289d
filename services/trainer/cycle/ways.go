package cycle

import (
	"context"
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/train"
)

// way is one way to a network: what the fit starts from, what the network reads, and how long the fit
// is at most. Of several ways the validation range chooses one.
type way struct {
	words      string // what the fit starts from, for a person
	layout     series.Layout
	curve      series.Curve
	hidden     int
	params     *train.Params // that the fit starts from; nil: random weights
	of         model.Spec    // of params
	iterations int           // 0: the weights stay as they are
	settle     int           // steps at the start of a window without a loss
}

const (
	// baseFurther is the share of the iterations of a new network that one is trained further for.
	baseFurther = 3. / 8
	// baseSettle is the burn-in of a network that knows how to find its state, in hours.
	baseSettle = 72
)

// Words for the ways from a base model: as it is, and trained further.
const (
	StartUnchanged = StartBase + ", unchanged"
	wordsFurther   = StartBase + ", trained further"
)

// ways are the ways that the cycle tries. Without Config.Choose it is one.
func (a *attempt) ways(ctx context.Context) ([]way, error) {
	layout, err := a.features()
	if err != nil {
		return nil, err
	}
	fresh := a.fresh(layout)
	var all []way
	switch a.Config.Start {
	case StartChampion:
		one, err := a.fromChampion(ctx)
		if err != nil {
			return nil, err
		}
		if one.params != nil {
			return []way{one}, nil
		}
		a.tell(Event{Kind: Warning, Text: "the fit starts from " + one.words})
		for i := range fresh {
			fresh[i].words = one.words
		}
	case StartBase, StartAuto:
		if a.Config.Start == StartAuto && !a.Config.Choose && (a.Ahead != nil || a.Config.Country != "") {
			break // who names features means them
		}
		var why string
		if all, why, err = a.fromBase(); err != nil {
			return nil, err
		}
		if a.Config.Start == StartBase {
			if len(all) == 0 {
				return nil, &service.HintError{
					What: fmt.Sprintf("start: no training starts from the base model: it %s", why),
					Fix:  []string{"--start auto takes what there is"},
				}
			}
			fresh = nil
		}
	}
	all = append(all, fresh...)
	if !a.Config.Choose {
		all = all[:1]
	}
	return all, nil
}

// fresh are the ways of a new network, one for each curve of the scale that is worth a try.
func (a *attempt) fresh(layout series.Layout) []way {
	var all []way
	for _, curve := range curvesOf(a.histories, a.cut.TrainUntil) {
		all = append(all, way{
			words: StartScratch, layout: layout, curve: curve, hidden: a.Config.Hidden,
			iterations: a.Config.Iterations, settle: a.Config.BurnIn,
		})
	}
	return all
}

// fromBase are the ways from the base model: trained further, and, where there is a choice, as it is.
// When there are none, why says so.
func (a *attempt) fromBase() (ways []way, why string, err error) {
	base, ok, err := a.base()
	if err != nil || !ok {
		return nil, "is not there for " + meter.IntervalName(a.interval()), err
	}
	one, why, err := a.further(base, a.Config.Zone, "")
	if err != nil || why != "" {
		return nil, why, err
	}
	one.words = wordsFurther
	if !a.Config.Choose {
		return []way{one}, "", nil
	}
	one.iterations = max(1, int(baseFurther*float64(one.iterations)))
	as := one
	as.words, as.iterations = StartUnchanged, 0
	return []way{as, one}, "", nil
}

// further is the way from the weights of a network, whose sizes, features and scale it keeps. When
// the network cannot forecast what is asked for, why says so.
func (a *attempt) further(old model.Artifact, zone, country string) (one way, why string, err error) {
	spec := old.Spec
	covariates, err := a.Ahead.Standardised(a.cut.TrainUntil)
	if err != nil {
		return way{}, "", err
	}
	switch {
	case spec.Step() != a.interval():
		return way{}, "forecasts intervals of " + spec.Interval, nil
	case spec.Horizon < a.leads:
		return way{}, fmt.Sprintf("has %d leads, and %d are asked for", spec.Horizon, a.leads), nil
	case !slices.Equal(spec.Levels, a.Config.Levels):
		return way{}, fmt.Sprintf("has the levels %v", spec.Levels), nil
	case len(spec.Covariates) > 0 && !slices.Equal(spec.Covariates, covariates):
		return way{}, "reads other covariates", nil
	}
	old = old.WithHorizon(a.leads)
	layout, err := series.LayoutOf(spec.Inputs, spec.LeadFeatures, spec.CurrentFeatures,
		spec.Covariates...)
	if err != nil {
		return way{}, "", err
	}
	place, err := series.NewPlace(zone, country)
	if err != nil {
		return way{}, "", err
	}
	one = way{
		layout: layout.At(place), curve: series.Plain, hidden: spec.Hidden,
		params: &train.Params{LSTM: old.LSTM, Head: old.Head}, of: spec,
		iterations: a.Config.Iterations,
		settle:     min(baseSettle, a.Config.BurnIn),
	}
	if spec.Scale == model.ScaleAsinh {
		one.curve = series.Asinh
	}
	return one, "", nil
}

// base is the base model of the interval; ok is false when there is none.
func (a *attempt) base() (base model.Artifact, ok bool, err error) {
	if a.Base == nil {
		return model.Artifact{}, false, nil
	}
	return a.Base(a.interval())
}

// fromChampion is the way from the weights of the champion. When they cannot be trained further, the
// way has no weights, and its words say why.
func (a *attempt) fromChampion(ctx context.Context) (way, error) {
	scratch := func(format string, args ...any) (way, error) {
		return way{words: StartScratch + ": " + fmt.Sprintf(format, args...)}, nil
	}
	if a.Registry == nil {
		return scratch("a model that is not registered has no champion before it, give --register")
	}
	champion, err := a.champion(ctx)
	if err != nil {
		return way{}, err
	}
	if champion == nil {
		return scratch("there is no champion yet")
	}
	dir, err := a.registry.Fetch(ctx, *champion)
	if err != nil {
		return way{}, err
	}
	old, err := model.LoadArtifact(dir)
	if err != nil {
		return scratch("champion v%s cannot be read: %v", champion.Version, err)
	}
	one, why, err := a.further(old, old.Spec.Zone, old.Spec.Country)
	if err != nil {
		return way{}, err
	}
	if why != "" {
		return scratch("champion v%s %s", champion.Version, why)
	}
	one.words = "champion v" + champion.Version
	return one, nil
}

package cycle

import (
	"fmt"
	"math"

	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
)

// CheckName names a check of the gate. The words are those of the version's tags and metrics, and
// the label of the metric of refusals.
type CheckName string

// The checks. The first four say whether a model is sound: no model serves without them. The checks
// of crossing and champion count for every model but the first. The check naive is told and refuses
// no model: a model that is better than the champion is the better of the two to serve, also when
// both are worse than the rule.
const (
	CheckFinite   CheckName = "finite"   // every quantile of every forecast is finite
	CheckOrdered  CheckName = "ordered"  // the quantiles that would be published ascend
	CheckScale    CheckName = "scale"    // forecasts are as large as the readings
	CheckKernels  CheckName = "kernels"  // the layers that serve agree with the training graph
	CheckCrossing CheckName = "crossing" // the network itself, before sorting, rarely crosses
	CheckNaive    CheckName = "naive"    // better than the same hour of yesterday
	CheckChampion CheckName = "champion" // better than the version that serves
)

// RefusingChecks lists the checks that can keep a version from serving, in the order of a verdict.
func RefusingChecks() []CheckName {
	return []CheckName{CheckFinite, CheckOrdered, CheckScale, CheckKernels, CheckCrossing,
		CheckChampion}
}

const (
	// maxDifference bounds the difference between serving and training, see agreement.
	maxDifference = 1e-5
	// maxCrossed bounds the share of leads whose quantiles are out of order before they are sorted.
	maxCrossed = 0.5
	// maxFactor bounds how many times the medians of the middle series may be larger or smaller
	// than its readings.
	maxFactor = 4
	// wildTimes is the number of times the largest reading of its series that a quantile may be.
	// maxWild bounds the share of forecasts with a larger quantile.
	wildTimes, maxWild = 100, 1e-3
)

// gateInput is what a verdict is made of.
type gateInput struct {
	forecasts  forecastCounts
	difference float64             // see agreement
	crossed    float64             // see agreement
	ours       []evaluate.Loss     // of the new model
	naive      []evaluate.Loss     // of the rule "same hour yesterday"
	champion   *championComparison // nil without a champion
}

// verdictOf is the verdict of the gate.
func verdictOf(in gateInput) Verdict {
	v := Verdict{First: in.champion == nil || in.champion.broken}
	if in.champion != nil {
		v.Champion = in.champion.version
	}
	v.sound(in)
	v.add(CheckCrossing, in.crossed <= maxCrossed, in.crossed,
		"quantiles of %.2g %% of leads cross before sorting (at most %.0f %%)", 100*in.crossed,
		100*maxCrossed)
	naive, err := evaluate.Compare(in.ours, in.naive)
	v.compared(CheckNaive, "seasonal naive", naive, err)
	if c := in.champion; c != nil && c.fault != "" {
		v.add(CheckChampion, c.broken, math.NaN(), "%s %s", c.title(), c.fault)
	} else if c != nil {
		champion, err := evaluate.CompareReports(&c.ours, &c.theirs)
		v.compared(CheckChampion, c.title(), champion, err)
	}
	v.Passed = len(v.refusing()) == 0
	return v
}

// sound adds the checks that no model serves without.
func (v *Verdict) sound(in gateInput) {
	c, without := in.forecasts, ""
	if c.without != "" {
		without = ", without those of " + c.without
	}
	v.add(CheckFinite, c.forecasts > 0 && c.infinite == 0 && meter.Finite(in.difference),
		float64(c.infinite),
		"%d of %d forecasts hold a quantile that is no number%s", c.infinite, c.forecasts, without)
	v.add(CheckOrdered, c.unordered == 0, float64(c.unordered),
		"%d of %d forecasts have quantiles out of order", c.unordered, c.forecasts)
	v.add(CheckScale, c.ratio <= maxFactor && c.ratio >= 1./maxFactor && c.wildShare() <= maxWild,
		c.ratio,
		"medians are %.3g times the readings (%.3g to %d), "+
			"%.2g %% of forecasts are beyond %d times the largest reading (at most %.2g %%)%s",
		c.ratio, 1./maxFactor, maxFactor, 100*c.wildShare(), wildTimes, 100*maxWild, without)
	v.add(CheckKernels, in.difference <= maxDifference, in.difference,
		"serving differs from the training graph by %.2g (at most %.0e)", in.difference,
		maxDifference)
}

func (v *Verdict) add(name CheckName, passed bool, value float64, words string, args ...any) {
	v.Checks = append(v.Checks, Check{name, passed, value, fmt.Sprintf(words, args...)})
}

// compared adds the comparison of the new model with another forecast.
func (v *Verdict) compared(name CheckName, other string, c evaluate.Comparison, err error) {
	if err != nil {
		v.add(name, false, math.NaN(), "%s: %v", other, err)
		return
	}
	v.add(name, c.Better, c.Gain, "%s: %s, wQL %.3g and %.3g", other, c.InWords, c.OursWQL,
		c.TheirsWQL)
}

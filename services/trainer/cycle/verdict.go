package cycle

import (
	"fmt"
	"math"
	"strings"

	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
)

// CheckName is one thing the gate looks at; the words are those in the version's
// tags and metrics and the label of the metric of refusals.
type CheckName string

// The checks. The first four say whether a model is sound: none serves without
// them. The others say whether it is worth more than what serves: they do not
// count for the first model.
const (
	CheckFinite   CheckName = "finite"   // every quantile of every forecast is a number
	CheckOrdered  CheckName = "ordered"  // the quantiles that would be published ascend
	CheckScale    CheckName = "scale"    // forecasts are as large as the readings
	CheckKernels  CheckName = "kernels"  // the layers that serve agree with the training graph
	CheckCrossing CheckName = "crossing" // the network itself, before sorting, rarely crosses
	CheckNaive    CheckName = "naive"    // better than the same hour of yesterday
	CheckChampion CheckName = "champion" // better than the version that serves
)

// CheckNames lists them in the order of a verdict.
func CheckNames() []CheckName {
	return []CheckName{CheckFinite, CheckOrdered, CheckScale, CheckKernels, CheckCrossing, CheckNaive, CheckChampion}
}

const (
	// mostDifference is how far serving may be from training, relative to the largest
	// value that a quantile is made from, at least 1, in scaled units.
	mostDifference = 1e-5
	// mostCrossed is the share of leads whose quantiles may come out of order.
	mostCrossed = 0.5
	// mostOff is the factor by which the medians of the typical series may be
	// larger or smaller than its readings.
	mostOff = 4
	// wildTimes is how many times the largest reading of its series a quantile may
	// be; mostWild is the share of forecasts that may hold one beyond.
	wildTimes, mostWild = 100, 1e-3
)

// Check is what the gate found on one thing.
type Check struct {
	Name   CheckName `json:"name"`
	Passed bool      `json:"passed"`
	Value  float64   `json:"value"` // a number for the metrics; NaN without one
	Words  string    `json:"words"`
}

// Verdict is the gate's answer.
type Verdict struct {
	Passed bool    // the version serves
	First  bool    // nothing that can be read serves yet: sound is enough
	Rival  string  // the version it was held against, "" when there was none
	Checks []Check // in the order of CheckNames, without those there is nothing to say on
}

// evidence is what a verdict is made of.
type evidence struct {
	served     served
	difference float64 // largest one between serving and training
	crossed    float64 // share of leads
	ours       []evaluate.Loss
	naive      []evaluate.Loss
	rival      *rival // nil without a champion
}

// rival is the champion on the same time.
type rival struct {
	version string
	ours    []evaluate.Loss // of the new model, over the leads that both have
	losses  []evaluate.Loss
	fault   string // why it cannot be read, or cannot be compared with
	broken  bool   // it cannot be read, so nothing serves that could be worse
}

// verdictOf is the verdict on evidence.
func verdictOf(e evidence) Verdict {
	v := Verdict{First: e.rival == nil || e.rival.broken}
	if e.rival != nil {
		v.Rival = e.rival.version
	}
	s := e.served
	v.add(CheckFinite, s.forecasts > 0 && s.infinite == 0 && meter.Finite(e.difference), float64(s.infinite),
		"%d of %d forecasts hold a quantile that is no number", s.infinite, s.forecasts)
	v.add(CheckOrdered, s.unordered == 0, float64(s.unordered), "%d of %d forecasts have quantiles out of order", s.unordered, s.forecasts)
	v.add(CheckScale, s.ratio <= mostOff && s.ratio >= 1./mostOff && s.wildShare() <= mostWild, s.ratio,
		"medians are %.3g times the readings (%.3g to %d), %.2g %% of forecasts are beyond %d times the largest reading (at most %.2g %%)",
		s.ratio, 1./mostOff, mostOff, 100*s.wildShare(), wildTimes, 100*mostWild)
	v.add(CheckKernels, e.difference <= mostDifference, e.difference, "serving differs from the training graph by %.2g (at most %.0e)", e.difference, mostDifference)
	sound := v.all()
	v.add(CheckCrossing, e.crossed <= mostCrossed, e.crossed, "quantiles of %.2g %% of leads cross before sorting (at most %.0f %%)", 100*e.crossed, 100*mostCrossed)
	v.compare(CheckNaive, "seasonal naive", e.ours, e.naive)
	switch {
	case e.rival == nil:
	case e.rival.fault != "":
		v.add(CheckChampion, e.rival.broken, math.NaN(), "champion v%s %s", e.rival.version, e.rival.fault)
	default:
		v.compare(CheckChampion, "champion v"+e.rival.version, e.rival.ours, e.rival.losses)
	}
	v.Passed = sound && (v.First || v.all())
	return v
}

func (v *Verdict) add(name CheckName, passed bool, value float64, words string, args ...any) {
	v.Checks = append(v.Checks, Check{name, passed, value, fmt.Sprintf(words, args...)})
}

func (v *Verdict) compare(name CheckName, other string, ours, theirs []evaluate.Loss) {
	c, err := evaluate.Compare(ours, theirs)
	if err != nil {
		v.add(name, false, math.NaN(), "%s: %v", other, err)
		return
	}
	v.add(name, c.Better, c.Gain, "%s: %s, wQL %.3g and %.3g", other, c.InWords, c.OursWQL, c.TheirsWQL)
}

func (v *Verdict) all() bool { return len(v.failed()) == 0 }

func (v *Verdict) failed() []Check {
	var failed []Check
	for _, c := range v.Checks {
		if !c.Passed {
			failed = append(failed, c)
		}
	}
	return failed
}

// Refusals are the checks that kept the version from serving, none when it
// serves.
func (v Verdict) Refusals() []CheckName {
	if v.Passed {
		return nil
	}
	var names []CheckName
	for _, c := range v.failed() {
		names = append(names, c.Name)
	}
	return names
}

// Why is the verdict in one line: what it was held against when it serves, what
// failed when it does not.
func (v Verdict) Why() string {
	var parts []string
	if v.Passed && v.First && v.Rival == "" {
		parts = append(parts, "the first model")
	}
	for _, c := range v.Checks {
		if held := c.Name == CheckNaive || c.Name == CheckChampion; v.Passed && held || !v.Passed && !c.Passed {
			parts = append(parts, c.Words)
		}
	}
	return strings.Join(parts, "; ")
}

// word is passed, first or refused.
func (v Verdict) word() string {
	switch {
	case !v.Passed:
		return "refused"
	case v.First:
		return "first"
	default:
		return "passed"
	}
}

// Tags say the verdict in the registry: loadtide.gate is passed, first or refused;
// loadtide.gate.<check> is what was found; the description is all of it.
func (v Verdict) Tags() map[string]string {
	tags := map[string]string{registry.Verdict: v.word()}
	var text strings.Builder
	fmt.Fprintf(&text, "Gate: %s.\n", v.word())
	for _, c := range v.Checks {
		word := "ok"
		if !c.Passed {
			word = "no"
		}
		tags[registry.Verdict+"."+string(c.Name)] = word + ": " + c.Words
		fmt.Fprintf(&text, "- %s %s: %s\n", c.Name, word, c.Words)
	}
	tags[registry.Description] = text.String()
	return tags
}

// Metrics are the verdict's numbers by name: gate_passed is 1 or 0, gate_<check>
// the value of a check.
func (v Verdict) Metrics() map[string]float64 {
	all := map[string]float64{"gate_passed": 0}
	if v.Passed {
		all["gate_passed"] = 1
	}
	for _, c := range v.Checks {
		if meter.Finite(c.Value) {
			all["gate_"+string(c.Name)] = c.Value
		}
	}
	return all
}

package cycle

import (
	"fmt"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
)

// Check is the result of one check of the gate.
type Check struct {
	Name   CheckName `json:"name"`
	Passed bool      `json:"passed"`
	Value  float64   `json:"value"` // a number for the metrics; NaN without one
	Words  string    `json:"words"`
}

// Verdict is the result of the gate.
type Verdict struct {
	Passed   bool    // the version serves
	First    bool    // no version that can be read serves yet: a sound version passes
	Champion string  // the version that the new one was compared with; empty when there was none
	Checks   []Check // a check without data is left out
}

// refusing lists the checks that failed and count.
func (v *Verdict) refusing() []Check {
	var failed []Check
	for _, c := range v.Checks {
		if !c.Passed && v.counts(c.Name) {
			failed = append(failed, c)
		}
	}
	return failed
}

// counts reports whether the version does not serve when it fails the check.
func (v *Verdict) counts(name CheckName) bool {
	switch name {
	case CheckNaive:
		return false
	case CheckCrossing, CheckChampion:
		return !v.First
	case CheckFinite, CheckOrdered, CheckScale, CheckKernels:
		return true
	default:
		return true
	}
}

// Refusals names the checks that kept the version from serving; a version that serves has none.
func (v Verdict) Refusals() []CheckName {
	var names []CheckName
	for _, c := range v.refusing() {
		names = append(names, c.Name)
	}
	return names
}

// Why is the verdict in one line: the comparisons when the version serves, the checks that failed
// when it does not.
func (v Verdict) Why() string {
	var parts []string
	if v.Passed && v.First && v.Champion == "" {
		parts = append(parts, "the first model")
	}
	for _, c := range v.Checks {
		comparison := c.Name == CheckNaive || c.Name == CheckChampion
		if v.Passed && comparison || !v.Passed && !c.Passed {
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

// Tags are the verdict in the registry: loadtide.gate is passed, first or refused;
// loadtide.gate.<check> is the result of a check; the description holds all of them.
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

// Metrics are the figures of the verdict by name: gate_passed is 1 or 0, gate_<check> the value of
// a check.
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

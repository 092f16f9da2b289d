package registry

import (
	"fmt"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// modelPrefix begins the names of the models that forecasters serve.
const modelPrefix = "load-"

// ModelName returns the name of the model that serves series of an interval, such as "load-15m".
func ModelName(interval time.Duration) string { return modelPrefix + meter.IntervalName(interval) }

// ModelNames returns the names of the models that forecasters serve, from the finest interval on.
func ModelNames() []string {
	intervals := meter.Intervals()
	names := make([]string, len(intervals))
	for i, interval := range intervals {
		names[i] = ModelName(interval)
	}
	return names
}

// ModelInterval returns the interval of the series that a model of this name serves. ok is false
// for a name that forecasters do not serve.
func ModelInterval(name string) (interval time.Duration, ok bool) {
	for _, interval := range meter.Intervals() {
		if name == ModelName(interval) {
			return interval, true
		}
	}
	return 0, false
}

// CheckName refuses the name of another interval than the one that the model forecasts. A name that
// forecasters do not serve may stand for any interval, unless it looks like one that they do.
func CheckName(name string, interval time.Duration) error {
	own := ModelName(interval)
	if word, ok := strings.CutPrefix(name, modelPrefix); ok && name != own {
		if d, err := time.ParseDuration(word); err == nil && d > 0 {
			return fmt.Errorf("model name %s: this model forecasts intervals of %s, name it %s",
				name, meter.IntervalName(interval), own)
		}
	}
	return nil
}

// Round chooses the names to ask a registry for at one look, so that a look has few questions. The
// names are those with known versions, DefaultModel, which most deployments register first, and one
// of the other names in turn. The zero value is ready. One goroutine uses a Round.
type Round struct{ next int }

// Names returns the names of the next look. The first look asks for all names. known reports
// whether a name has known versions.
func (r *Round) Names(known func(name string) bool) []string {
	all := ModelNames()
	var names []string
	for i, name := range all {
		if r.next == 0 || name == DefaultModel || i == r.next%len(all) || known(name) {
			names = append(names, name)
		}
	}
	r.next++
	return names
}

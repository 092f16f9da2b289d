package trainer

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// Config says when cycles run.
type Config struct {
	Models     []string      // names to register under, and to ask for the champions of
	Schedule   string        // five cron fields, or ScheduleOff
	Start      string        // what a cycle starts from when its request does not say
	QuickFirst bool          // the first training is a quick one
	Follow     bool          // a thorough training follows the first one
	DriftPause time.Duration // least time between two cycles that drift starts
	LeaseTTL   time.Duration // how long a dead trainer keeps a cycle from the other trainers
	Poll       time.Duration // between two looks at the job store
	Watch      time.Duration // between two looks at the registry and for drift
}

// DefaultConfig is the only place of the defaults.
func DefaultConfig() Config {
	return Config{
		Models: registry.ModelNames(), Schedule: "10 2 * * *", Start: cycle.StartAuto,
		DriftPause: 6 * time.Hour, LeaseTTL: 15 * time.Second, Poll: time.Second,
		Watch: 2 * time.Second,
	}
}

// Validate returns all faults of the configuration in one error.
func (c Config) Validate() error {
	faults := []error{ValidSchedule(c.Schedule)}
	if len(c.Models) == 0 || slices.Contains(c.Models, "") {
		faults = append(faults, errors.New("register: is empty; name a model, e.g. load-1h"))
	}
	if !slices.Contains(cycle.Starts(), c.Start) {
		faults = append(faults, fmt.Errorf("start: %q is none of %s", c.Start,
			strings.Join(cycle.Starts(), ", ")))
	}
	for _, d := range []struct {
		field            string
		value, low, high time.Duration
	}{
		{"drift-pause", c.DriftPause, 0, 90 * 24 * time.Hour},
		{"lease-ttl", c.LeaseTTL, 300 * time.Millisecond, 10 * time.Minute},
		{"poll", c.Poll, 10 * time.Millisecond, time.Minute},
		{"watch", c.Watch, 10 * time.Millisecond, time.Hour},
	} {
		if d.value < d.low || d.value > d.high {
			faults = append(faults, fmt.Errorf("%s: %s is outside %s to %s", d.field, d.value,
				d.low, d.high))
		}
	}
	return errors.Join(faults...)
}

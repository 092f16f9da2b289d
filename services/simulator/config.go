package simulator

import (
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Config says how many meters are simulated and how fast. Its fields are flags. They are embedded
// without a prefix or with "simulate-"; the prefix of variables is "LOADTIDE_SIMULATE_".
type Config struct {
	// Meters are spread over the sites. Of the first three sites, half of the meters are homes, a
	// third flats, a sixth trade.
	Meters int `name:"meters" env:"METERS" default:"24" help:"Simulated meters."`
	// Sites is how many of home, flats, shop, farm, works, coast there are, each in a zone of its
	// own.
	Sites int `name:"sites" env:"SITES" default:"3" help:"Sites they stand on, the first of home (Amsterdam), flats (London), shop (Berlin), farm (New York), works (Tokyo), coast (Sydney)."`
	// Interval is from one reading to the next: names of intervals, which the meters get in turn.
	Interval string `name:"interval" env:"INTERVAL" default:"1h" help:"How often a meter reads: 5m, 10m, 15m, 20m, 30m or 1h; several, such as 15m,1h, go to the meters in turn."`
	// Registers is how many meters report a cumulative register instead of the energy of an
	// interval.
	Registers int `name:"registers" env:"REGISTERS" default:"0" help:"Meters that report a cumulative register, kind register, instead of energy."`
	// Faults is a text for ParseFaults.
	Faults string `name:"faults" env:"FAULTS" default:"" placeholder:"SPEC" help:"Let readings go wrong: all, or names with rates such as lost=2%,late=1%,spikes=0.5%,frozen=1d; loadtide help simulate lists them."`
	// Seed is the seed of a new clock; a clock that exists keeps its own.
	Seed uint64 `name:"seed" env:"SEED" default:"1" help:"Seed of the simulated load."`
	// HistoryDays is how many days are published at once as history, before the replay.
	HistoryDays int `name:"history-days" env:"HISTORY_DAYS" default:"120" help:"Days of history published at once."`
	// ReplayDays is how many days are published interval by interval, until the simulation has
	// reached the wall clock.
	ReplayDays int `name:"replay-days" env:"REPLAY_DAYS" default:"30" help:"Days replayed before real time."`
	// Step is the time that an hour of the replay takes.
	Step time.Duration `name:"step" env:"STEP" default:"2s" help:"Time that an hour of the replay takes."`
	// Timeout bounds the acknowledgement of one step.
	Timeout time.Duration `name:"timeout" env:"TIMEOUT" default:"30s" help:"Longest wait for the acknowledgement of a step."`
}

// Check returns all faults, joined, each with the name of its flag, the value and the limit. prefix
// is the one that the flags are embedded with.
func (c Config) Check(prefix string) error {
	var faults []error
	fault := func(field, format string, args ...any) {
		faults = append(faults, fmt.Errorf(prefix+field+": "+format, args...))
	}
	for _, f := range []struct {
		field            string
		value, low, high int
	}{
		{"meters", c.Meters, 1, 100_000}, {"sites", c.Sites, 1, MaxSites},
		{"registers", c.Registers, 0, maxRegisters},
		{"history-days", c.HistoryDays, 0, 3660}, {"replay-days", c.ReplayDays, 0, 3660},
	} {
		if f.value < f.low || f.value > f.high {
			fault(f.field, "%d is out of range; give %d to %d", f.value, f.low, f.high)
		}
	}
	if _, err := parseIntervals(c.Interval); err != nil {
		fault("interval", "%w", err)
	}
	if c.Step < time.Millisecond || c.Step > time.Hour {
		fault("step", "%s is out of range; give 1ms to 1h", c.Step)
	}
	if c.Timeout < time.Second || c.Timeout > 10*time.Minute {
		fault("timeout", "%s is out of range; give 1s to 10m", c.Timeout)
	}
	if c.Registers > c.Meters {
		fault("registers", "%d is more than the %d meters; give 0 to %[2]d", c.Registers, c.Meters)
	}
	if f, err := ParseFaults(c.Faults); err != nil {
		faults = append(faults, fmt.Errorf(prefix+"%w", err))
	} else if name, ok := f.registers(); ok && c.Registers == 0 {
		fault("faults", "%s is a fault of registers, and there are none; ask for some with "+
			"--%sregisters, or leave it out", name, prefix)
	} else if f.Any() && c.Meters > maxFaulty {
		fault("meters", "%d meters with faults are too many; give 1 to %d", c.Meters, maxFaulty)
	}
	return errors.Join(faults...)
}

// Limits of the time and the memory of a start: a register counts from its epoch, and a meter with
// faults keeps the readings that are under way.
const (
	maxRegisters = 10_000
	maxFaulty    = 10_000
)

// fleet makes the meters and reads the faults of a valid configuration. The seed may be the one of
// an older clock.
func (c Config) fleet(seed uint64) ([]Meter, Faults, error) {
	faults, err := ParseFaults(c.Faults)
	if err != nil {
		return nil, Faults{}, err
	}
	fleet, err := Fleet(seed, c.Meters, c.Sites)
	if err != nil {
		return nil, Faults{}, err
	}
	intervals, err := parseIntervals(c.Interval)
	if err != nil {
		return nil, Faults{}, err
	}
	withIntervals(fleet, intervals)
	withRegisters(fleet, c.Registers)
	return fleet, faults, nil
}

// IntervalWord says for a person how often the meters of a valid configuration read.
func (c Config) IntervalWord() string {
	if c.Interval == meter.IntervalName(time.Hour) {
		return "hourly"
	}
	return "every " + c.Interval
}

// tick returns the step, in seconds, in which a valid configuration is simulated.
func (c Config) tick() int64 {
	intervals, _ := parseIntervals(c.Interval) // Check has looked at it
	return tickOf(intervals)
}

// pause is the time that one step of the replay takes.
func (c Config) pause() time.Duration {
	return c.Step * time.Duration(c.tick()) / time.Duration(meter.HourSeconds)
}

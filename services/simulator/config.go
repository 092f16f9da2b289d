package simulator

import (
	"errors"
	"fmt"
	"time"
)

// Config says how many meters are played and how fast. Its fields are embedded as flags with prefix "simulate-" and env
// prefix "LOADTIDE_SIMULATE_".
type Config struct {
	// Meters are spread over the sites; of the first three half are homes, a third flats, a sixth trade.
	Meters int `name:"meters" env:"METERS" default:"24" help:"Simulated meters."`
	// Sites are the first of home, flats, shop, farm, works, coast; each in a zone of its own.
	Sites int `name:"sites" env:"SITES" default:"3" help:"Sites they stand on, the first of home (Amsterdam), flats (London), shop (Berlin), farm (New York), works (Tokyo), coast (Sydney)."`
	// Registers report the reading of a cumulative register instead of the energy of the hour.
	Registers int `name:"registers" env:"REGISTERS" default:"0" help:"Meters that report a cumulative register, kind register, instead of energy."`
	// Faults are read by ParseFaults.
	Faults string `name:"faults" env:"FAULTS" default:"" placeholder:"SPEC" help:"Let readings go wrong: all, or names with rates such as lost=2%,late=1%,spikes=0.5%,frozen=1d; loadtide help simulate lists them."`
	// Seed counts when the demo's clock is first made; a clock that exists keeps its own.
	Seed uint64 `name:"seed" env:"SEED" default:"1" help:"Seed of the simulated load."`
	// HistoryDays are published at once as history, before the replay.
	HistoryDays int `name:"history-days" env:"HISTORY_DAYS" default:"120" help:"Days of history published at once."`
	// ReplayDays are published hour by hour until the simulation has caught up with the wall clock.
	ReplayDays int `name:"replay-days" env:"REPLAY_DAYS" default:"30" help:"Days replayed before real time."`
	// Step is the pause between two hours of the replay.
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
		fault("faults", "%s is a fault of registers, and there are none; ask for some with --%sregisters, "+
			"or leave it out", name, prefix)
	} else if f.Any() && c.Meters > maxFaulty {
		fault("meters", "%d meters with faults are too many; give 1 to %d", c.Meters, maxFaulty)
	}
	return errors.Join(faults...)
}

// Limits that keep time and memory of a start small: a register counts from its epoch, and what is under way of a meter
// with faults is kept.
const (
	maxRegisters = 10_000
	maxFaulty    = 10_000
)

// fleet makes the meters and reads the faults of a configuration that is valid. The seed may be that of an older clock.
func (c Config) fleet(seed uint64) ([]Meter, Faults, error) {
	faults, err := ParseFaults(c.Faults)
	if err != nil {
		return nil, Faults{}, err
	}
	fleet, err := Fleet(seed, c.Meters, c.Sites)
	if err != nil {
		return nil, Faults{}, err
	}
	withRegisters(fleet, c.Registers)
	return fleet, faults, nil
}

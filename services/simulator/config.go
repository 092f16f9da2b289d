package simulator

import (
	"errors"
	"fmt"
	"time"
)

// Config says how many meters are played and how fast. Its fields are embedded as flags with prefix "simulate-" and env
// prefix "LOADTIDE_SIMULATE_".
type Config struct {
	// Meters are spread over three sites: half are homes, a third flats, a sixth shops.
	Meters int `name:"meters" env:"METERS" default:"24" help:"Simulated meters."`
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

// DefaultConfig is the demo of 24 meters.
func DefaultConfig() Config {
	return Config{Meters: 24, Seed: 1, HistoryDays: 120, ReplayDays: 30, Step: 2 * time.Second, Timeout: 30 * time.Second}
}

// Validate returns all faults, joined, each with its field, value and limit.
func (c Config) Validate() error {
	var faults []error
	for _, f := range []struct {
		field            string
		value, low, high int
	}{
		{"meters", c.Meters, 1, 100_000}, {"history_days", c.HistoryDays, 0, 3660}, {"replay_days", c.ReplayDays, 0, 3660},
	} {
		if f.value < f.low || f.value > f.high {
			faults = append(faults, fmt.Errorf("simulator.%s: %d is out of range; give %d to %d", f.field, f.value, f.low, f.high))
		}
	}
	if c.Step < time.Millisecond || c.Step > time.Hour {
		faults = append(faults, fmt.Errorf("simulator.step: %s is out of range; give 1ms to 1h", c.Step))
	}
	if c.Timeout < time.Second || c.Timeout > 10*time.Minute {
		faults = append(faults, fmt.Errorf("simulator.timeout: %s is out of range; give 1s to 10m", c.Timeout))
	}
	return errors.Join(faults...)
}

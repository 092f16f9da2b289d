package cycle

import (
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/train"
)

// Config is what a cycle is told.
type Config struct {
	Model      string // name to register under, "" to write a folder alone
	Hidden     int
	Iterations int
	Window     int // steps of a training window
	BurnIn     int // of those without loss
	Positions  int // loss positions in a window
	Batch      int
	Workers    int
	Seed       uint64
	MaxSeries  int // a cycle takes at most so many, sampled by scale
	// Choose tries both scales, takes the one that did better on the validation
	// range, and fits it once more on all before the test.
	Choose bool
	// Start is what a fit starts from: StartScratch or StartChampion. From the
	// champion only its own scale is tried, at a quarter of the learning rate.
	Start   string
	Zone    string // IANA, whose calendar the features are read on; "" is UTC
	Country string // whose holidays are a feature; "" has none
}

// What a fit starts from.
const (
	StartScratch  = "scratch"  // random weights
	StartChampion = "champion" // the weights that serve, where they read the same features
)

// DefaultConfig is the reference training of a model of its own.
func DefaultConfig() Config {
	t := train.DefaultConfig()
	return Config{Hidden: 64, Iterations: 800, Window: 336, BurnIn: 168, Positions: 24, Batch: 32, Workers: t.Workers, Seed: 1, MaxSeries: 2000, Choose: true, Start: StartScratch}
}

// Quick is the demo's first training: short windows, done in less than a
// minute.
func (c Config) Quick() Config {
	c.Iterations, c.Window, c.BurnIn, c.Positions, c.Choose = min(c.Iterations, 150), 120, 48, 12, false
	return c
}

// window is the length of training windows, and the number of their loss
// positions, where a range holds so many hours that may bear loss: as configured,
// or shorter, so that three weeks of readings are enough.
func (c Config) window(lossHours int64) (steps, positions int) {
	steps = int(min(int64(c.Window), int64(c.BurnIn)+lossHours))
	return steps, min(c.Positions, steps-c.BurnIn)
}

// Validate gathers all faults.
func (c Config) Validate() error {
	var faults []error
	for _, f := range []struct {
		field            string
		value, low, high int
	}{
		{"hidden", c.Hidden, 4, 512}, {"iterations", c.Iterations, 1, 100000}, {"window", c.Window, 48, 1344},
		{"burn-in", c.BurnIn, 24, 168}, {"positions", c.Positions, 1, 168}, {"batch", c.Batch, 1, 1024},
		{"workers", c.Workers, 1, 64}, {"max-series", c.MaxSeries, 1, 100000},
	} {
		if f.value < f.low || f.value > f.high {
			faults = append(faults, fmt.Errorf("trainer.%s: %d is outside %d to %d", f.field, f.value, f.low, f.high))
		}
	}
	if c.Start != StartScratch && c.Start != StartChampion {
		faults = append(faults, fmt.Errorf("trainer.start: %q is neither %s nor %s", c.Start, StartScratch, StartChampion))
	}
	if c.BurnIn+c.Positions > c.Window {
		faults = append(faults, fmt.Errorf("trainer.window: %d steps do not hold %d of burn-in and %d loss positions", c.Window, c.BurnIn, c.Positions))
	}
	return errors.Join(faults...)
}

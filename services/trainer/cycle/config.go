package cycle

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/train"
)

// Config says what is fitted, and how.
type Config struct {
	// Model is the name to register under. When Model is empty, the name is registry.ModelName of the
	// interval.
	Model string
	// Interval is the interval of the model. When Interval is 0, the model has the interval that its
	// name says, or else the finest that at least half of the series have.
	Interval time.Duration
	// Horizon is how far the model forecasts; the zero Horizon is a day.
	Horizon meter.Horizon
	// Levels are the quantile levels of the model, ascending, with 0.1, 0.5 and 0.9.
	Levels     []float64
	Hidden     int // units of the LSTM
	Iterations int // most iterations of one fit
	Window     int // steps of a training window
	BurnIn     int // steps at the start of a window without a loss
	Positions  int // loss positions in a window of hours; see positions
	Batch      int // windows of an iteration
	Workers    int // goroutines that share an iteration
	Seed       uint64
	MaxSeries  int // most series of a cycle; more are sampled by scale
	// Choose fits on both scales, takes the scale that does better on the validation range, and
	// fits on that scale once more, on all data before the test.
	Choose bool
	// Start is one of Starts. From known weights, a fit keeps their scale and takes a quarter of the
	// learning rate.
	Start   string
	Zone    string // IANA zone of the calendar features; empty is UTC
	Country string // country of the holiday feature; empty has no holidays
}

// What a fit starts from.
const (
	StartAuto     = "auto"     // the base model, the base model trained further, and random weights
	StartBase     = "base"     // the base model, and the base model trained further
	StartChampion = "champion" // the weights of the champion
	StartScratch  = "scratch"  // random weights
)

// Starts are the values of Config.Start.
func Starts() []string { return []string{StartAuto, StartBase, StartChampion, StartScratch} }

// DefaultConfig is the configuration of the reference model.
func DefaultConfig() Config {
	t := train.DefaultConfig()
	return Config{
		Levels: model.DefaultLevels(),
		Hidden: 64, Iterations: 800, Window: 336, BurnIn: 168, Positions: 24, Batch: 32,
		Workers: t.Workers, Seed: 1, MaxSeries: 2000, Choose: true, Start: StartAuto,
	}
}

// Quick is the configuration of a first training: short windows and few iterations, done in less
// than a minute.
func (c Config) Quick() Config {
	c.Iterations = min(c.Iterations, 150)
	c.Window, c.BurnIn, c.Positions, c.Choose = 120, 48, 12, false
	return c
}

// positions is the number of loss positions in a window of cells of l, for a network of so many
// leads. With more leads than those of a day of hours a window has fewer forecasts, so that an
// iteration costs about as much (D52).
func (c Config) positions(l series.Lengths, leads int) int {
	return max(c.Positions*series.Hourly.Day/max(leads, l.Day), 1)
}

// window is the length of training windows and the number of their loss positions, for a range with
// so many intervals that may bear loss. Windows are as long as configured, or shorter in a short
// range, so that three weeks of readings are enough.
func (c Config) window(l series.Lengths, leads int, lossCells int64) (steps, positions int) {
	steps = int(min(int64(c.Window), int64(c.BurnIn)+lossCells))
	return steps, min(c.positions(l, leads), steps-c.BurnIn)
}

// Validate returns all faults of the configuration in one error.
func (c Config) Validate() error {
	var faults []error
	for _, f := range []struct {
		field            string
		value, low, high int
	}{
		{"hidden", c.Hidden, 4, 512}, {"iterations", c.Iterations, 1, 100000},
		{"window", c.Window, 48, 1344}, {"burn-in", c.BurnIn, 24, 168},
		{"positions", c.Positions, 1, 168}, {"batch", c.Batch, 1, 1024},
		{"workers", c.Workers, 1, 64}, {"max-series", c.MaxSeries, 1, 100000},
	} {
		if f.value < f.low || f.value > f.high {
			faults = append(faults, fmt.Errorf("%s: %d is outside %d to %d", f.field, f.value,
				f.low, f.high))
		}
	}
	if !slices.Contains(Starts(), c.Start) {
		faults = append(faults, fmt.Errorf("start: %q is none of %s", c.Start,
			strings.Join(Starts(), ", ")))
	}
	if c.BurnIn+c.Positions > c.Window {
		faults = append(faults,
			fmt.Errorf("window: %d steps do not hold %d of burn-in and %d loss positions",
				c.Window, c.BurnIn, c.Positions))
	}
	return errors.Join(append(faults, c.validateLevels(), c.validateInterval())...)
}

// mostLevels is the largest number of quantile levels of a model.
const mostLevels = 9

// validateLevels refuses levels that no model is trained for. The median fills gaps, and the levels
// 0.1 and 0.9 are the band that every score and every chart shows.
func (c Config) validateLevels() error {
	ascend := slices.IsSortedFunc(c.Levels, func(a, b float64) int {
		if a == b {
			return -1 // equal levels do not ascend
		}
		return cmp.Compare(a, b)
	})
	has := func(level float64) bool { return slices.Contains(c.Levels, level) }
	if n := len(c.Levels); n > mostLevels || !ascend || !has(0.1) || !has(0.5) || !has(0.9) ||
		!(c.Levels[0] > 0 && c.Levels[n-1] < 1) {
		return fmt.Errorf("levels: %v: must be at most %d that ascend between 0 and 1, with 0.1, 0.5 and "+
			"0.9 among them", c.Levels, mostLevels)
	}
	return nil
}

// validateInterval refuses an interval that no model can be of, and a name that says another one.
func (c Config) validateInterval() error {
	if c.Interval == 0 {
		return nil
	}
	if !meter.Native(c.Interval) {
		return fmt.Errorf("interval: %s is none of 5m, 10m, 15m, 20m, 30m and 1h", c.Interval)
	}
	if named, ok := registry.ModelInterval(c.Model); ok && named != c.Interval {
		return fmt.Errorf(
			"model: %s is the name of a model of %s, not of %s: name it %s, or anything that names "+
				"no interval",
			c.Model, meter.IntervalName(named), meter.IntervalName(c.Interval),
			registry.ModelName(c.Interval),
		)
	}
	return nil
}

// interval is the interval of the histories in seconds, 0 when the readings decide.
func (c Config) interval() int64 {
	if named, ok := registry.ModelInterval(c.Model); ok && c.Interval == 0 {
		return int64(named / time.Second)
	}
	return int64(c.Interval / time.Second)
}

package forecaster

import (
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/streams/topology"
)

// Config is what an operator may set.
type Config struct {
	DataDir         string          // holds the lock and the checkpoints
	Model           string          // name of the registered model whose champion serves
	Streams         topology.Config // as the streams are first made
	MaxSeries       int             // most series of all partitions; each takes its share
	BatchMessages   int             // most messages that one Step takes
	CheckpointEvery time.Duration
	MarkEvery       time.Duration
	TickEvery       time.Duration // how often the time is written into the logs
	ReloadEvery     time.Duration // how often the registry is asked for its champion
}

// DefaultConfig is the only place of defaults.
func DefaultConfig() Config {
	return Config{
		DataDir: "loadtide-data", Model: "load-1h", Streams: topology.DefaultConfig(), MaxSeries: 2_000_000, BatchMessages: 512,
		CheckpointEvery: 30 * time.Second, MarkEvery: time.Second, TickEvery: 10 * time.Second, ReloadEvery: time.Second,
	}
}

// Validate gathers all faults.
func (c Config) Validate() error {
	var faults []error
	if c.DataDir == "" {
		faults = append(faults, errors.New("forecaster.data-dir: is empty; name a folder"))
	}
	if c.Model == "" {
		faults = append(faults, errors.New("forecaster.model: is empty; name a model, e.g. load-1h"))
	}
	if c.MaxSeries < 1 || c.MaxSeries > 1_000_000_000 {
		faults = append(faults, fmt.Errorf("forecaster.max-series: %d is outside 1 to 1000000000", c.MaxSeries))
	}
	if c.BatchMessages < 1 || c.BatchMessages > 65536 {
		faults = append(faults, fmt.Errorf("forecaster.batch-messages: %d is outside 1 to 65536", c.BatchMessages))
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{{"checkpoint-every", c.CheckpointEvery}, {"mark-every", c.MarkEvery}, {"tick-every", c.TickEvery}, {"reload-every", c.ReloadEvery}} {
		if d.value < 100*time.Millisecond || d.value > time.Hour {
			faults = append(faults, fmt.Errorf("forecaster.%s: %s is outside 100ms to 1h", d.field, d.value))
		}
	}
	return errors.Join(faults...)
}

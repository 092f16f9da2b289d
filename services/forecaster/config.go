package forecaster

import (
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams/topology"
)

// Config is what an operator may set. The command sets Streams; the other fields are flags,
// embedded without a prefix.
type Config struct {
	// MaxSeries bounds the series of all partitions; each partition takes its share.
	MaxSeries int `name:"max-series" default:"2000000" env:"LOADTIDE_MAX_SERIES" help:"Most series; each partition takes its share and rejects more as series_limit."`
	// PublishLeads bounds the leads of a message; scores keep all leads.
	PublishLeads meter.Horizon `name:"publish-leads" env:"LOADTIDE_PUBLISH_LEADS" placeholder:"TIME|N" help:"Most that a published forecast reaches ahead, a time such as 12h or a number of leads; default: all leads of the model. Scores keep all leads."`
	// Streams is the configuration of streams that do not exist yet.
	Streams topology.Config `kong:"-"`
}

// Validate returns the fault of the flag, with its name, value and limit. Start checks Streams.
func (c Config) Validate() error {
	if c.MaxSeries < 1 || c.MaxSeries > 1_000_000_000 {
		return fmt.Errorf("max-series: %d is out of range; give 1 to 1000000000", c.MaxSeries)
	}
	return nil
}

// pace says how many messages one turn of the loop takes, and how often the loop does the work that
// it does not do for each batch.
type pace struct {
	batch      int           // most messages that one Step takes
	checkpoint time.Duration // between two checkpoints
	mark       time.Duration // between two writes of the mark
	tick       time.Duration // between two records of the time in a log
	reload     time.Duration // between two questions for the registry's champion
}

func defaultPace() pace {
	return pace{
		batch: 512, checkpoint: 30 * time.Second, mark: time.Second, tick: 10 * time.Second,
		reload: time.Second,
	}
}

package recorder

import (
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/influx"
)

// Config configures the recorder. Its fields are flags, embedded without a prefix.
type Config struct {
	Influx influx.Config `embed:"" prefix:"influx-" envprefix:"LOADTIDE_INFLUX_"`
	// Batch bounds the messages of a stream that are fetched and acknowledged together. A request
	// has at most 5000 points.
	Batch int `name:"record-batch" env:"LOADTIDE_RECORD_BATCH" default:"1000" help:"Most messages of a stream that are recorded together."`
	// Wait is how long an incomplete batch waits for more.
	Wait time.Duration `name:"record-wait" env:"LOADTIDE_RECORD_WAIT" default:"1s" help:"Longest time that a message waits for others to be written with."`
	// RetryMin and RetryMax bound the pause after a failure, which doubles with each further one.
	RetryMin time.Duration `name:"record-retry-min" env:"LOADTIDE_RECORD_RETRY_MIN" default:"500ms" help:"Pause after the first failed write."`
	RetryMax time.Duration `name:"record-retry-max" env:"LOADTIDE_RECORD_RETRY_MAX" default:"30s" help:"Longest pause between failed writes."`
}

// Enabled reports whether an InfluxDB is configured.
func (c Config) Enabled() bool { return c.Influx.URL != "" }

// Validate returns all faults, joined, each with the flag, the value and the limit. A configuration
// without an InfluxDB is no fault; New refuses it.
func (c Config) Validate() error {
	faults := []error{c.Influx.Validate()}
	if c.Batch < 1 || c.Batch > 5000 {
		faults = append(faults, fmt.Errorf("record-batch: %d is out of range; give 1 to 5000",
			c.Batch))
	}
	if c.Wait < 10*time.Millisecond || c.Wait > time.Minute {
		faults = append(faults, fmt.Errorf("record-wait: %s is out of range; give 10ms to 1m",
			c.Wait))
	}
	if c.RetryMin < time.Millisecond || c.RetryMin > c.RetryMax || c.RetryMax > 10*time.Minute {
		faults = append(faults,
			fmt.Errorf("record-retry-min, record-retry-max: %s and %s are out of "+
				"range; give 1ms to 10m, the first at most the second", c.RetryMin, c.RetryMax))
	}
	return errors.Join(faults...)
}

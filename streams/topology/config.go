package topology

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/rs/zerolog"
)

// Names of the streams and of the buckets.
const (
	Forecasts = "FORECASTS"
	Scores    = "SCORES"
	Rejected  = "REJECTED"
	Events    = "EVENTS"
	// Marks is the bucket of mark.<p>: how far the owner of a partition has published.
	Marks = "PARTITIONS"
	// Settings is the bucket of what is set for series.
	Settings = "SERIES"
	// SettingsLog is the stream behind it.
	SettingsLog = "KV_" + Settings
	// Training is the bucket of the training cycle that is asked for or under way, and of the lease on
	// it.
	Training = "TRAINING"
)

// Keys in Training.
const (
	TrainingCycle = "cycle"
	TrainingLease = "lease"
)

// Keys in the metadata of streams.
const (
	// MetadataPartitions, of R0 alone, holds the number of partitions.
	MetadataPartitions = "loadtide.partitions"
	// MetadataMaxBytes holds the bound that was configured; the stream's own is smaller where there
	// was no room, or what an operator has set since. A configured bound is applied once, when it is
	// new.
	MetadataMaxBytes = "loadtide.max_bytes"
)

// MaxPartitions and MaxReplicas bound the numbers of partitions and of replicas.
const MaxPartitions, MaxReplicas = 1024, 5

// Log is the name of the stream of a partition.
func Log(partition int) string { return "R" + strconv.Itoa(partition) }

// MarkKey is the key in Marks of a partition.
func MarkKey(partition int) string { return "mark." + strconv.Itoa(partition) }

const (
	mib = int64(1) << 20
	gib = int64(1) << 30
	day = 24 * time.Hour
	// minBytes is the least a stream is made with on a small disk.
	minBytes = 8 * mib
)

// Config says how the streams should stand. The numbers of bytes are upper bounds, the oldest
// messages give way; zero is none.
type Config struct {
	// Partitions counts when the streams are first made; those that exist keep theirs.
	Partitions int
	// Replicas of each stream, 1 to 5.
	Replicas int
	// LogMaxAge and LogMaxBytes bound each partition log.
	LogMaxAge   time.Duration
	LogMaxBytes int64
	// ForecastsMaxAge and ForecastsMaxBytes bound FORECASTS.
	ForecastsMaxAge   time.Duration
	ForecastsMaxBytes int64
	// ScoresMaxAge and ScoresMaxBytes bound SCORES.
	ScoresMaxAge   time.Duration
	ScoresMaxBytes int64
	// RejectedMaxAge, RejectedMaxBytes, EventsMaxAge and EventsMaxBytes bound the two small streams.
	RejectedMaxAge   time.Duration
	RejectedMaxBytes int64
	EventsMaxAge     time.Duration
	EventsMaxBytes   int64
	// StoreBytes is what the server may store in all, if it is known (bus.Embedded.StoreBytes); new
	// streams are made smaller when their bounds add up to more.
	StoreBytes int64
	// Log says what was made, and what was not made as asked. Its zero value says nothing.
	Log zerolog.Logger
}

// DefaultConfig is that of `loadtide up`: history lives in the logs, on one machine's disk.
func DefaultConfig() Config {
	return Config{
		Partitions: 8, Replicas: 1,
		LogMaxAge: 120 * day, LogMaxBytes: 256 * mib,
		ForecastsMaxAge: 48 * time.Hour, ForecastsMaxBytes: 2 * gib,
		ScoresMaxAge: 7 * day, ScoresMaxBytes: 512 * mib,
		RejectedMaxAge: 7 * day, RejectedMaxBytes: 64 * mib,
		EventsMaxAge: 30 * day, EventsMaxBytes: 64 * mib,
	}
}

// ProductionConfig is for a cluster: history is in InfluxDB or files, the logs bridge what may
// stand still.
func ProductionConfig() Config {
	return Config{
		Partitions: 64, Replicas: 3,
		LogMaxAge: 72 * time.Hour, LogMaxBytes: 2 * gib,
		ForecastsMaxAge: 48 * time.Hour, ForecastsMaxBytes: 64 * gib,
		ScoresMaxAge: 48 * time.Hour, ScoresMaxBytes: 32 * gib,
		RejectedMaxAge: 7 * day, RejectedMaxBytes: gib,
		EventsMaxAge: 30 * day, EventsMaxBytes: 256 * mib,
	}
}

// Validate gathers all that is wrong, each with field, value and limit.
func (c Config) Validate() error {
	var faults []error
	check := func(ok bool, field string, value any, limit string) {
		if !ok {
			faults = append(faults, fmt.Errorf("%s is %v: %s", field, value, limit))
		}
	}
	check(
		c.Partitions >= 1 && c.Partitions <= MaxPartitions, "partitions", c.Partitions,
		fmt.Sprintf("choose 1 to %d", MaxPartitions),
	)
	check(
		c.Replicas >= 1 && c.Replicas <= MaxReplicas, "replicas", c.Replicas,
		fmt.Sprintf("choose 1 to %d", MaxReplicas),
	)
	for _, age := range []struct {
		field string
		value time.Duration
	}{
		{"log_max_age", c.LogMaxAge}, {"forecasts_max_age", c.ForecastsMaxAge},
		{"scores_max_age", c.ScoresMaxAge}, {"rejected_max_age", c.RejectedMaxAge},
		{"events_max_age", c.EventsMaxAge},
	} {
		check(
			age.value == 0 || age.value >= time.Hour, age.field, age.value,
			"choose 1h or more, 0 for no bound",
		)
	}
	for _, bytes := range []struct {
		field string
		value int64
	}{
		{"log_max_bytes", c.LogMaxBytes}, {"forecasts_max_bytes", c.ForecastsMaxBytes},
		{"scores_max_bytes", c.ScoresMaxBytes}, {"rejected_max_bytes", c.RejectedMaxBytes},
		{"events_max_bytes", c.EventsMaxBytes},
	} {
		check(
			bytes.value == 0 || bytes.value >= minBytes, bytes.field, bytes.value,
			fmt.Sprintf("choose %d or more, 0 for no bound", minBytes),
		)
	}
	return errors.Join(faults...)
}

// total is the sum of all bounds.
func (c Config) total(partitions int) int64 {
	streams := c.ForecastsMaxBytes + c.ScoresMaxBytes + c.RejectedMaxBytes + c.EventsMaxBytes
	return int64(partitions)*c.LogMaxBytes + streams + marksMaxBytes + settingsMaxBytes +
		trainingMaxBytes
}

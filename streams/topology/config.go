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
	// Settings is the bucket of the settings of series.
	Settings = "SERIES"
	// SettingsLog is the stream of the bucket Settings.
	SettingsLog = "KV_" + Settings
	// Training is the bucket of the training cycle that is requested or under way, and of its
	// lease.
	Training = "TRAINING"
)

// Keys in Training.
const (
	TrainingCycle = "cycle"
	TrainingLease = "lease"
)

// Keys in the metadata of streams.
const (
	// MetadataPartitions holds the number of partitions. Only R0 has it.
	MetadataPartitions = "loadtide.partitions"
	// MetadataMaxBytes holds the bound that was configured. The bound of the stream may differ: it
	// is smaller where the server had no room, and an operator may have changed it. A configured
	// bound is applied once, when it is new.
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
	// minBytes is the smallest bound of a stream on a small disk.
	minBytes = 8 * mib
)

// Config says how the streams are configured. A number of bytes bounds a stream, which drops its
// oldest messages for new ones; 0 means no bound.
type Config struct {
	// Partitions is the number of partitions of a new deployment. Streams that exist keep theirs.
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
	// RejectedMaxAge, RejectedMaxBytes, EventsMaxAge and EventsMaxBytes bound the two small
	// streams.
	RejectedMaxAge   time.Duration
	RejectedMaxBytes int64
	EventsMaxAge     time.Duration
	EventsMaxBytes   int64
	// StoreBytes is the room of the server for all streams (bus.Embedded.StoreBytes), 0 when it is
	// not known. New streams are made smaller when their bounds add up to more.
	StoreBytes int64
	// Log reports what was made, and what was made smaller than configured.
	Log zerolog.Logger
}

// DefaultConfig returns the configuration of `loadtide up`: the logs hold the history, on the disk
// of one machine.
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

// ProductionConfig returns the configuration for a cluster: InfluxDB or files hold the history, and
// the logs cover the time that a role may be down.
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

// Validate returns all faults, joined, each with field, value and limit.
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

// total returns the sum of all bounds.
func (c Config) total(partitions int) int64 {
	streams := c.ForecastsMaxBytes + c.ScoresMaxBytes + c.RejectedMaxBytes + c.EventsMaxBytes
	return int64(partitions)*c.LogMaxBytes + streams + marksMaxBytes + settingsMaxBytes +
		trainingMaxBytes
}

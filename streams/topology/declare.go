package topology

import (
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// logDuplicates is the window in which a publisher may repeat a reading or control record.
	logDuplicates = 2 * time.Minute
	// outputDuplicates is longer than an owner can publish after another process took its partition
	// over. The mark covers older outputs. An id costs 150 B of memory.
	outputDuplicates = 30 * time.Second
	marksMaxBytes    = 8 * mib
	settingsMaxBytes = 16 * mib
	trainingMaxBytes = 8 * mib
)

// controlSubject and readingSubject return the subjects of a log.
func controlSubject(p int) string { return "ctl." + strconv.Itoa(p) + ".*" }
func readingSubject(p int) string { return "r." + strconv.Itoa(p) + ".*.*" }

// publicSubject is a subject of R0 when there is one partition, so that the server needs no
// mapping.
const publicSubject = "readings.*.*"

// readingSubjects returns the subjects that open a log to readings.
func readingSubjects(p, partitions int) []string {
	if partitions == 1 {
		return []string{readingSubject(p), publicSubject}
	}
	return []string{readingSubject(p)}
}

// logStream declares the log of a partition, still closed to readings.
func (c Config) logStream(p, partitions int) jetstream.StreamConfig {
	cfg := c.stream(Log(p), c.LogMaxAge, c.LogMaxBytes, controlSubject(p))
	cfg.Description = "partition log: readings and control records"
	cfg.Duplicates = logDuplicates
	if p == 0 {
		cfg.Metadata[MetadataPartitions] = strconv.Itoa(partitions)
	}
	return cfg
}

// outputStreams declares the streams that forecasters write.
func (c Config) outputStreams() []jetstream.StreamConfig {
	forecasts := c.stream(Forecasts, c.ForecastsMaxAge, c.ForecastsMaxBytes, "forecasts.*.*")
	forecasts.Description = "forecasts, exactly once"
	scores := c.stream(Scores, c.ScoresMaxAge, c.ScoresMaxBytes, "scores.*.*")
	scores.Description = "forecasts beside their actuals, at least once"
	rejected := c.stream(Rejected, c.RejectedMaxAge, c.RejectedMaxBytes, "rejected.*.*")
	rejected.Description = "refused readings with their reasons"
	events := c.stream(Events, c.EventsMaxAge, c.EventsMaxBytes, "events.>")
	events.Description = "what happened to models and series"
	return []jetstream.StreamConfig{forecasts, scores, rejected, events}
}

// stream returns the configuration that all streams have in common. A bound of 0 means none.
func (c Config) stream(
	name string, maxAge time.Duration, maxBytes int64, subjects ...string,
) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: name, Subjects: subjects, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
		Discard: jetstream.DiscardOld, Replicas: c.Replicas,
		MaxAge: maxAge, MaxBytes: maxBytes, Duplicates: outputDuplicates,
		AllowDirect: true, AllowBatchPublish: true,
		Metadata: map[string]string{MetadataMaxBytes: strconv.FormatInt(maxBytes, 10)},
	}
}

// buckets declares the key-value buckets.
func (c Config) buckets() []jetstream.KeyValueConfig {
	return []jetstream.KeyValueConfig{
		{
			Bucket:      Marks,
			Description: "how far each partition is published",
			Storage:     jetstream.FileStorage,
			Replicas:    c.Replicas,
			MaxBytes:    marksMaxBytes,
		},
		{
			Bucket:      Settings,
			Description: "what is set for series",
			Storage:     jetstream.FileStorage,
			Replicas:    c.Replicas,
			MaxBytes:    settingsMaxBytes,
		},
		{
			Bucket:      Training,
			Description: "the training cycle under way, and who runs it",
			Storage:     jetstream.FileStorage,
			Replicas:    c.Replicas,
			MaxBytes:    trainingMaxBytes,
		},
	}
}

package topology

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrNoPartitions says that there are no partition logs yet.
var ErrNoPartitions = errors.New(
	"there are no partition logs yet: start a forecaster or `loadtide up` first",
)

// Layout describes the streams of a deployment.
type Layout struct {
	// Partitions is the number of partition logs.
	Partitions int
	// Made lists the streams that this call has made.
	Made []string
}

// Partitions reads the number of partitions from the metadata of R0. Errors: ErrNoPartitions when
// there is no R0, or a failed request.
func Partitions(ctx context.Context, js jetstream.JetStream) (int, error) {
	s, err := js.Stream(ctx, Log(0))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, ErrNoPartitions
	}
	if err != nil {
		return 0, fmt.Errorf("read partitions: stream %s: %w", Log(0), err)
	}
	text, ok := s.CachedInfo().Config.Metadata[MetadataPartitions]
	if !ok {
		return 0, fmt.Errorf(
			"read partitions: stream %s has no %s in its metadata: it was made by someone else; use "+
				"another account",
			Log(0), MetadataPartitions,
		)
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > MaxPartitions {
		return 0, fmt.Errorf(
			"read partitions: stream %s says %s=%q: no number from 1 to %d",
			Log(0), MetadataPartitions, text, MaxPartitions,
		)
	}
	return n, nil
}

// Ensure makes the missing streams and buckets and updates the others. It opens a partition log in
// three steps, so that no reading comes before the first model: it makes the log for control
// records only, then first(partition) may write some (nil: none), then the log takes readings.
// After a crash in between the next call goes on, and may call first again for the partition: the
// records of first need ids that make a repeat harmless. Several processes may call Ensure at once.
//
// When the server has no room for the configured bounds, Ensure makes new streams smaller, all in
// proportion.
func Ensure(
	ctx context.Context, js jetstream.JetStream, cfg Config,
	first func(ctx context.Context, partition int) error,
) (Layout, error) {
	if err := cfg.Validate(); err != nil {
		return Layout{}, fmt.Errorf("ensure streams: %w", err)
	}
	partitions, err := Partitions(ctx, js)
	switch {
	case errors.Is(err, ErrNoPartitions):
		partitions = cfg.Partitions
	case err != nil:
		return Layout{}, fmt.Errorf("ensure streams: %w", err)
	case partitions != cfg.Partitions:
		cfg.Log.Info().Int("partitions", partitions).Int("configured", cfg.Partitions).
			Msg("streams exist with their own number of partitions, which stays")
	}
	e := &ensurer{js: js, cfg: cfg, share: 1, partitions: partitions, first: first}
	if total, room := cfg.total(partitions), cfg.StoreBytes/10*9; room > 0 && total > room {
		e.share = float64(room) / float64(total)
	}
	for {
		err := e.ensure(ctx)
		if err == nil {
			break
		}
		if !noRoom(err) || e.share < leastShare {
			return Layout{}, fmt.Errorf("ensure streams: %w", err)
		}
		e.share /= 2
	}
	if e.share < 1 && len(e.made) > 0 {
		cfg.Log.Warn().Float64("share", e.share).Int64("configured_bytes", cfg.total(partitions)).
			Msg("streams are made smaller than configured: the server has no more room")
	}
	// Another process may have made R0 in the same moment, with its own number.
	now, err := Partitions(ctx, js)
	if err == nil && now != partitions {
		err = fmt.Errorf("there are %d partitions now, %d were made: start again", now, partitions)
	}
	if err != nil {
		return Layout{}, fmt.Errorf("ensure streams: %w", err)
	}
	return Layout{Partitions: partitions, Made: e.made}, nil
}

// leastShare ends the attempts on a server that has no room at all.
const leastShare = 1.0 / 4096

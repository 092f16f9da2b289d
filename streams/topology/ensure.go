package topology

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"
)

// ErrNoPartitions says that there are no partition logs yet.
var ErrNoPartitions = errors.New("there are no partition logs yet: start a forecaster or `loadtide up` first")

// Layout is how the streams stand.
type Layout struct {
	// Partitions is the number of partition logs.
	Partitions int
	// Made lists the streams that were not there before.
	Made []string
}

// Partitions reads the number of partitions from the metadata of R0. ErrNoPartitions when there is
// no R0.
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

// Ensure makes what is missing and brings the rest up to date. A partition log is opened in three
// steps: it is made for control records alone; first(partition) may write some (nil: none); then it
// takes readings. So no reading comes before the first model. A crash in between is made good by
// the next call, which may call first again for that partition: its record needs an id that makes a
// repeat harmless. Several processes may call Ensure at once.
//
// Where the server has no room for the bounds as configured, the streams made now are made smaller,
// all in proportion.
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
		err := e.all(ctx)
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

// leastShare ends the attempts to fit into a server that has no room at all.
const leastShare = 1.0 / 4096

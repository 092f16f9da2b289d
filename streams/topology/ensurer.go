package topology

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/nats-io/nats.go/jetstream"
)

// ensurer is one call of Ensure.
type ensurer struct {
	js         jetstream.JetStream
	cfg        Config
	partitions int
	first      func(context.Context, int) error
	share      float64 // of the configured bytes that streams are made with
	made       []string
}

// ensure makes or updates every stream and bucket. It changes nothing that is up to date, so a
// second call is harmless.
func (e *ensurer) ensure(ctx context.Context) error {
	// Outputs come first: when a log takes readings, the streams of its outputs exist.
	for _, s := range e.cfg.outputStreams() {
		if _, err := e.stream(ctx, s); err != nil {
			return err
		}
	}
	for _, b := range e.cfg.buckets() {
		if err := e.bucket(ctx, b); err != nil {
			return err
		}
	}
	for p := range e.partitions {
		if err := e.log(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// log makes one partition log and opens it to readings.
func (e *ensurer) log(ctx context.Context, p int) error {
	info, err := e.stream(ctx, e.cfg.logStream(p, e.partitions))
	if err != nil {
		return err
	}
	subjects := union(info.Config.Subjects, readingSubjects(p, e.partitions))
	if slices.Equal(subjects, info.Config.Subjects) {
		return nil
	}
	if e.first != nil && !slices.Contains(info.Config.Subjects, readingSubject(p)) {
		if err := e.first(ctx, p); err != nil {
			return fmt.Errorf("first record of %s: %w", Log(p), err)
		}
	}
	opened := info.Config
	opened.Subjects = subjects
	if _, err := e.js.UpdateStream(ctx, opened); err != nil {
		return fmt.Errorf("open %s to readings: %w", Log(p), err)
	}
	return nil
}

// stream makes a stream, or updates the one that exists.
func (e *ensurer) stream(
	ctx context.Context, want jetstream.StreamConfig,
) (*jetstream.StreamInfo, error) {
	want.MaxBytes = e.bytes(want.MaxBytes)
	s, err := e.js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		if s, err = e.js.CreateStream(ctx, want); err == nil {
			e.made = append(e.made, want.Name)
			return s.CachedInfo(), nil
		}
		if isCode(err, codeNoCluster) {
			return nil, fmt.Errorf(
				"make stream %s with %d replicas: %w: set replicas to 1 or run a cluster",
				want.Name, want.Replicas, err,
			)
		}
		if !errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			return nil, fmt.Errorf(
				"make stream %s (%d bytes, %d replicas): %w",
				want.Name, want.MaxBytes, want.Replicas, err,
			)
		}
		s, err = e.js.Stream(ctx, want.Name) // made by another process in between
	}
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", want.Name, err)
	}
	return e.update(ctx, s.CachedInfo(), want)
}

// bytes returns the bound of a stream on this server. -1 means none in JetStream.
func (e *ensurer) bytes(configured int64) int64 {
	if configured == 0 {
		return -1
	}
	return max(int64(float64(configured)*e.share), minBytes)
}

// update changes the settings that this package declares. The others, also the replicas, stay as
// the operator has set them.
func (e *ensurer) update(
	ctx context.Context, info *jetstream.StreamInfo, want jetstream.StreamConfig,
) (*jetstream.StreamInfo, error) {
	have, next := info.Config, info.Config
	next.Subjects = union(have.Subjects, want.Subjects)
	next.MaxAge, next.Duplicates = want.MaxAge, want.Duplicates
	next.AllowDirect, next.AllowBatchPublish = want.AllowDirect, want.AllowBatchPublish
	next.Metadata = maps.Clone(have.Metadata)
	if next.Metadata == nil {
		next.Metadata = map[string]string{}
	}
	maps.Copy(next.Metadata, want.Metadata)
	if have.Metadata[MetadataMaxBytes] != want.Metadata[MetadataMaxBytes] ||
		slices.Contains(e.made, want.Name) {
		next.MaxBytes = want.MaxBytes
	}
	if !changed(have, next) {
		return info, nil
	}
	s, err := e.js.UpdateStream(ctx, next)
	if noRoom(err) && next.MaxBytes != have.MaxBytes {
		e.cfg.Log.Warn().
			Str("stream", want.Name).
			Int64("bytes", have.MaxBytes).
			Int64("configured_bytes", next.MaxBytes).
			Msg("stream keeps its size: the server has no more room")
		next.MaxBytes = have.MaxBytes
		s, err = e.js.UpdateStream(ctx, next)
	}
	if err != nil {
		return nil, fmt.Errorf("bring stream %s up to date: %w", want.Name, err)
	}
	return s.CachedInfo(), nil
}

// bucket makes a bucket if it does not exist.
func (e *ensurer) bucket(ctx context.Context, want jetstream.KeyValueConfig) error {
	_, err := e.js.KeyValue(ctx, want.Bucket)
	if err == nil {
		return nil
	}
	if !errors.Is(err, jetstream.ErrBucketNotFound) {
		return fmt.Errorf("bucket %s: %w", want.Bucket, err)
	}
	if _, err = e.js.CreateKeyValue(ctx, want); err != nil &&
		!errors.Is(err, jetstream.ErrBucketExists) {
		return fmt.Errorf(
			"make bucket %s (%d bytes, %d replicas): %w",
			want.Bucket, want.MaxBytes, want.Replicas, err,
		)
	}
	e.made = append(e.made, "KV_"+want.Bucket)
	return nil
}

// changed reports whether two configurations differ in a setting that update changes.
func changed(a, b jetstream.StreamConfig) bool {
	return !slices.Equal(a.Subjects, b.Subjects) || !maps.Equal(a.Metadata, b.Metadata) ||
		a.MaxAge != b.MaxAge || a.MaxBytes != b.MaxBytes || a.Duplicates != b.Duplicates ||
		a.AllowDirect != b.AllowDirect || a.AllowBatchPublish != b.AllowBatchPublish
}

// noRoom reports whether an error says that server or account may store no more.
func noRoom(err error) bool {
	return isCode(err, codeAccountResources) || isCode(err, codeServerResources) ||
		isCode(err, codeStorageResources)
}

// Codes of the server that the client library has no names for.
const (
	codeAccountResources jetstream.ErrorCode = 10002 // resource limits exceeded for account
	codeServerResources  jetstream.ErrorCode = 10023 // insufficient resources
	codeStorageResources jetstream.ErrorCode = 10047 // insufficient storage resources available
	codeNoCluster        jetstream.ErrorCode = 10074 // replicas > 1 need a cluster
)

func isCode(err error, code jetstream.ErrorCode) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == code
}

// union returns have, followed by the members of more that it lacks.
func union(have, more []string) []string {
	all := slices.Clone(have)
	for _, s := range more {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

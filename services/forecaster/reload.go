package forecaster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// refusedFor is the time until a refused version is tried again.
const refusedFor = time.Hour

// reloader writes the registry's champion into the logs. When the alias has moved, it fetches the
// version, verifies it and writes a control record into each log. A partition changes over when it
// reads the record. A bad model never replaces the champion (I7).
type reloader struct {
	deps
	announced string               // digest in the newest record of all logs
	refused   map[string]time.Time // by digest
}

// refusedError is why a version cannot serve.
type refusedError struct{ error }

func (e *refusedError) Unwrap() error { return e.error }

// run looks for a new champion until ctx ends.
func (r *reloader) run(ctx context.Context) {
	notice := retry.Notice{Kind: kindOfFailure, Failed: r.failed, Recovered: func(err error) {
		if errors.Is(err, registry.ErrUnavailable) {
			r.log.Info().Msg("the registry is back")
		}
	}}
	retry.Poll(ctx, r.pace.reload, &notice, r.look)
}

// kindOfFailure returns the same kind for all failures of a registry that is away. The kind of
// another failure is its text.
func kindOfFailure(err error) string {
	if errors.Is(err, registry.ErrUnavailable) {
		return registry.ErrUnavailable.Error()
	}
	return err.Error()
}

// failed counts and logs a failure.
func (r *reloader) failed(err error) {
	outcome, text := swapFailed, "champion not taken over, the model in force goes on"
	switch {
	case errors.Is(err, registry.ErrUnavailable):
		text = "the registry is away, the model in force goes on"
	case errors.As(err, new(*refusedError)):
		outcome = swapRefused
	}
	r.metrics.swaps.WithLabelValues(outcome).Inc()
	r.log.Warn().AnErr(service.FieldError, err).Msg(text)
}

// look announces the champion, unless the logs name it already.
func (r *reloader) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	v, err := r.models.registry.ByAlias(ctx, registry.DefaultModel, registry.Champion)
	if errors.Is(err, registry.ErrNotFound) || err == nil && v.Digest == r.announced {
		return nil
	}
	if err != nil {
		return fmt.Errorf(
			"ask the registry for %s@%s: %w",
			registry.DefaultModel,
			registry.Champion,
			err,
		)
	}
	if at, ok := r.refused[v.Digest]; ok && r.now().Sub(at) < refusedFor {
		return nil
	}
	defer func() { r.models.keep(reloaderHolder, r.announced) }()
	if err := r.verify(ctx, v); errors.Is(err, registry.ErrUnavailable) {
		return err // the version may be good
	} else if err != nil {
		r.refuse(v.Digest)
		told := r.tell(ctx, streams.EventModelRefused, v, err.Error())
		return errors.Join(&refusedError{err}, told)
	}
	news := false
	for p := range r.partitions {
		wrote, err := r.announce(ctx, p, v)
		if err != nil {
			return err
		}
		news = news || wrote
	}
	if news { // not after a restart: the logs name the champion already
		text := "serves from each series' next reading on"
		if err := r.tell(ctx, streams.EventModelPromoted, v, text); err != nil {
			return err
		}
	}
	r.announced = v.Digest
	return nil
}

// refuse notes that a version is refused, and forgets those whose time is over (I9).
func (r *reloader) refuse(digest string) {
	now := r.now()
	maps.DeleteFunc(
		r.refused,
		func(_ string, at time.Time) bool { return now.Sub(at) >= refusedFor },
	)
	r.refused[digest] = now
}

// tell publishes an event about a version. The id names the version and the last record before it,
// so that the broker drops a repeat of the event.
func (r *reloader) tell(ctx context.Context, kind string, v registry.Version, text string) error {
	last, _, err := r.conn.LastBySubject(
		ctx,
		topology.Log(0),
		streams.ControlSubject(0, streams.ControlModel),
	)
	if err != nil {
		return fmt.Errorf("tell %s: %w", kind, err)
	}
	event := streams.Event{
		Type:  kind,
		Time:  r.now().UTC(),
		Model: &streams.Model{Name: v.Name, Version: v.Version, Digest: v.Digest},
		Text:  text,
	}
	id := fmt.Sprintf("%s-%d-%s", kind, last.Seq, v.Digest)
	_, err = r.conn.Publish(ctx, streams.EventSubject(kind), event.AppendJSON(nil), id)
	if err != nil {
		return fmt.Errorf("tell %s: %w", kind, err)
	}
	return nil
}

// verify loads a version, runs its self-test and sets it on an engine of its own.
func (r *reloader) verify(ctx context.Context, v registry.Version) error {
	m, err := r.models.get(ctx, reloaderHolder, v.Name, v.Version, v.Digest)
	if err != nil {
		return err
	}
	if err := m.SelfTest(); err != nil {
		return fmt.Errorf("model %s v%s: %w", v.Name, v.Version, err)
	}
	return engine.New().SetModel(m)
}

// announce writes the control record into the log of one partition, unless the last record there
// names the same digest. wrote says whether it wrote.
func (r *reloader) announce(
	ctx context.Context,
	partition int,
	v registry.Version,
) (wrote bool, err error) {
	subject := streams.ControlSubject(partition, streams.ControlModel)
	last, ok, err := r.conn.LastBySubject(ctx, topology.Log(partition), subject)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", subject, err)
	}
	if ok {
		record, err := decodeModelControl(&last)
		if err != nil {
			return false, err
		}
		if record.Digest == v.Digest {
			return false, nil
		}
	}
	record := streams.ModelControl{Name: v.Name, Version: v.Version, Digest: v.Digest}
	// The id names the record before it. The broker drops a repeat after a lost acknowledgement,
	// and stores a change back to an older model.
	id := fmt.Sprintf("ctl-%d-%d-%s", partition, last.Seq, v.Digest)
	if _, err := r.conn.Publish(ctx, subject, record.AppendJSON(nil), id); err != nil {
		return false, fmt.Errorf("write %s: %w", subject, err)
	}
	r.log.Info().
		Int(service.FieldPartition, partition).
		Str(service.FieldModelVersion, v.Version).
		Msg("model announced")
	return true, nil
}

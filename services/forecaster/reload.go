package forecaster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// refusedFor is the time after which a refused version is tried again.
const refusedFor = time.Hour

// reloader writes the registry's champions into the logs, one for each interval. When an alias has
// moved, the reloader fetches the version, verifies it and writes a control record into each log. A
// partition puts the model in force when it reads the record. A bad model never replaces a champion
// (I7).
type reloader struct {
	deps
	round     registry.Round
	verified  map[string]string    // by name: the digest that passed verify last
	announced map[role]string      // the digest that the logs of all partitions name
	eventDue  map[role]bool        // a log got a record of it since the last event
	refused   map[string]time.Time // by digest: when it was refused
}

func newReloader(d deps) *reloader {
	return &reloader{
		deps: d, verified: map[string]string{}, announced: map[role]string{},
		eventDue: map[role]bool{}, refused: map[string]time.Time{},
	}
}

// errBehind says that a partition has not read its log up to the newest model record.
var errBehind = errors.New("the partition has not read its log up to now")

// refusedError says why a version cannot serve.
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

// look announces the champions, unless the logs name them already. When one champion cannot be
// announced, look goes on with the others.
func (r *reloader) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	var faults []error
	for _, v := range r.baseVersions() {
		if v.Digest != r.announced[roleOfVersion(v.Name, v.Version)] {
			faults = append(faults, r.announceAll(ctx, v))
		}
	}
	names := r.round.Names(func(name string) bool { return r.verified[name] != "" })
	for _, name := range names {
		err := r.reload(ctx, name)
		if errors.Is(err, registry.ErrUnavailable) {
			return err // the registry does not answer for the other names either
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// baseVersions returns the base models of this release.
func (r *reloader) baseVersions() []registry.Version {
	var all []registry.Version
	for _, m := range r.models.bases.Models() {
		all = append(all, registry.Version{Name: m.Spec.Name, Version: m.Version, Digest: m.Digest})
	}
	return all
}

// ask returns the champion of a name; ok says that there is one.
func (r *reloader) ask(ctx context.Context, name string) (v registry.Version, ok bool, err error) {
	v, err = r.models.registry.ByAlias(ctx, name, registry.Champion)
	if errors.Is(err, registry.ErrNotFound) {
		return v, false, nil
	}
	if err != nil {
		return v, false, fmt.Errorf("ask the registry for %s@%s: %w", name, registry.Champion, err)
	}
	return v, true, nil
}

// reload announces the champion of a name, unless the logs name it already.
func (r *reloader) reload(ctx context.Context, name string) error {
	v, ok, err := r.ask(ctx, name)
	if err != nil || !ok || v.Digest == r.announced[roleOfVersion(name, v.Version)] {
		return err
	}
	if at, ok := r.refused[v.Digest]; ok && r.now().Sub(at) < refusedFor {
		return nil
	}
	if v.Digest != r.verified[name] {
		err := r.verify(ctx, v)
		switch {
		case errors.Is(err, registry.ErrUnavailable):
			return err // the version may be good
		case err == nil:
			r.verified[name] = v.Digest
		default:
			r.refuse(v.Digest)
			eventErr := r.publishEvent(ctx, streams.EventModelRefused, v, err.Error())
			err = errors.Join(&refusedError{err}, eventErr)
		}
		r.models.keep(reloaderHolder, slices.Collect(maps.Values(r.verified))...)
		if err != nil {
			return err
		}
	}
	return r.announceAll(ctx, v)
}

// announceAll announces a version in all partitions. A partition whose model in force is not known
// yet waits for the next look. When all logs name the version, announceAll publishes an event.
func (r *reloader) announceAll(ctx context.Context, v registry.Version) error {
	behind, as := false, roleOfVersion(v.Name, v.Version)
	for p := range r.partitions {
		wrote, err := r.announce(ctx, p, v)
		if errors.Is(err, errBehind) {
			behind = true
			continue
		}
		if err != nil {
			return err
		}
		r.eventDue[as] = r.eventDue[as] || wrote
	}
	if behind {
		return nil
	}
	if r.eventDue[as] { // not after a restart: the logs name the model already
		text := "serves from each series' next reading on"
		if as.base {
			text = "base model: serves series of less than a week, and all while there is no champion"
		}
		if err := r.publishEvent(ctx, streams.EventModelPromoted, v, text); err != nil {
			return err
		}
	}
	r.announced[as], r.eventDue[as] = v.Digest, false
	return nil
}

// refuse notes that a version is refused, and forgets those whose time is over (I9).
func (r *reloader) refuse(digest string) {
	now := r.now()
	maps.DeleteFunc(r.refused, func(_ string, at time.Time) bool {
		return now.Sub(at) >= refusedFor
	})
	r.refused[digest] = now
}

// publishEvent publishes an event about a version. The id names the version and the last record
// before it, so that the broker drops a repeat of the event.
func (r *reloader) publishEvent(
	ctx context.Context, kind string, v registry.Version, text string,
) error {
	subject := streams.ControlSubject(0, streams.ControlModel)
	last, _, err := r.conn.LastBySubject(ctx, topology.Log(0), subject)
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

// verify loads a version, runs its self-test and sets it on a new engine.
func (r *reloader) verify(ctx context.Context, v registry.Version) error {
	m, err := r.models.get(ctx, reloaderHolder, v.Name, v.Version, v.Digest)
	if err != nil {
		return err
	}
	if err := registry.CheckName(v.Name, m.Spec.Step()); err != nil {
		return err
	}
	if err := m.SelfTest(); err != nil {
		return fmt.Errorf("model %s v%s: %w", v.Name, v.Version, err)
	}
	return engine.New().SetModel(m)
}

// announce writes the control record into the log of one partition, unless the version is in force
// there. wrote says whether it wrote. The model in force is known when the partition has read the
// newest model record of its log, also one of another role. Before that announce returns
// errBehind.
func (r *reloader) announce(
	ctx context.Context, partition int, v registry.Version,
) (wrote bool, err error) {
	subject := streams.ControlSubject(partition, streams.ControlModel)
	last, ok, err := r.conn.LastBySubject(ctx, topology.Log(partition), subject)
	if err != nil {
		return false, fmt.Errorf("read %s: %w", subject, err)
	}
	inForce, position := r.status.inForce(partition, roleOfVersion(v.Name, v.Version))
	if ok && position < last.Seq {
		return false, errBehind
	}
	if inForce != nil && inForce.Digest == v.Digest {
		return false, nil
	}
	if _, err := r.record(ctx, partition, last.Seq, v); err != nil {
		return false, err
	}
	return true, nil
}

// record writes the control record of a version behind the last model record, and returns its
// sequence.
func (r *reloader) record(
	ctx context.Context, partition int, last uint64, v registry.Version,
) (uint64, error) {
	subject := streams.ControlSubject(partition, streams.ControlModel)
	record := streams.ModelControl{Name: v.Name, Version: v.Version, Digest: v.Digest}
	// The id names the record before it. The broker drops a repeat after a lost acknowledgement,
	// and stores a change back to an older model.
	id := fmt.Sprintf("ctl-%d-%d-%s", partition, last, v.Digest)
	seq, err := r.conn.Publish(ctx, subject, record.AppendJSON(nil), id)
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", subject, err)
	}
	r.log.Info().Int(service.FieldPartition, partition).Str(service.FieldModelVersion, v.Version).
		Str(service.FieldModel, v.Name).Msg("model announced")
	return seq, nil
}

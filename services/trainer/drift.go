package trainer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// driftBatch bounds how many events of drift one look reads.
const driftBatch = 200

// drifts are the events of drift that a service has read.
type drifts struct {
	next   uint64 // position in EVENTS of the next one to read
	newest map[string]driftEvent
}

// driftEvent is the newest event about a model.
type driftEvent struct {
	seq    uint64
	at     time.Time
	reason string
}

// drift asks for cycles of the models whose forecasts have become worse since a cycle of them was
// asked for. Many series may drift at once, so two cycles of one model that drift starts are at
// least DriftPause apart; the later one answers the events in between. A model waits for no pause of
// another one.
func (s *Service) drift(ctx context.Context) {
	if err := s.readDrift(ctx); err != nil {
		if !errors.Is(err, bus.ErrNoStream) && ctx.Err() == nil {
			s.log.Debug().AnErr(service.FieldError, err).Msg("drift not read")
		}
		return
	}
	if len(s.drifts.newest) == 0 {
		return
	}
	e, rev, err := s.jobs.read(ctx)
	if err != nil || e.Open() {
		return
	}
	wanted := request{trigger: streams.TriggerDrift}
	for _, name := range slices.Backward(s.cfg.Models) {
		d, ok := s.drifts.newest[name]
		mark := e.mark(name)
		since := mark.Asked
		if rev == 0 || since.IsZero() { // there was no cycle of the model yet
			since = s.began
		}
		switch {
		case !ok:
		case d.seq <= mark.Seq || !d.at.After(since):
			delete(s.drifts.newest, name) // answered
		case s.clock.Now().Sub(mark.Drifted) >= s.cfg.DriftPause:
			wanted.models = append(wanted.models, name)
			if d.seq > wanted.driftSeq {
				wanted.driftSeq, wanted.reason = d.seq, d.reason
			}
		}
	}
	if len(wanted.models) > 0 {
		s.accept(ctx, wanted)
	}
}

// readDrift reads the events that have come since the last look.
func (s *Service) readDrift(ctx context.Context) error {
	subject := streams.EventSubject(streams.EventDrift)
	last, ok, err := s.deps.Conn.LastBySubject(ctx, topology.Events, subject)
	if err != nil || !ok || last.Seq < s.drifts.next {
		return err
	}
	for range driftBatch {
		m, ok, err := s.deps.Conn.NextBySubject(ctx, topology.Events, subject, s.drifts.next)
		if err != nil || !ok {
			return err
		}
		s.drifts.next = m.Seq + 1
		d := driftEvent{seq: m.Seq, at: m.Time}
		event, err := streams.DecodeEvent(m.Data)
		if err == nil {
			d.reason = event.Series + " " + event.Text
		}
		for _, name := range s.drifting(ctx, &event) {
			s.drifts.newest[name] = d
		}
	}
	return nil
}

// drifting returns the models that an event is about: that which it names, else that which serves the
// series that it names, else all that are trained here.
func (s *Service) drifting(ctx context.Context, e *streams.Event) []string {
	if e.Model != nil && slices.Contains(s.cfg.Models, e.Model.Name) {
		return []string{e.Model.Name}
	}
	if name := s.servedBy(ctx, e.Series); slices.Contains(s.cfg.Models, name) {
		return []string{name}
	}
	return s.trainable(ctx)
}

// servedBy asks the owner of a series for the name of the model that forecasts it. It is empty when
// nobody knows.
func (s *Service) servedBy(ctx context.Context, name string) string {
	id, ok := meter.ParseID(name)
	if !ok {
		return ""
	}
	partitions, err := topology.Partitions(ctx, s.deps.Conn.JetStream())
	if err != nil {
		return ""
	}
	subject := streams.QuerySubject(streams.Partition(id, partitions), streams.QuerySeries)
	query := streams.SeriesQuery{Series: name}
	answer, err := s.deps.Conn.Request(ctx, subject, query.AppendJSON(nil))
	if err != nil {
		return ""
	}
	page, err := streams.DecodeSeriesPage(answer.Data)
	if err != nil || len(page.Series) == 0 {
		return ""
	}
	return registry.ModelName(time.Duration(page.Series[0].Serving))
}

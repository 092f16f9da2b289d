package cycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// Source is where history comes from.
type Source interface {
	// Load adds all readings of the source to b.
	Load(ctx context.Context, b *dataset.Builder) error
}

// Logs reads history from the partitions' logs.
type Logs struct {
	Conn *bus.Conn
}

// logBatch is the number of messages that are read at once.
const logBatch = 1024

// Load adds the readings that are in the logs now. Readings in a form that the forecaster would
// refuse are left out. The label that is set for a series now counts for all of its readings.
func (l Logs) Load(ctx context.Context, b *dataset.Builder) error {
	partitions, err := topology.Partitions(ctx, l.Conn.JetStream())
	if err != nil {
		return err
	}
	zones, err := l.zones(ctx)
	if err != nil {
		return err
	}
	set, err := l.labels(ctx)
	if err != nil {
		return fmt.Errorf("read the labels of series from %s: %w", topology.SettingsLog, err)
	}
	add := func(m *bus.Message) error { return addMessage(ctx, b, m, zones, set) }
	for p := range partitions {
		if err := l.each(ctx, topology.Log(p), add); err != nil {
			return fmt.Errorf("read history from %s: %w", topology.Log(p), err)
		}
	}
	return nil
}

// zones returns the zones that are set for series now, for times without an offset.
func (l Logs) zones(ctx context.Context) (*streams.Zones, error) {
	bucket, err := l.Conn.OpenBucket(ctx, topology.Settings)
	if err != nil && !errors.Is(err, bus.ErrNoBucket) {
		return nil, err
	}
	return streams.NewZones(func(ctx context.Context, key string) ([]byte, error) {
		if bucket == nil {
			return nil, nil
		}
		data, _, _, err := bucket.Get(ctx, key)
		return data, err
	}), nil
}

// labels returns the labels that are set for series now.
func (l Logs) labels(ctx context.Context) (labels, error) {
	set := labels{}
	_, err := l.Conn.OpenBucket(ctx, topology.Settings)
	if errors.Is(err, bus.ErrNoBucket) {
		return set, nil
	}
	if err == nil {
		err = l.each(ctx, topology.SettingsLog, set.take)
	}
	return set, err
}

// each calls take with each message that is in a stream now.
func (l Logs) each(ctx context.Context, stream string, take func(*bus.Message) error) error {
	state, err := l.Conn.StreamState(ctx, stream)
	if err != nil || state.Messages == 0 {
		return err
	}
	log, err := l.Conn.OpenReader(ctx, bus.ReaderConfig{Stream: stream, From: state.FirstSeq,
		Buffer: 4 * logBatch})
	if err != nil {
		return err
	}
	defer log.Close()
	var batch []bus.Message
	for {
		if batch, err = log.Next(ctx, batch[:0], logBatch); err != nil {
			return err
		}
		for i := range batch {
			if err := take(&batch[i]); err != nil {
				return err
			}
			// The last message may have been erased: then none is pending.
			if batch[i].Pending == 0 || batch[i].Seq >= state.LastSeq {
				return nil
			}
		}
	}
}

// addControl adds what a control record says about history: marks, and the end of the marks of a
// deleted series. A mark that cannot be read marks nothing in serving either.
func addControl(b *dataset.Builder, kind string, data []byte) {
	switch kind {
	case streams.ControlMark:
		record, err := streams.DecodeMarkControl(data)
		if err != nil {
			return
		}
		if pattern, mark, err := record.Mark(); err == nil {
			b.Mark(pattern, mark)
		}
	case streams.ControlDelete:
		if record, err := streams.DecodeDeleteControl(data); err == nil {
			id, _ := meter.ParseID(record.Series)
			b.Unmark(id)
		}
	}
}

// labels are those that are set, by pattern.
type labels map[meter.ID]meter.Label

// take takes a change of the bucket of settings. What is not valid has no effect in serving either.
func (all labels) take(m *bus.Message) error {
	key := strings.TrimPrefix(m.Subject, "$KV."+topology.Settings+".")
	name, ok := streams.SettingsPattern(key)
	pattern, known := meter.ParsePattern(name)
	if !ok || !known {
		return nil
	}
	delete(all, pattern)
	if set, err := streams.DecodeSettings(m.Data); err == nil {
		all[pattern], _ = meter.ParseLabel(set.Label)
	}
	return nil
}

// of is the label of a series: its own word comes before that about its site, and that before the
// one about all.
func (all labels) of(id meter.ID) meter.Label {
	return cmp.Or(all[id], all[meter.ID{Site: id.Site, Meter: meter.Any}],
		all[meter.ID{Site: meter.Any, Meter: meter.Any}])
}

// addMessage adds the readings of a message, or the marks of a control record. A reading that is too
// far ahead of the log's clock is left out, as in serving: it would stretch the history. The error is
// that of the bucket of settings.
func addMessage(
	ctx context.Context, b *dataset.Builder, m *bus.Message, zones *streams.Zones, set labels,
) (err error) {
	input, wrong := streams.ParseInput(m.Subject)
	if wrong != nil {
		return nil
	}
	if input.Control != "" {
		addControl(b, input.Control, m.Data)
		return nil
	}
	atEnd := set.of(input.Series) == meter.LabelEnd
	readings, _ := streams.DecodeReadingsInto(nil, m.Data, zones.Of(ctx, input.Series, &err))
	for _, r := range readings {
		if r.Quality.OrOK().Accepted() && r.Time.Sub(m.Time) <= meter.FutureLimit {
			b.AddReading(input.Series, dataset.Reading{
				Kind: r.Kind, Unit: r.Unit, Second: r.Time.Unix(), Value: r.Value,
				Interval: int32(r.Interval / time.Second), Quality: r.Quality, AtEnd: atEnd,
			})
		}
	}
	return err
}

package cycle

import (
	"context"
	"errors"
	"fmt"
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
// refuse are left out.
func (l Logs) Load(ctx context.Context, b *dataset.Builder) error {
	partitions, err := topology.Partitions(ctx, l.Conn.JetStream())
	if err != nil {
		return err
	}
	zones, err := l.zones(ctx)
	if err != nil {
		return err
	}
	for p := range partitions {
		if err := l.load(ctx, b, topology.Log(p), zones); err != nil {
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

func (l Logs) load(
	ctx context.Context, b *dataset.Builder, stream string, zones *streams.Zones,
) error {
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
			if err := addMessage(ctx, b, &batch[i], zones); err != nil {
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

// addMessage adds the readings of a message, or the marks of a control record. A reading that is too
// far ahead of the log's clock is left out, as in serving: it would stretch the history. The error is
// that of the bucket of settings.
func addMessage(
	ctx context.Context, b *dataset.Builder, m *bus.Message, zones *streams.Zones,
) (err error) {
	input, wrong := streams.ParseInput(m.Subject)
	if wrong != nil {
		return nil
	}
	if input.Control != "" {
		addControl(b, input.Control, m.Data)
		return nil
	}
	readings, _ := streams.DecodeReadingsInto(nil, m.Data, zones.Of(ctx, input.Series, &err))
	for _, r := range readings {
		if r.Quality.OrOK().Accepted() && r.Time.Sub(m.Time) <= meter.FutureLimit {
			b.AddReading(input.Series, dataset.Reading{
				Kind: r.Kind, Unit: r.Unit, Second: r.Time.Unix(), Value: r.Value,
				Interval: int32(r.Interval / time.Second), Quality: r.Quality,
			})
		}
	}
	return err
}

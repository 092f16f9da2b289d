package forecaster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// mark says how far the outputs of a partition are stored: all forecasts up to Pos are in FORECASTS
// at or before ForecastsSeq. The owner of the partition writes the mark about once a second.
type mark struct {
	Epoch        uint64    `json:"epoch"` // how often the partition was started
	Pos          OutputPos `json:"place"`
	ForecastsSeq uint64    `json:"forecasts_seq"`
}

// marker writes the mark of a partition by compare-and-set. A refused write means that another
// process writes the mark, and the partition must stop.
type marker struct {
	bucket   *bus.Bucket
	key      string
	revision uint64
	mark     mark
}

// errNotOwner says that another process writes this partition's mark.
var errNotOwner = errors.New("another process owns this partition")

// openMarker takes the partition over: it reads the mark and writes it back with the next epoch.
func openMarker(ctx context.Context, bucket *bus.Bucket, partition int) (*marker, error) {
	m := &marker{bucket: bucket, key: topology.MarkKey(partition)}
	value, revision, ok, err := bucket.Get(ctx, m.key)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", m.key, err)
	}
	if ok {
		if err := json.Unmarshal(value, &m.mark); err != nil {
			return nil, fmt.Errorf("%s: %w", m.key, err)
		}
	}
	m.revision = revision
	m.mark.Epoch++
	return m, m.write(ctx)
}

// advance writes a new position, which is after the one before.
func (m *marker) advance(ctx context.Context, pos OutputPos, forecastsSeq uint64) error {
	m.mark.Pos, m.mark.ForecastsSeq = pos, forecastsSeq
	return m.write(ctx)
}

func (m *marker) write(ctx context.Context) error {
	value, err := json.Marshal(m.mark)
	if err != nil {
		return fmt.Errorf("write %s: %w", m.key, err)
	}
	revision, err := m.bucket.Update(ctx, m.key, value, m.revision)
	if errors.Is(err, bus.ErrConflict) {
		return &service.HintError{
			What: fmt.Sprintf("write %s: %v", m.key, errNotOwner), Err: errNotOwner,
			Reason: "not_owner",
			Fix: []string{
				"stop the other forecaster or `loadtide up` on this NATS server: one process owns all " +
					"partitions in this release",
			},
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", m.key, err)
	}
	m.revision = revision
	return nil
}

// highWater returns the position of the newest forecast of the partition in FORECASTS. Forecasts
// are stored in ascending order, so the stream has all before it and none after it. A replay must
// not publish the forecasts up to it again (I2).
func highWater(
	ctx context.Context, conn *bus.Conn, partition int, created time.Time, from mark,
) (OutputPos, error) {
	high := from.Pos
	own, _ := streams.ParseOutputID(streams.OutputID(created, partition, 0, 0))
	// The newest message: the end of the stream, unless that was erased with its series.
	newest, err := conn.NewestSeq(ctx, forecastsStream)
	if err != nil {
		return high, fmt.Errorf("read end of %s: %w", forecastsStream, err)
	}
	if newest <= from.ForecastsSeq {
		return high, nil
	}
	log, err := conn.OpenReader(ctx, bus.ReaderConfig{
		Stream: forecastsStream, From: from.ForecastsSeq + 1, HeadersOnly: true,
	})
	if err != nil {
		return high, fmt.Errorf("read %s: %w", forecastsStream, err)
	}
	defer log.Close()
	var batch []bus.Message
	for {
		batch, err = log.Next(ctx, batch[:0], scanMessages)
		if err != nil {
			return high, fmt.Errorf("read %s from %d: %w", forecastsStream, from.ForecastsSeq+1, err)
		}
		for i := range batch {
			key, _ := streams.ParseOutputID(batch[i].ID) // the zero key is of no log
			if key.Partition == own.Partition && key.Created == own.Created {
				if pos := (OutputPos{Seq: key.Seq, K: key.K}); pos.After(high) {
					high = pos
				}
			}
			if batch[i].Seq >= newest {
				return high, nil
			}
		}
	}
}

// scanMessages is how many messages a reader of a whole stream takes at once.
const scanMessages = 4096

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

// mark is what the owner of a partition writes about once a second: how far its
// outputs are stored. Everything of the partition up to Place stands in
// FORECASTS at or before ForecastsSeq.
type mark struct {
	Epoch        uint64 `json:"epoch"` // how often the partition was started
	Place        Place  `json:"place"`
	ForecastsSeq uint64 `json:"forecasts_seq"`
}

// marker keeps a partition's mark by compare-and-set. A refusal means that
// someone else writes it: the partition must stop.
type marker struct {
	bucket   *bus.Bucket
	key      string
	revision uint64
	mark     mark
}

// errNotOwner says that another process writes this partition's mark.
var errNotOwner = errors.New("another process owns this partition")

// openMarker takes the partition over: it reads the mark and writes it back
// under the next epoch.
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

// advance writes a new place, which is after the one before.
func (m *marker) advance(ctx context.Context, place Place, forecastsSeq uint64) error {
	m.mark.Place, m.mark.ForecastsSeq = place, forecastsSeq
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
			Fix:    []string{"stop the other forecaster or `loadtide up` on this NATS server: one process owns all partitions in this release"},
		}
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", m.key, err)
	}
	m.revision = revision
	return nil
}

// highWater is the last output of the partition that FORECASTS holds. Outputs
// are stored in ascending order, so all before it are there as well and none
// behind it: what a replay makes up to it must not be published again (I2).
func highWater(
	ctx context.Context, conn *bus.Conn, partition int, created time.Time, from mark,
) (Place, error) {
	high := from.Place
	own, _ := streams.ParseOutputID(streams.OutputID(created, partition, 0, 0))
	// The stream's end, unless what stood there was erased with its series.
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
			at, _ := streams.ParseOutputID(batch[i].ID) // what is no id of an output is of no log
			if at.Partition == own.Partition && at.Created == own.Created {
				if place := (Place{Seq: at.Seq, K: at.K}); place.After(high) {
					high = place
				}
			}
			if batch[i].Seq >= newest {
				return high, nil
			}
		}
	}
}

const scanMessages = 4096

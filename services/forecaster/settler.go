package forecaster

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// settler writes the settings of series from their bucket into the logs of the partitions. In each
// partition a setting takes effect at the position of its record, so that a replay gives the same.
type settler struct {
	deps
	written []uint64 // by partition: the newest revision of the bucket in its log
}

// settlePause is the pause between two attempts to follow the bucket. A failure after settleSteady
// of following is logged again.
const settlePause, settleSteady = time.Second, time.Minute

// run follows the bucket until ctx ends.
func (s *settler) run(ctx context.Context) {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: settlePause}, Steady: settleSteady,
		Notice: &retry.Notice{Failed: func(err error) {
			s.log.Warn().
				AnErr(service.FieldError, err).
				Msg("settings of series are not followed, those in force hold")
		}},
	}
	_ = retry.Until(ctx, policy, s.follow) // the notice reports failures
}

// follow writes what the logs do not have, then what comes.
func (s *settler) follow(ctx context.Context) error {
	state, err := s.conn.StreamState(ctx, topology.SettingsLog)
	if err != nil {
		return fmt.Errorf("read state of %s: %w", topology.SettingsLog, err)
	}
	s.written = make([]uint64, s.partitions)
	from := state.LastSeq
	for p := range s.written {
		if s.written[p], err = s.newest(ctx, p); err != nil {
			return err
		}
		if s.written[p] > state.LastSeq {
			s.written[p] = 0 // of a bucket that is gone
		}
		from = min(from, s.written[p])
	}
	log, err := s.conn.OpenReader(
		ctx,
		bus.ReaderConfig{Stream: topology.SettingsLog, From: max(from+1, state.FirstSeq, 1)},
	)
	if err != nil {
		return fmt.Errorf("read %s from %d: %w", topology.SettingsLog, from+1, err)
	}
	defer log.Close()
	var batch []bus.Message
	for {
		if batch, err = log.Next(ctx, batch[:0], scanMessages); err != nil {
			return fmt.Errorf("read %s: %w", topology.SettingsLog, err)
		}
		for i := range batch {
			if err := s.settle(ctx, &batch[i]); err != nil {
				return err
			}
		}
	}
}

// newest is the revision of the last record in a partition's log.
func (s *settler) newest(ctx context.Context, partition int) (uint64, error) {
	subject := streams.ControlSubject(partition, streams.ControlSettings)
	last, ok, err := s.conn.LastBySubject(ctx, topology.Log(partition), subject)
	if err != nil || !ok {
		return 0, err
	}
	record, err := streams.DecodeSettingsControl(last.Data)
	if err != nil {
		return 0, fmt.Errorf("%s at %d: %w", subject, last.Seq, err)
	}
	return record.Revision, nil
}

// settle writes one change of the bucket to the partitions it concerns. An entry
// that was taken out of the bucket has no content.
func (s *settler) settle(ctx context.Context, m *bus.Message) error {
	pattern, ok := streams.SettingsPattern(
		strings.TrimPrefix(m.Subject, "$KV."+topology.Settings+"."),
	)
	record := streams.SettingsControl{Pattern: pattern, Revision: m.Seq}
	var err error
	if len(m.Data) > 0 {
		record.Settings, err = streams.DecodeSettings(m.Data)
	}
	if err == nil && ok {
		_, err = SettingOf(record.Settings)
	}
	if err != nil || !ok { // written past `series set`, which checks
		s.log.Warn().
			AnErr(service.FieldError, err).
			Str(service.FieldSubject, m.Subject).
			Msg("settings ignored: their key or content is not valid")
		return nil
	}
	first, last := 0, s.partitions-1
	if id, ok := meter.ParseID(pattern); ok {
		first = streams.Partition(id, s.partitions)
		last = first
	}
	for p := first; p <= last; p++ {
		if s.written[p] >= m.Seq {
			continue
		}
		id := fmt.Sprintf("settings-%d-%d", p, m.Seq)
		subject := streams.ControlSubject(p, streams.ControlSettings)
		if _, err := s.conn.Publish(ctx, subject, record.AppendJSON(nil), id); err != nil {
			return fmt.Errorf("write settings of %s to partition %d: %w", pattern, p, err)
		}
		s.written[p] = m.Seq
	}
	return nil
}

// announceLimit writes how many series there may be into a partition's log, unless
// the last record there says the same.
func (d *deps) announceLimit(ctx context.Context, partition int) error {
	subject := streams.ControlSubject(partition, streams.ControlLimit)
	last, ok, err := d.conn.LastBySubject(ctx, topology.Log(partition), subject)
	if err != nil {
		return fmt.Errorf("read %s: %w", subject, err)
	}
	if ok {
		record, err := streams.DecodeLimitControl(last.Data)
		if err != nil {
			return fmt.Errorf("%s at %d: %w", subject, last.Seq, err)
		}
		if record.Series == d.cfg.MaxSeries {
			return nil
		}
	}
	record := streams.LimitControl{Series: d.cfg.MaxSeries}
	id := fmt.Sprintf("limit-%d-%d-%d", partition, last.Seq, record.Series)
	if _, err := d.conn.Publish(ctx, subject, record.AppendJSON(nil), id); err != nil {
		return fmt.Errorf("write %s: %w", subject, err)
	}
	return nil
}

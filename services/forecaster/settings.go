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

// settingsWriter writes the settings of series from their bucket into the logs of the partitions.
// In each partition a setting takes effect at the position of its record, so that a replay gives
// the same.
type settingsWriter struct {
	deps
	revisions []uint64 // by partition: the newest revision of the bucket in its log
}

// settingsPause is the pause between two attempts to follow the bucket. A failure after
// settingsSteady of following is logged again.
const settingsPause, settingsSteady = time.Second, time.Minute

// run follows the bucket until ctx ends.
func (s *settingsWriter) run(ctx context.Context) {
	policy := retry.Policy{
		Backoff: retry.Backoff{Least: settingsPause}, Steady: settingsSteady,
		Notice: &retry.Notice{Failed: func(err error) {
			s.log.Warn().
				AnErr(service.FieldError, err).
				Msg("settings of series are not followed, those in force hold")
		}},
	}
	_ = retry.Until(ctx, policy, s.follow) // the notice reports failures
}

// follow writes the changes of the bucket that the logs lack, and then each new change. It returns
// the first error.
func (s *settingsWriter) follow(ctx context.Context) error {
	state, err := s.conn.StreamState(ctx, topology.SettingsLog)
	if err != nil {
		return fmt.Errorf("read state of %s: %w", topology.SettingsLog, err)
	}
	s.revisions = make([]uint64, s.partitions)
	from := state.LastSeq
	for p := range s.revisions {
		if s.revisions[p], err = s.newestRevision(ctx, p); err != nil {
			return err
		}
		if s.revisions[p] > state.LastSeq {
			s.revisions[p] = 0 // the revision is of a deleted bucket
		}
		from = min(from, s.revisions[p])
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
			if err := s.write(ctx, &batch[i]); err != nil {
				return err
			}
		}
	}
}

// newestRevision returns the revision of the last record in the log of a partition.
func (s *settingsWriter) newestRevision(ctx context.Context, partition int) (uint64, error) {
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

// write writes one change of the bucket to the logs of the partitions that it concerns. A removed
// entry of the bucket has no content, and its record has empty settings.
func (s *settingsWriter) write(ctx context.Context, m *bus.Message) error {
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
	if err != nil || !ok { // not written by `series set`, which checks settings
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
		if s.revisions[p] >= m.Seq {
			continue
		}
		id := fmt.Sprintf("settings-%d-%d", p, m.Seq)
		subject := streams.ControlSubject(p, streams.ControlSettings)
		if _, err := s.conn.Publish(ctx, subject, record.AppendJSON(nil), id); err != nil {
			return fmt.Errorf("write settings of %s to partition %d: %w", pattern, p, err)
		}
		s.revisions[p] = m.Seq
	}
	return nil
}

// announceLimit writes the limit of series into the log of a partition, unless the last record
// there says the same.
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

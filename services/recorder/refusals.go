package recorder

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

// refusedLogged is how many of the points that are refused together are logged one by one. All of
// them are listed.
const refusedLogged = 10

// refusals counts and lists the points that InfluxDB refuses for good.
type refusals struct {
	nats    NATS
	metrics *metrics
	log     zerolog.Logger
	now     func() time.Time

	mu     sync.Mutex
	old    int       // points too old since the last log line about them
	logged time.Time // the time of that log line
}

// list writes a message for each refused point to rejected.<site>.<meter>, as the forecaster does
// for refused readings. The error is that of a message that was not stored. The stream is bounded
// and outlives this process, and an erased series disappears from it.
func (f *refusals) list(ctx context.Context, l lane, r rows, cause *influx.Error) error {
	for i, p := range r.points {
		m := r.of[i]
		id := seriesOf(p)
		line := p.String()
		message := streams.Rejected{
			Series: strings.Trim(id.String(), "."), Subject: m.Subject, Seq: m.Seq, Partition: l.partition,
			Reason: meter.ReasonNotRecorded, Detail: cause.Error(), Index: streams.WholeMessage, Count: 1,
			Received: m.Time,
		}
		message.SetPayload([]byte(line))
		subject, messageID := streams.RejectedSubject(id), refusalID(l.stream, m.Seq, line)
		if err := f.nats.Publish(ctx, subject, message.AppendJSON(nil), messageID); err != nil {
			return fmt.Errorf("list a refused point: %w", err)
		}
		f.metrics.points.WithLabelValues(l.kind, outcomeRefused).Inc()
		if i < refusedLogged {
			f.log.Warn().Str(service.FieldSeries, message.Series).
				Str(service.FieldMeasurement, p.Measurement).
				Str(service.FieldPointTime, p.Time.UTC().Format(time.RFC3339)).
				Str(service.FieldReason, string(cause.Kind)).AnErr(service.FieldError, cause).
				Msg("point refused by influxdb, it is listed in REJECTED")
		}
	}
	if more := r.len() - refusedLogged; more > 0 {
		f.log.Warn().Int(service.FieldCount, more).Msg("more points refused, they are listed in REJECTED")
	}
	return nil
}

// refusalID is the same for the same point of the same message, so the broker drops a repeat.
func refusalID(stream string, seq uint64, line string) string {
	h := fnv.New64a()
	h.Write([]byte(line))
	return fmt.Sprintf("recorder-%s-%d-%x", stream, seq, h.Sum64())
}

// expired counts points that are older than the retention of the bucket, which would have deleted
// them by now. They are no fault and are not listed. A log line, at most one in each
// outageReminder, says how many there were.
func (f *refusals) expired(l lane, n int, oldest time.Time) {
	if n == 0 {
		return
	}
	f.metrics.points.WithLabelValues(l.kind, outcomeExpired).Add(float64(n))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.old += n
	if now := f.now(); now.Sub(f.logged) >= outageReminder {
		f.log.Warn().Int(service.FieldCount, f.old).
			Str(service.FieldOldestKept, oldest.UTC().Format(time.RFC3339)).
			Msg("points are older than the bucket's retention, they are left out")
		f.old, f.logged = 0, now
	}
}

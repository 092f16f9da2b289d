package recorder

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams"
)

// zoneBucket is a broker whose bucket of settings has one zone for all series, or does not answer.
type zoneBucket struct {
	NATS
	zone  string
	err   error
	reads int
}

func (z *zoneBucket) Settings(_ context.Context, key string) ([]byte, error) {
	z.reads++
	if key != streams.SettingsKey("*.*") || z.zone == "" {
		return nil, z.err
	}
	return []byte(`{"zone":"` + z.zone + `"}`), z.err
}

// A reading without an offset is recorded once its series has a zone. The bucket is read once, and
// again after a record of settings in the log.
func TestReadingsOfAZone(t *testing.T) {
	t.Parallel()
	broker := &zoneBucket{}
	l := logLane(t.Context(), 0, broker)
	times := func(subject, payload string) (at []string) {
		t.Helper()
		points, err := l.append(nil, &bus.Message{Subject: subject, Data: []byte(payload)})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range points {
			at = append(at, p.Time.Format(time.RFC3339))
		}
		return at
	}
	const naive = `[{"ts":"2026-07-01 12:00","value":1},{"ts":"2026-07-01T12:00:00Z","value":1}]`
	if got := times("r.0.north.m1", naive); len(got) != 1 || broker.reads != 3 {
		t.Errorf("without a zone: %v after %d reads", got, broker.reads)
	}
	broker.zone = "Europe/Vienna"
	if got := times("r.0.north.m1", naive); len(got) != 1 || broker.reads != 3 {
		t.Errorf("before the record: %v after %d reads", got, broker.reads)
	}
	times("ctl.0.settings", `{}`)
	for range 2 {
		got := times("r.0.north.m1", naive)
		if len(got) != 2 || got[0] != "2026-07-01T10:00:00Z" || broker.reads != 6 {
			t.Errorf("with a zone: %v after %d reads", got, broker.reads)
		}
	}
}

// When the bucket does not answer, the message is not skipped: its lane is read again.
func TestReadingsWaitForSettings(t *testing.T) {
	t.Parallel()
	l := logLane(t.Context(), 0, &zoneBucket{err: errors.New("no answer")})
	m := bus.Message{Subject: "r.0.north.m1", Data: []byte(`{"ts":"2026-07-01 12:00","value":1}`)}
	if _, err := l.append(nil, &m); !errors.Is(err, errSettings) {
		t.Errorf("%v", err)
	}
	var s Service
	if unreadable, err := s.store(t.Context(), l, []bus.Message{m}); !errors.Is(err, errSettings) ||
		unreadable != 0 {
		t.Errorf("%d unreadable, %v", unreadable, err)
	}
}

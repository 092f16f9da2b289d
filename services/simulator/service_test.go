package simulator

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

var errPlanned = errors.New("planned")

// message is one call of PublishReadings with its time.
type message struct {
	series   string
	at       time.Time
	readings []streams.Reading
	payload  string // instead of readings
}

// broker keeps the published messages. fail is called before each call, with its number from 1.
type broker struct {
	messages []message
	calls    int
	flushes  int
	fail     func(call int) error
}

func (b *broker) call() error {
	b.calls++
	if b.fail == nil {
		return nil
	}
	return b.fail(b.calls)
}

func (b *broker) PublishReadings(_ context.Context, id meter.ID, readings []streams.Reading) error {
	if err := b.call(); err != nil {
		return err
	}
	b.messages = append(
		b.messages, message{id.String(), time.Now(), append([]streams.Reading(nil), readings...), ""},
	)
	return nil
}

func (b *broker) PublishPayload(_ context.Context, id meter.ID, payload []byte) error {
	if err := b.call(); err != nil {
		return err
	}
	b.messages = append(b.messages, message{id.String(), time.Now(), nil, string(payload)})
	return nil
}

func (b *broker) Flush(context.Context) error {
	if err := b.call(); err != nil {
		return err
	}
	b.flushes++
	return nil
}

// small is a demo of 3 meters, 12 days of history and 1 day of replay.
func small(t *testing.T) Config {
	t.Helper()
	cfg := flagtest.Defaults[Config](t)
	cfg.Meters, cfg.HistoryDays, cfg.ReplayDays = 3, 12, 1
	return cfg
}

func newService(t *testing.T, cfg Config, dir string, b *broker, progress func(Progress)) *Service {
	t.Helper()
	s, err := New(cfg, Deps{
		Publisher: b, Dir: dir, Now: time.Now, Log: zerolog.Nop(), Metrics: prometheus.NewRegistry(),
		Progress: progress,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// run starts a service and runs it for a time of the bubble.
func run(t *testing.T, s *Service, d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := s.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return errors.Join(s.Run(ctx), s.Stop(ctx))
}

// counted returns a metric of the service, summed over its labels.
func counted(t *testing.T, s *Service, name string) float64 {
	t.Helper()
	families, err := s.deps.Metrics.(*prometheus.Registry).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		sum := 0.0
		for _, m := range family.GetMetric() {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
		return sum
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func TestDemoClock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(20 * time.Minute) // the wall clock stands within an hour
		begun := time.Now()
		base := begun.Truncate(time.Hour)
		b := &broker{}
		var reports []Progress
		s := newService(t, small(t), t.TempDir(), b, func(p Progress) { reports = append(reports, p) })
		if err := run(t, s, 3*time.Hour); err != nil {
			t.Fatal(err)
		}
		// History: two chunks of three meters, the first ten days of all before the rest of any.
		next := base.AddDate(0, 0, -13)
		for i, m := range b.messages[:6] {
			first, n := next, 240
			if i >= 3 {
				first, n = next.AddDate(0, 0, 10), 48
			}
			if len(m.readings) != n || !m.readings[0].Time.Equal(first) || !m.readings[0].History ||
				m.at != begun {
				t.Fatalf(
					"message %d of %s at %s: %d readings from %s", i, m.series, m.at, len(m.readings),
					m.readings[0].Time,
				)
			}
			if payload := streams.AppendReadings(nil, m.readings); len(payload) > 64<<10 {
				t.Errorf("message of %d bytes", len(payload))
			}
		}
		// Replay and real time: one reading a message.
		next = base.AddDate(0, 0, -1)
		live := b.messages[6:]
		if len(live) != 3*(24+3) {
			t.Fatalf("%d messages after the history", len(live))
		}
		for i, m := range live {
			hour := next.Add(time.Duration(i/3) * time.Hour)
			at := begun.Add(time.Duration(i/3) * 2 * time.Second)
			if i/3 >= 24 {
				at = hour.Add(time.Hour)
			}
			r := m.readings[0]
			if len(m.readings) != 1 || !r.Time.Equal(hour) || r.History || r.Unit != Unit {
				t.Fatalf("message %d: %+v, want hour %s", i, m, hour)
			}
			// The last hour of the replay ends with the wall clock's, so it needs no pause.
			if i/3 != 23 && m.at != at {
				t.Errorf("hour %s came at %s, want %s", hour, m.at, at)
			}
		}
		if b.flushes != 2+27 {
			t.Errorf("%d acknowledgements", b.flushes)
		}
		checkProgress(t, reports, base.Add(3*time.Hour))
		if n := counted(t, s, "loadtide_simulator_readings_total"); n != 3*(288+27) {
			t.Errorf("%g readings counted", n)
		}
		if n := counted(
			t, s, "loadtide_simulator_newest_hour_timestamp_seconds",
		); n != float64(base.Add(3*time.Hour).Unix()) {
			t.Errorf("newest hour %g", n)
		}
	})
}

func checkProgress(t *testing.T, reports []Progress, until time.Time) {
	t.Helper()
	if len(reports) != 1+2+27 || reports[0].Phase != PhaseHistory || reports[0].Readings != 0 ||
		reports[0].Resumed || reports[0].Meters != 3 {
		t.Fatalf("%d reports, first %+v", len(reports), reports[0])
	}
	phases := map[Phase]int{}
	for _, p := range reports[1:] {
		phases[p.Phase]++
	}
	if phases[PhaseHistory] != 2 || phases[PhaseReplay] != 23 || phases[PhaseLive] != 4 {
		t.Errorf("steps by phase %v", phases)
	}
	last := reports[len(reports)-1]
	if !last.Until.Equal(until) || last.Readings != 3*(288+27) {
		t.Errorf("last report %+v, want until %s", last, until)
	}
}

// After a stop of five hours the missed hours are replayed step by step, not in a burst. Then real
// time goes on.
func TestGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir, b := t.TempDir(), &broker{}
		if err := run(t, newService(t, small(t), dir, b, nil), 90*time.Minute); err != nil {
			t.Fatal(err)
		}
		done := len(b.messages)
		time.Sleep(5 * time.Hour)
		again := time.Now()
		if err := run(t, newService(t, small(t), dir, b, nil), time.Hour); err != nil {
			t.Fatal(err)
		}
		checkNoHole(t, b.messages, 0)
		missed := b.messages[done:]
		if len(missed) != 3*6 {
			t.Fatalf("%d messages after the stop", len(missed))
		}
		if second := missed[3].at.Sub(again); second != 2*time.Second {
			t.Errorf("the second missed hour came after %s", second)
		}
		if last := missed[15]; last.at.Sub(last.readings[0].Time) != time.Hour {
			t.Errorf("the hour of %s came at %s", last.readings[0].Time, last.at)
		}
	})
}

// After a sleep of the machine the missed hours come step by step, not at once.
func TestNoBurstAfterAStandstill(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{}
		var slept atomic.Int64
		s := newService(t, small(t), t.TempDir(), b, nil)
		s.deps.Now = func() time.Time { return time.Now().Add(time.Duration(slept.Load())) }
		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Hour)
		defer cancel()
		if err := s.Start(ctx); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		time.Sleep(90 * time.Minute)
		synctest.Wait()
		slept.Store(int64(10 * time.Hour))
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		checkNoHole(t, b.messages, 0)
		var early int
		for i := 6 + 3*25; i+3 < len(b.messages); i += 3 {
			if b.messages[i+3].at.Sub(b.messages[i].at) < 2*time.Second {
				early++
			}
		}
		if early > 1 { // the newest one may follow at once: its hour ends now
			t.Errorf("%d hours came in a burst", early)
		}
	})
}

func TestPublishTriesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{fail: func(call int) error {
			if call%5 == 0 {
				return errPlanned
			}
			return nil
		}}
		s := newService(t, small(t), t.TempDir(), b, nil)
		if err := run(t, s, 2*time.Hour); err != nil {
			t.Fatal(err)
		}
		checkNoHole(t, b.messages, 240)
		if n := counted(t, s, "loadtide_simulator_publish_failures_total"); n < 5 {
			t.Errorf("%g failures counted", n)
		}
	})
}

func TestPublishGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broker{fail: func(int) error { return errPlanned }}
		begun := time.Now()
		err := run(t, newService(t, small(t), t.TempDir(), b, nil), time.Hour)
		if !errors.Is(err, errPlanned) || b.calls != maxTries {
			t.Errorf("%d calls, %v", b.calls, err)
		}
		if took := time.Since(begun); took < 7*time.Second || took > 17*time.Second {
			t.Errorf("gave up after %s", took)
		}
	})
}

// A publisher that hangs is cut off by the timeout of a step.
type hanging struct{}

func (hanging) PublishReadings(context.Context, meter.ID, []streams.Reading) error { return nil }

func (hanging) PublishPayload(context.Context, meter.ID, []byte) error { return nil }

func (hanging) Flush(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }

func TestAcknowledgementHasATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, small(t), t.TempDir(), &broker{}, nil)
		s.deps.Publisher = hanging{}
		if err := run(t, s, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
	})
}

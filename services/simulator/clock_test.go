package simulator

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// After a crash at any call the next start goes on without a hole. It repeats at most one step,
// with the same values.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	// two steps of history take 8 calls, an hour of the replay 4
	for crash := 1; crash <= 14; crash++ {
		synctest.Test(t, func(t *testing.T) {
			dir := t.TempDir()
			first := &broker{}
			ctx, kill := context.WithCancel(t.Context())
			defer kill()
			first.fail = func(call int) error {
				if call < crash {
					return nil
				}
				kill() // nothing after this is acknowledged, and no clock is saved
				return errPlanned
			}
			s := newService(t, small(t), dir, first, nil)
			if err := s.Start(ctx); err != nil {
				t.Fatal(err)
			}
			if err := s.Run(ctx); err != nil {
				t.Fatal(err)
			}
			second := &broker{}
			cfg := small(t)
			cfg.Seed = 99 // the clock keeps its own
			resumed := newService(t, cfg, dir, second, nil)
			if err := run(t, resumed, 2*time.Hour); err != nil {
				t.Fatal(err)
			}
			if !resumed.progress.Resumed {
				t.Error("not resumed")
			}
			checkNoHole(t, append(first.messages, second.messages...), 240)
		})
	}
}

// checkNoHole fails unless every series has all hours in order, with repeats of at most one step.
func checkNoHole(t *testing.T, messages []message, step int) {
	t.Helper()
	values, next := map[string]float64{}, map[string]time.Time{}
	for _, m := range messages {
		for _, r := range m.readings {
			id := m.series + r.Time.String()
			if before, ok := values[id]; ok && before != r.Value {
				t.Fatalf("%s at %s: %g, then %g", m.series, r.Time, before, r.Value)
			}
			values[id] = r.Value
			want, known := next[m.series]
			if known && (r.Time.After(want) || want.Sub(r.Time) > time.Duration(step)*time.Hour) {
				t.Fatalf("%s at %s, expected %s", m.series, r.Time, want)
			}
			next[m.series] = r.Time.Add(time.Hour)
		}
	}
	if len(next) != 3 || len(values) < 3*(288+24) {
		t.Fatalf("%d series, %d hours", len(next), len(values))
	}
}

func TestBrokenClockIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"cut short":   `{"schema":1,"seed":1,"ba`,
		"empty":       ``,
		"other":       `{"schema":2,"seed":1,"base":"2026-01-31T13:00:00Z","live":"2026-01-01T13:00:00Z","next":"2026-01-01T13:00:00Z"}`,
		"no times":    `{"schema":1,"seed":1}`,
		"live ahead":  `{"schema":1,"seed":1,"base":"2026-01-31T13:00:00Z","live":"2026-02-01T13:00:00Z","next":"2026-01-01T13:00:00Z"}`,
		"next behind": `{"schema":1,"seed":1,"base":"2026-01-31T13:00:00Z","live":"2026-01-01T13:00:00Z","next":"1999-01-01T13:00:00Z"}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, clockFile)
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			err := newService(t, small(t), dir, &broker{}, nil).Start(t.Context())
			var broken *ClockError
			if !errors.As(err, &broken) || broken.Path != path ||
				!strings.Contains(err.Error(), "move the file away") {
				t.Errorf("error %v", err)
			}
			if data, err := os.ReadFile(path); err != nil || string(data) != content {
				t.Errorf("the file holds %q, %v", data, err)
			}
		})
	}
	if err := newService(
		t, small(t), filepath.Join(t.TempDir(), "none"), &broker{}, nil,
	).Start(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a data folder that is not there: %v", err)
	}
	if _, err := New(small(t), Deps{}); err == nil {
		t.Error("New without its parts must refuse")
	}
	if _, err := New(Config{}, Deps{}); err == nil {
		t.Error("New with faults must refuse")
	}
}

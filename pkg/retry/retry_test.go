package retry_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/loadtide/loadtide/pkg/retry"
)

var errAway = errors.New("away")

func TestSleep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if err := retry.Sleep(t.Context(), time.Minute); err != nil || time.Since(began) != time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began = time.Now()
		err := retry.Sleep(ctx, time.Minute)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("ended: %v after %s", err, time.Since(began))
		}
		if err := retry.Sleep(ctx, -1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no time, but an ended context: %v", err)
		}
		if err := retry.Sleep(t.Context(), 0); err != nil {
			t.Error(err)
		}
	})
}

func TestPauseDoublesUpToItsBound(t *testing.T) {
	t.Parallel()
	const forever = time.Duration(1<<63 - 1)
	for name, c := range map[string]struct {
		backoff retry.Backoff
		want    map[int]time.Duration // by failures
	}{
		"doubles": {
			retry.Backoff{Least: 3, Most: 20},
			map[int]time.Duration{-1: 0, 0: 0, 1: 3, 2: 6, 3: 12, 4: 20, 5: 20},
		},
		"constant": {retry.Backoff{Least: 7}, map[int]time.Duration{0: 0, 1: 7, 2: 7, 1000: 7}},
		"no pause": {retry.Backoff{}, map[int]time.Duration{0: 0, 1: 0, 1 << 40: 0}},
		"no bound": {
			retry.Backoff{Least: 1, Most: forever},
			map[int]time.Duration{63: 1 << 62, 64: forever, 1 << 40: forever},
		},
		"only a max": {retry.Backoff{Most: time.Hour}, map[int]time.Duration{1: 0, 1 << 40: 0}},
	} {
		for failures, want := range c.want {
			if got := c.backoff.Pause(failures); got != want {
				t.Errorf("%s: %d after %d failures, want %d", name, got, failures, want)
			}
		}
	}
}

func TestJitterDrawsFromTheUpperHalf(t *testing.T) {
	t.Parallel()
	b := retry.Backoff{Least: time.Second, Most: 4 * time.Second, Jitter: true}
	for failures, most := range map[int]time.Duration{
		1: time.Second, 2: 2 * time.Second, 9: 4 * time.Second,
	} {
		drawn := map[time.Duration]bool{}
		for range 100 {
			got := b.Pause(failures)
			drawn[got] = true
			if got < most/2 || got > most {
				t.Errorf("%s after %d failures, want %s to %s", got, failures, most/2, most)
			}
		}
		if len(drawn) < 50 {
			t.Errorf("%d different pauses of 100", len(drawn))
		}
	}
	if got := (retry.Backoff{Least: 1, Jitter: true}).Pause(1); got != 1 {
		t.Errorf("shortest pause: %d", got)
	}
}

func TestUntilTriesUntilSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var notes []string
		p := retry.Policy{
			Backoff: retry.Backoff{Least: time.Second, Most: 3 * time.Second}, Notice: notice(&notes),
		}
		began, calls := time.Now(), 0
		err := retry.Until(t.Context(), p, func(context.Context) error {
			if calls++; calls < 5 {
				return errAway
			}
			return nil
		})
		if took := time.Since(began); err != nil || took != (1+2+3+3)*time.Second {
			t.Errorf("%v after %s", err, took)
		}
		if want := []string{"failed away", "recovered away"}; !slices.Equal(notes, want) {
			t.Errorf("told %q, want %q", notes, want)
		}
	})
}

func TestUntilReturnsTheLastFailure(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	for name, c := range map[string]struct {
		policy  retry.Policy
		timeout time.Duration
		want    error
		calls   int
	}{
		"final": {
			retry.Policy{Final: func(err error) bool { return err == refused }}, time.Hour, refused, 3,
		},
		"attempts":        {retry.Policy{Attempts: 2}, time.Hour, errAway, 2},
		"ended in a wait": {retry.Policy{}, 1500 * time.Millisecond, errAway, 2},
		"ended before":    {retry.Policy{}, 0, errAway, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.timeout)
			defer cancel()
			c.policy.Backoff = retry.Backoff{Least: time.Second}
			calls := 0
			err := retry.Until(ctx, c.policy, func(context.Context) error {
				if calls++; calls == 3 {
					return refused
				}
				return errAway
			})
			if err != c.want || calls != c.calls {
				t.Errorf("%s: %v after %d calls, want %v after %d", name, err, calls, c.want, c.calls)
			}
		})
	}
}

// A call that fails after a long run begins a new outage. A short call belongs to the outage
// before.
func TestUntilBeginsAnewAfterALongCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var notes []string
		p := retry.Policy{
			Backoff: retry.Backoff{
				Least: time.Second, Most: time.Minute,
			}, Steady: 10 * time.Second, Notice: notice(&notes),
		}
		lasts := []time.Duration{0, 10 * time.Second, 11 * time.Second, 0}
		want := []time.Duration{1 * time.Second, 2 * time.Second, 1 * time.Second, 2 * time.Second}
		var pauses []time.Duration
		var failed time.Time
		err := retry.Until(t.Context(), p, func(ctx context.Context) error {
			if !failed.IsZero() {
				pauses = append(pauses, time.Since(failed))
			}
			if len(pauses) == len(lasts) {
				return nil
			}
			err := retry.Sleep(ctx, lasts[len(pauses)])
			failed = time.Now()
			return errors.Join(errAway, err)
		})
		if err != nil || !slices.Equal(pauses, want) {
			t.Errorf("%v, pauses %v, want %v", err, pauses, want)
		}
		if want := []string{"failed away", "failed away", "recovered away"}; !slices.Equal(notes, want) {
			t.Errorf("told %q, want %q", notes, want)
		}
	})
}

func TestUntilLetsTheFailureSetThePause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began, calls := time.Now(), 0
		p := retry.Policy{
			Backoff: retry.Backoff{Least: time.Second},
			Adjust: func(err error, pause time.Duration) time.Duration {
				if !errors.Is(err, errAway) || pause != time.Second {
					t.Errorf("asked with %v and %s", err, pause)
				}
				return time.Hour
			},
		}
		err := retry.Until(t.Context(), p, func(context.Context) error {
			if calls++; calls == 1 {
				return errAway
			}
			return nil
		})
		if err != nil || time.Since(began) != time.Hour {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestPoll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var notes []string
		results := []error{nil, errAway, errAway, nil, nil, errAway}
		began, calls := time.Now(), 0
		retry.Poll(ctx, time.Second, notice(&notes), func(context.Context) error {
			if want := time.Duration(calls) * time.Second; time.Since(began) != want {
				t.Errorf("call %d after %s", calls, time.Since(began))
			}
			if calls++; calls == len(results) {
				cancel()
			}
			return results[calls-1]
		})
		// The last failure came with the end of the context: that is no news.
		if want := []string{"failed away", "recovered away"}; !slices.Equal(notes, want) {
			t.Errorf("told %q, want %q", notes, want)
		}
		retry.Poll(ctx, time.Second, nil, func(context.Context) error { calls++; return errAway })
		if calls != len(results)+1 {
			t.Errorf("%d calls after the end", calls-len(results))
		}
	})
}

func TestNoticeTellsEachKindOnce(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	for name, c := range map[string]struct {
		kind  func(error) string
		heard []error
		want  []string
	}{
		"same text": {
			nil, []error{errAway, fmt.Errorf("away"), nil, nil}, []string{"failed away", "recovered away"},
		},
		"other text": {
			nil, []error{errAway, lost, nil}, []string{"failed away", "failed lost", "recovered lost"},
		},
		"once more": {
			nil, []error{errAway, nil, errAway}, []string{"failed away", "recovered away", "failed away"},
		},
		"any kind": {
			retry.AnyKind, []error{errAway, lost, nil}, []string{"failed away", "recovered away"},
		},
		"success": {nil, []error{nil, nil}, nil},
	} {
		var notes []string
		n := notice(&notes)
		n.Kind = c.kind
		for _, err := range c.heard {
			n.Hear(err)
		}
		if !slices.Equal(notes, c.want) {
			t.Errorf("%s: told %q, want %q", name, notes, c.want)
		}
	}
	var nobody *retry.Notice
	nobody.Hear(errAway)
	(&retry.Notice{Failed: func(error) {}}).Hear(nil)
}

// notice returns a Notice that appends its reports to a list.
func notice(notes *[]string) *retry.Notice {
	return &retry.Notice{
		Failed:    func(err error) { *notes = append(*notes, "failed "+err.Error()) },
		Recovered: func(err error) { *notes = append(*notes, "recovered "+err.Error()) },
	}
}

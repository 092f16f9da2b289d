package recorder

import (
	"context"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/retry"
)

// outageReminder is the time between log lines about the same outage.
const outageReminder = 5 * time.Minute

// outage is a failure that lanes share. It begins when the first lane fails and ends when no lane
// fails. So the log has one line at its beginning and one at its end, not one for each lane.
type outage struct {
	mu      sync.Mutex
	failing map[string]bool // by stream
	began   time.Time
	logged  time.Time // when the last line about the outage was logged
	person  bool      // that line said that a person is needed
	until   time.Time // no lane tries before this time
}

// fail notes that the lane of a stream fails; person says that a person is needed. due says that a
// log line is due; lasted is the time since the beginning of the outage.
func (o *outage) fail(stream string, person bool, now time.Time) (lasted time.Duration, due bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.failing) == 0 {
		o.failing, o.began, o.logged, o.person = make(map[string]bool), now, time.Time{}, false
	}
	o.failing[stream] = true
	if due = person && !o.person || now.Sub(o.logged) >= outageReminder; due {
		o.logged, o.person = now, person
	}
	return now.Sub(o.began), due
}

// succeed notes that the lane of a stream works. over says that it was the last lane of an outage,
// which has lasted that long.
func (o *outage) succeed(stream string, now time.Time) (lasted time.Duration, over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.failing[stream] {
		return 0, false
	}
	delete(o.failing, stream)
	return now.Sub(o.began), len(o.failing) == 0
}

// pauseUntil makes all lanes wait until t.
func (o *outage) pauseUntil(t time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.After(o.until) {
		o.until = t
	}
}

// waitPause waits until the time of pauseUntil.
func (o *outage) waitPause(ctx context.Context, now func() time.Time) error {
	o.mu.Lock()
	until := o.until
	o.mu.Unlock()
	return retry.Sleep(ctx, until.Sub(now()))
}

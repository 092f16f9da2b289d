package recorder

import (
	"context"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/retry"
)

// outageReminder is the time between log lines about the same outage.
const outageReminder = 5 * time.Minute

// outage is a failure that lanes share: it begins with the first that fails and is over when none does. So there is one log
// line at its begin and one at its end, whatever the number of lanes.
type outage struct {
	mu      sync.Mutex
	failing map[string]bool // by stream
	began   time.Time
	told    time.Time
	person  bool      // it was told that a person is needed
	until   time.Time // nobody tries before
}

// fail notes that a stream's lane fails; person says that somebody has to mend it. tell says that a log line is due, since how
// long the outage has lasted.
func (o *outage) fail(stream string, person bool, now time.Time) (since time.Duration, tell bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.failing) == 0 {
		o.failing, o.began, o.told, o.person = make(map[string]bool), now, time.Time{}, false
	}
	o.failing[stream] = true
	if tell = person && !o.person || now.Sub(o.told) >= outageReminder; tell {
		o.told, o.person = now, person
	}
	return now.Sub(o.began), tell
}

// works notes that a stream's lane does not fail; over says that it was the last of an outage that lasted so long.
func (o *outage) works(stream string, now time.Time) (lasted time.Duration, over bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.failing[stream] {
		return 0, false
	}
	delete(o.failing, stream)
	return now.Sub(o.began), len(o.failing) == 0
}

// holdUntil keeps all lanes from trying before t.
func (o *outage) holdUntil(t time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if t.After(o.until) {
		o.until = t
	}
}

// held waits as long as a holdUntil says.
func (o *outage) held(ctx context.Context, now func() time.Time) error {
	o.mu.Lock()
	until := o.until
	o.mu.Unlock()
	return retry.Sleep(ctx, until.Sub(now()))
}

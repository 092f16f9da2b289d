package bus

import "time"

// SetClock lets a lease read the time from now.
func (l *Lease) SetClock(now func() time.Time) { l.now = now }

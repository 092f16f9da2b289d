package tabular

import (
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// tail is what a series ends in.
type tail struct {
	last   int64 // time of the newest value that is not zero
	known  bool  // there is one
	zeros  int   // zeros behind it
	before int   // zeros before it
	rows   int
}

// leaveOutZeros looks at zeros that follow the last reading of a series for a day and longer, as
// exports of whole months are filled up. Those that lie ahead of the clock are left out: they are
// no readings. The others are pointed out. Rows ahead of the clock are pointed out, too.
func (l *loader) leaveOutZeros(first int, interval int64) {
	rows := l.table.rows[first:]
	if l.opts.Kind == meter.Register || interval == 0 {
		return
	}
	tails := l.tails(rows)
	filled := func(r Row) bool {
		t := &tails[r.Series]
		return r.Value == 0 && r.Unix > t.last && t.known &&
			int64(t.zeros)*interval >= meter.DaySeconds && 20*t.before <= t.rows-t.zeros
	}
	ahead, limit := 0, l.opts.Now.Add(meter.FutureLimit).Unix()
	kept, behind := rows[:0], 0
	var oldest, behindFrom int64
	for _, r := range rows {
		zero := filled(r)
		future := !l.opts.Now.IsZero() && r.Unix > limit
		if future && (oldest == 0 || r.Unix < oldest) {
			oldest = r.Unix
		}
		switch {
		case zero && future:
			l.report.LeftOut++
			continue
		case future:
			ahead++
		case zero:
			if behind == 0 || r.Unix < behindFrom {
				behindFrom = r.Unix
			}
			behind++
		}
		kept = append(kept, r)
	}
	if n := len(rows) - len(kept); n > 0 {
		l.warn("%d zeros ahead of the clock, behind the last reading of their series, were left out", n)
	}
	if ahead > 0 {
		l.warn("%d of %d rows lie ahead of the clock, from %s on: a stream refuses such readings (%s)",
			ahead, len(rows), time.Unix(oldest, 0).UTC().Format(time.RFC3339), meter.ReasonFuture)
	}
	if behind > 0 {
		l.warn("%d zeros follow the last reading of their series, from %s on; if the export has filled "+
			"them in, cut them off", behind, time.Unix(behindFrom, 0).UTC().Format(time.RFC3339))
	}
	l.table.rows = l.table.rows[:first+len(kept)]
}

// tails finds what the series of rows end in.
func (l *loader) tails(rows []Row) []tail {
	tails := make([]tail, len(l.table.Series))
	for _, r := range rows {
		if t := &tails[r.Series]; r.Value != 0 && (!t.known || r.Unix > t.last) {
			t.last, t.known = r.Unix, true
		}
	}
	for _, r := range rows {
		t := &tails[r.Series]
		t.rows++
		switch {
		case r.Value != 0:
		case r.Unix > t.last:
			t.zeros++
		default:
			t.before++
		}
	}
	return tails
}

func (l *loader) warn(format string, args ...any) {
	l.report.Warnings = append(l.report.Warnings, l.file+": "+fmt.Sprintf(format, args...))
}

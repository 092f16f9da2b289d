package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/forecaster"
)

// refusalsEvery is the least pause between two lines of `up` about one reason.
const refusalsEvery = time.Minute

// refusalLines says what is refused, a line for each reason, at most one a minute for each.
type refusalLines struct {
	last map[meter.Reason]refusalLine
}

// refusalLine is the newest line of a reason.
type refusalLine struct {
	at       time.Time
	readings uint64 // that were refused until then
}

// due returns the lines that are due now.
func (l *refusalLines) due(now time.Time, all map[meter.Reason]forecaster.Refusal) []string {
	var lines []string
	for _, reason := range slices.Sorted(maps.Keys(all)) {
		r, last := all[reason], l.last[reason]
		if r.Readings == last.readings || !last.at.IsZero() && now.Sub(last.at) < refusalsEvery {
			continue
		}
		if l.last == nil {
			l.last = map[meter.Reason]refusalLine{}
		}
		l.last[reason] = refusalLine{now, r.Readings}
		lines = append(lines, fmt.Sprintf("%d readings refused: %s; the newest: %s: %s",
			r.Readings-last.readings, reason, r.Series, r.Detail))
	}
	return lines
}

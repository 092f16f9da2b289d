package main

import (
	"maps"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
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

// due returns the refusals that a line is due for now, each with the readings since its last line.
func (l *refusalLines) due(
	now time.Time, all map[meter.Reason]forecaster.Refusal,
) []forecaster.Refusal {
	var lines []forecaster.Refusal
	for _, reason := range slices.Sorted(maps.Keys(all)) {
		r, last := all[reason], l.last[reason]
		if r.Readings == last.readings || !last.at.IsZero() && now.Sub(last.at) < refusalsEvery {
			continue
		}
		if l.last == nil {
			l.last = map[meter.Reason]refusalLine{}
		}
		l.last[reason] = refusalLine{now, r.Readings}
		r.Readings -= last.readings
		lines = append(lines, r)
	}
	return lines
}

// tell shows refusals on the screen, or logs them where programs read the log.
func (u *up) tell(all []forecaster.Refusal) {
	log := u.component("run")
	for _, r := range all {
		if !u.logs {
			u.show.warn("%s refused: %s; the newest: %s: %s",
				counted(r.Readings, "reading"), r.Reason, r.Series, r.Detail)
			continue
		}
		log.Warn().
			Str(service.FieldReason, string(r.Reason)).
			Uint64(service.FieldCount, r.Readings).
			Str(service.FieldSeries, r.Series).
			Str(service.FieldText, r.Detail).
			Msg("readings refused")
	}
}

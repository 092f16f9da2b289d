package engine

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
)

// State is how up to date a series is.
type State string

// The states. A series of the past is not up to date with the log's clock: its
// readings are history, a replay, or come days late.
const (
	Past    State = "past"
	Current State = "current" // a reading came for one of the last two intervals, and was forecast
	Silent  State = "silent"  // none did
)

// Standing is how a series stands and who serves it; meter.SourceNone before its first
// forecast.
type Standing struct {
	State  State
	Source meter.Source
}

var (
	states   = [...]State{Past, Current, Silent}
	standers = [...]meter.Source{meter.SourceNone, meter.SourceLSTM, meter.SourceSeasonalNaive, meter.SourcePersistence}
)

// Standings is how many of them there are.
const Standings = len(states) * len(standers)

// StandingAt is the i-th one.
func StandingAt(i int) Standing {
	return Standing{states[i/len(standers)], standers[i%len(standers)]}
}

// Census counts the series.
type Census struct {
	Warm       int            // their hidden state is that of the model in force
	Over35Days int            // they reach back so far without having begun anew
	Over60Days int            // and so far
	By         [Standings]int // by StandingAt
}

// Census looks at every series as of a Unix second.
func (e *Engine) Census(now int64) Census {
	var c Census
	for slot := range e.slabs.ids {
		rec := e.slabs.record(int32(slot))
		if rec.fresh {
			c.Warm++
		}
		if rec.known > 0 {
			if reach := rec.newest - rec.since + 1; reach >= 35*meter.DayCells {
				c.Over35Days++
				if reach >= 60*meter.DayCells {
					c.Over60Days++
				}
			}
		}
		c.By[standingIndex(stateAt(rec, now), e.nextSource(int32(slot), rec))]++
	}
	return c
}

// standingIndex is the place of a standing, as StandingAt counts.
func standingIndex(state State, source meter.Source) int {
	return slices.Index(states[:], state)*len(standers) + slices.Index(standers[:], source)
}

func stateAt(rec *record, now int64) State {
	switch {
	case rec.stale || rec.live && now >= rec.start(rec.heard+3):
		return Silent
	case rec.live:
		return Current
	}
	return Past
}

// nextSource is who makes the next forecast of a series.
func (e *Engine) nextSource(slot int32, rec *record) meter.Source {
	switch {
	case rec.issued < 0 || rec.known == 0:
		return meter.SourceNone
	case e.model != nil && e.slabs.scale(slot).Ready:
		return meter.SourceLSTM
	}
	return accuracy.NaiveRule(int(rec.known), meter.DayCells)
}

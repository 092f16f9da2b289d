package engine

// State is how up to date a series is.
type State string

// The states. A series of the past is not up to date with the log's clock: its
// readings are history, a replay, or come days late.
const (
	Past    State = "past"
	Current State = "current" // a reading came for one of the last two intervals, and was forecast
	Silent  State = "silent"  // none did
)

// Standing is how a series stands and who serves it; SourceNone before its first
// forecast.
type Standing struct {
	State  State
	Source Source
}

// SourceNone says that there is no forecast.
const SourceNone Source = "none"

var (
	states   = [...]State{Past, Current, Silent}
	standers = [...]Source{SourceNone, SourceLSTM, SourceSeasonalNaive, SourcePersistence}
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
			if reach := rec.newest - rec.since + 1; reach >= 35*perDay {
				c.Over35Days++
				if reach >= 60*perDay {
					c.Over60Days++
				}
			}
		}
		c.By[standingOf(rec, now)*len(standers)+e.standerOf(int32(slot), rec)]++
	}
	return c
}

func standingOf(rec *record, now int64) int {
	switch {
	case rec.stale || rec.live && now >= rec.start(rec.heard+3):
		return 2
	case rec.live:
		return 1
	}
	return 0
}

// standerOf is who makes the next forecast of a series.
func (e *Engine) standerOf(slot int32, rec *record) int {
	switch {
	case rec.issued < 0:
		return 0
	case e.model != nil && e.slabs.scale(slot).Ready:
		return 1
	case rec.known > perDay:
		return 2
	}
	return 3
}

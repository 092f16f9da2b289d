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

// Standing is how a series stands and who serves it; meter.SourceNone before its first forecast, and
// when its readings come too rarely for one.
type Standing struct {
	State  State
	Source meter.Source
}

var (
	states   = [...]State{Past, Current, Silent}
	standers = [...]meter.Source{
		meter.SourceNone, meter.SourceLSTM, meter.SourceSeasonalNaive, meter.SourcePersistence,
	}
)

// Standings is how many of them there are.
const Standings = len(states) * len(standers)

// StandingAt is the i-th one.
func StandingAt(i int) Standing {
	return Standing{states[i/len(standers)], standers[i%len(standers)]}
}

// Census counts the series.
type Census struct {
	Warm  int                   // their hidden state is that of the model in force
	Reach [len(intervals)]Reach // by IntervalAt
	By    [Standings]int        // by StandingAt
	// LimitPassed are those with a passed limit: a forecast led to an event LimitPassed, and nothing
	// since to LimitCleared.
	LimitPassed int
}

// Reach counts the series of one interval that reach far back without having begun anew.
type Reach struct {
	Over35Days int
	Over60Days int // of these
}

// IntervalAt is the interval, in seconds, of the i-th Reach of a Census.
func IntervalAt(i int) int32 { return intervals[i] }

// Census looks at every series as of a Unix second.
func (e *Engine) Census(now int64) Census {
	c := Census{LimitPassed: e.limits.passed()}
	for i, co := range e.cohorts {
		if co != nil {
			co.census(&c, &c.Reach[i], now)
		}
	}
	return c
}

func (co *cohort) census(c *Census, r *Reach, now int64) {
	for slot := range co.slabs.ids {
		rec := co.slabs.record(int32(slot))
		if rec.viewOf != 0 {
			continue
		}
		if rec.Coarse > 0 { // it is not forecast, and no model learns from it
			c.By[standingIndex(stateAt(rec, now), meter.SourceNone)]++
			continue
		}
		by, row := co.server(int32(slot))
		if by.slabs.record(row).fresh {
			c.Warm++
		}
		if rec.known > 0 {
			reach := rec.newest - rec.since + 1
			if reach >= int64(35*co.len.Day) {
				r.Over35Days++
			}
			if reach >= int64(60*co.len.Day) {
				r.Over60Days++
			}
		}
		c.By[standingIndex(stateAt(rec, now), by.nextSource(row))]++
	}
}

// server is the cohort and the row that forecast a series: its own, or those of its view.
func (co *cohort) server(slot int32) (*cohort, int32) {
	if co.joins != nil {
		if view, ok := co.joins.slabs.index[co.slabs.ids[slot]]; ok {
			return co.joins, view
		}
	}
	return co, slot
}

// standingIndex is the place of a standing, as StandingAt counts.
func standingIndex(state State, source meter.Source) int {
	return slices.Index(states[:], state)*len(standers) + slices.Index(standers[:], source)
}

func stateAt(rec *record, now int64) State {
	switch {
	case rec.stale || rec.live && now >= rec.Start(rec.Heard+3):
		return Silent
	case rec.live:
		return Current
	}
	return Past
}

// nextSource is who makes the next forecast of a row.
func (co *cohort) nextSource(slot int32) meter.Source {
	if rec := co.slabs.record(slot); rec.issued < 0 || rec.known == 0 {
		return meter.SourceNone
	}
	return co.maker(slot)
}

// maker is who makes a forecast of a row that has readings. A model that has just come serves a row
// whose hidden state it computes at the next reading.
func (co *cohort) maker(slot int32) meter.Source {
	if co.by(slot) != nil {
		return meter.SourceLSTM
	}
	return accuracy.NaiveRule(int(co.slabs.record(slot).known), co.len.Day)
}

package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/loadtide/loadtide/pkg/durable"
	"github.com/loadtide/loadtide/pkg/meter"
)

// clockFile is the name of the clock in the data folder.
const clockFile = "simulator.json"

// clockSchema is the version of the clock file.
const clockSchema = 1

// mostYears is the longest running time of a simulation in years.
const mostYears = 110

// maxChunk is how many seconds of history one step has: ten days, so that a repeat after a crash
// lies inside the ring of a series. maxReadings is how many readings of history one message has,
// far below the size limit.
const (
	maxChunk    = 10 * meter.DaySeconds
	maxReadings = 240
)

// Phase is a phase of the demo's clock.
type Phase string

// Phases in their order.
const (
	PhaseHistory Phase = "history" // published at once, ten days in a message
	PhaseReplay  Phase = "replay"  // one interval in a step
	PhaseLive    Phase = "live"    // each interval when it has ended by the wall clock
)

// clock is the demo's clock: it says which time comes next. Its times are seconds since 1970.
type clock struct {
	seed uint64
	tick int64 // length of a step behind the history, see tickOf; the file does not have it
	base int64 // tick of the wall clock at the first start
	live int64 // first second after the history
	next int64 // first second that is not acknowledged
}

// newClock returns the clock of a first start.
func newClock(cfg Config, tick int64, now time.Time) clock {
	base := floorTo(now.Unix(), tick)
	live := base - int64(cfg.ReplayDays)*meter.DaySeconds
	c := clock{seed: cfg.Seed, tick: tick, base: base, live: live}
	c.next = c.first(cfg)
	return c
}

// first returns the second at which the history begins.
func (c clock) first(cfg Config) int64 {
	return c.live - int64(cfg.HistoryDays)*meter.DaySeconds
}

// step returns the time [from, until) that comes next, and whether it is history.
func (c clock) step() (from, until int64, history bool) {
	if c.next < c.live {
		return c.next, min(c.next+maxChunk, c.live), true
	}
	return c.next, c.next + c.tick, false
}

// due returns the earliest time of the next step: its end.
func (c clock) due() time.Time {
	_, until, _ := c.step()
	return timeOf(until)
}

// clockJSON is the content of the clock file.
type clockJSON struct {
	Schema int       `json:"schema"`
	Seed   uint64    `json:"seed"`
	Base   time.Time `json:"base"`
	Live   time.Time `json:"live"`
	Next   time.Time `json:"next"`
}

// loadClock reads the clock of a data folder, for steps of tick seconds; ok is false when the
// folder has none. The fleet of an earlier run may have had other steps.
func loadClock(dir string, tick int64) (c clock, ok bool, err error) {
	path := filepath.Join(dir, clockFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return clock{}, false, nil
	}
	if err != nil {
		return clock{}, false, fmt.Errorf("read the demo's clock: %w", err)
	}
	var j clockJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return clock{}, false, brokenClock(path, err.Error())
	}
	at := func(t time.Time) int64 { return floorTo(t.Unix(), tick) }
	c = clock{seed: j.Seed, tick: tick, base: at(j.Base), live: at(j.Live), next: at(j.Next)}
	switch {
	case j.Schema != clockSchema:
		return clock{}, false, brokenClock(path,
			fmt.Sprintf("schema is %d, this release reads %d", j.Schema, clockSchema))
	case c.live < 0 || c.live > c.base || c.next < c.live-3660*meter.DaySeconds ||
		c.next > c.base+mostYears*366*meter.DaySeconds:
		return clock{}, false, brokenClock(path,
			fmt.Sprintf("base %s, live %s and next %s do not fit",
				j.Base.Format(time.RFC3339), j.Live.Format(time.RFC3339), j.Next.Format(time.RFC3339)))
	}
	return c, true, nil
}

// ClockError says that the clock file cannot be used. The file is not changed.
type ClockError struct{ Path, Problem string }

// Error gives path, problem and remedy.
func (e *ClockError) Error() string {
	return fmt.Sprintf("the demo's clock %s is broken: %s; move the file away to begin a new demo",
		e.Path, e.Problem)
}

func brokenClock(path, problem string) *ClockError {
	return &ClockError{Path: path, Problem: problem}
}

// save writes the clock. After a crash the file holds either this clock or the one before.
func (c clock) save(dir string) error {
	data, err := json.Marshal(clockJSON{
		clockSchema, c.seed, timeOf(c.base), timeOf(c.live), timeOf(c.next),
	})
	if err == nil {
		path := filepath.Join(dir, clockFile)
		file := durable.File{Path: path, Temp: path + ".part", Mode: 0o600}
		err = file.Write(durable.Bytes(append(data, '\n')))
	}
	if err != nil {
		return fmt.Errorf("save the demo's clock: %w", err)
	}
	return nil
}

// timeOf returns the time of a second.
func timeOf(second int64) time.Time { return time.Unix(second, 0).UTC() }

// floorTo returns the last multiple of step that is not behind second.
func floorTo(second, step int64) int64 { return meter.FloorDiv(second, step) * step }

package endtoend

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stopwatch measures how long something takes without the time for which the machine was busy: the
// time in which some task of the machine waited for a processor or a disk.
type stopwatch struct {
	began time.Time
	busy  time.Duration // of the machine, until began
	known bool          // the kernel tells how busy the machine is
}

func newStopwatch() stopwatch {
	busy, known := machineBusy()
	return stopwatch{began: time.Now(), busy: busy, known: known}
}

// limit fails the test when more time has passed than at most, not counting the time for which the
// machine was busy. It tells nothing on a machine whose kernel does not say how busy it is.
func (w stopwatch) limit(t *testing.T, what string, most time.Duration) {
	t.Helper()
	busy, _ := machineBusy()
	took, idle := w.elapsed(time.Now(), busy)
	t.Logf("%s after %s, of which the machine was not busy for %s", what, took, idle)
	if w.known && idle > most {
		t.Errorf(
			"%s after %s, of which the machine was not busy for %s: want %s at most",
			what, took, idle, most,
		)
	}
}

// elapsed is the time since the start, and the part of it for which the machine was not busy.
func (w stopwatch) elapsed(now time.Time, busy time.Duration) (took, idle time.Duration) {
	took = now.Sub(w.began)
	return took, max(took-(busy-w.busy), 0)
}

// machineBusy is the time since the machine's start in which tasks waited for a processor or a
// disk.
func machineBusy() (busy time.Duration, known bool) {
	for _, resource := range []string{"cpu", "io"} {
		data, err := os.ReadFile("/proc/pressure/" + resource)
		if err != nil {
			return 0, false
		}
		// some avg10=0.00 avg60=0.00 avg300=0.00 total=<microseconds>
		line, _, _ := strings.Cut(string(data), "\n")
		_, total, found := strings.Cut(line, "total=")
		microseconds, err := strconv.ParseInt(total, 10, 64)
		if !found || err != nil {
			return 0, false
		}
		busy += time.Duration(microseconds) * time.Microsecond
	}
	return busy, true
}

func TestStopwatch(t *testing.T) {
	t.Parallel()
	w := stopwatch{began: time.Unix(1000, 0), busy: time.Minute, known: true}
	for busy, want := range map[time.Duration]time.Duration{
		// a processor and a disk at once
		time.Minute: time.Hour, 31 * time.Minute: 30 * time.Minute, 3 * time.Hour: 0,
	} {
		if took, idle := w.elapsed(time.Unix(4600, 0), busy); took != time.Hour || idle != want {
			t.Errorf("busy until %s: %s, %s not busy", busy, took, idle)
		}
	}
	if before, known := machineBusy(); known {
		if after, _ := machineBusy(); after < before || before <= 0 {
			t.Errorf("the machine was busy for %s, then for %s", before, after)
		}
	}
}

package tabular

import (
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a static binary in an empty image has no zones of its own

	"github.com/loadtide/loadtide/pkg/meter"
)

// zone turns local times into UTC. Times of both kinds are seconds; a local one is read as if it
// were UTC.
type zone struct {
	name    string
	offsets []int64  // of each span between two changes, in order of time
	changes []change // change i parts offsets i and i+1
}

// change is a moment at which clocks are put forward or back. Between from and until, until
// excluded, local times do not exist or exist twice.
type change struct {
	from, until int64 // local
	forward     bool
}

// loadZone finds a zone by its IANA name or by its offset, such as UTC+01:00; empty is UTC.
func loadZone(name string) (*zone, error) {
	const remedy = "give an IANA name such as Europe/Berlin or America/New_York; " +
		"Etc/GMT+5 is 5 h west of Greenwich without summer time"
	if name == "Local" {
		return nil, &OptionError{"timezone", name, "differs from machine to machine", remedy}
	}
	if offset, ok := offsetIn(name); ok && (strings.HasPrefix(name, "UTC") || strings.HasPrefix(name, "GMT")) {
		return fixedZone(offset), nil
	}
	location, err := time.LoadLocation(name)
	if err != nil {
		return nil, &OptionError{"timezone", shown(name), "is no time zone", remedy}
	}
	z := &zone{name: location.String()}
	// A day more on both sides: local times reach beyond those of UTC.
	for t := time.Unix(minUnix-2*meter.DaySeconds, 0).In(location); ; {
		_, end := t.ZoneBounds()
		_, seconds := t.Zone()
		offset := int64(seconds)
		n := len(z.offsets)
		if n == 0 {
			z.offsets = append(z.offsets, offset)
		} else if before := z.offsets[n-1]; before != offset { // some changes are in the name alone
			z.changes = append(z.changes, change{
				t.Unix() + min(before, offset), t.Unix() + max(before, offset), offset > before,
			})
			z.offsets = append(z.offsets, offset)
		}
		switch {
		case end.IsZero() || end.Unix() > maxUnix+2*meter.DaySeconds:
			return z, nil
		case end.After(t):
			t = end
		default: // on the last day of a leap year, package time says that the year's last span has ended
			t = t.Add(meter.DaySeconds * time.Second)
		}
	}
}

// standard names the zone that has the time before a change all year, to name instead of z.
func (z *zone) standard(change int) string {
	offset := z.offsets[change]
	switch {
	case offset == 0:
		return "UTC"
	case offset%meter.HourSeconds == 0:
		return fmt.Sprintf("Etc/GMT%+d", -offset/meter.HourSeconds) // the sign of these names is west
	}
	return "one with that offset"
}

// state is what a local time is in a zone.
type state int

const (
	once    state = iota // one moment
	skipped              // none: clocks go forward over it
	doubled              // two moments: clocks go back over it
)

// moment is a local time in UTC.
type moment struct {
	state state
	// the earlier one when doubled; where the clock stood still, had it not been put forward, when
	// skipped
	unix   int64
	change int   // the change that skips or doubles it
	later  int64 // how much later the second one is when doubled
}

// at finds the moment of a local time. hint, from the call before, makes the next one nearby fast;
// start with 0.
func (z *zone) at(local int64, hint *int) moment {
	i := *hint // changes that have begun before local
	if i > 0 && local < z.changes[i-1].from || i < len(z.changes) && local >= z.changes[i].from {
		i, _ = slices.BinarySearchFunc(z.changes, local, func(c change, at int64) int {
			if c.from <= at {
				return -1
			}
			return 1
		})
		*hint = i
	}
	if i == 0 || local >= z.changes[i-1].until {
		return moment{unix: local - z.offsets[i]}
	}
	m := moment{
		state:  doubled,
		unix:   local - z.offsets[i-1],
		change: i - 1,
		later:  z.offsets[i-1] - z.offsets[i],
	}
	if z.changes[i-1].forward {
		m.state, m.later = skipped, 0
	}
	return m
}

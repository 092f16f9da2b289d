package plot

import (
	"fmt"
	"time"
)

// calendarStep is a distance between ticks: n of a unit of the calendar.
type calendarStep struct {
	n     int
	field calendarField
}

type calendarField int

const (
	minutes calendarField = iota
	hours
	days
	months
	years
)

// about returns the approximate length of a step.
func (c calendarStep) about() time.Duration {
	day := 24 * time.Hour
	return time.Duration(c.n) * [...]time.Duration{
		time.Minute, time.Hour, day, 30 * day, 365 * day,
	}[c.field]
}

// calendarSteps returns the steps in ascending order. With the longest step 292 years, the most
// that a Duration can hold, fit into any width.
func calendarSteps() []calendarStep {
	return []calendarStep{
		{1, minutes}, {2, minutes}, {5, minutes}, {10, minutes}, {15, minutes}, {30, minutes},
		{1, hours}, {2, hours}, {3, hours}, {6, hours}, {12, hours}, {1, days}, {2, days}, {7, days},
		{14, days},
		{1, months}, {3, months}, {6, months}, {1, years}, {2, years}, {5, years}, {10, years},
		{20, years}, {50, years},
		{200, years},
	}
}

// timeTicks labels at most n times of the calendar from first to last, in the zone of first. A tick
// is in seconds from origin. Steps are counted on the wall clock, so a day of 23 or 25 hours has
// its ticks at round hours.
func timeTicks(first, last, origin time.Time, n int) []tick {
	step := chooseStep(last.Sub(first), n)
	var out []tick
	var before time.Time
	for k := 0; ; k++ {
		at := step.floorPlus(first, k)
		if at.After(last) {
			return out
		}
		// A time that the clock leaves out is the same moment as another tick.
		if at.Before(first) || !at.After(before) {
			continue
		}
		out = append(out, tick{at.Sub(origin).Seconds(), step.label(at)})
		before = at
	}
}

func chooseStep(length time.Duration, n int) calendarStep {
	steps := calendarSteps()
	for _, step := range steps {
		if length/step.about() < time.Duration(max(n, 1)) {
			return step
		}
	}
	return steps[len(steps)-1]
}

// floorPlus returns the round time at or before t, plus k steps.
func (c calendarStep) floorPlus(t time.Time, k int) time.Time {
	year, month, day := t.Date()
	hour, minute, _ := t.Clock()
	k *= c.n
	switch c.field {
	case minutes:
		return time.Date(year, month, day, hour, minute-minute%c.n+k, 0, 0, t.Location())
	case hours:
		return time.Date(year, month, day, hour-hour%c.n+k, 0, 0, 0, t.Location())
	case days:
		// 1970-01-05 was a Monday: weeks begin there.
		sinceMonday := int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/86400) - 4
		back := ((sinceMonday % c.n) + c.n) % c.n
		return time.Date(year, month, day-back+k, 0, 0, 0, 0, t.Location())
	case months:
		return time.Date(year, month-(month-1)%time.Month(c.n)+time.Month(k), 1, 0, 0, 0, 0, t.Location())
	default:
		return time.Date(year-year%c.n+k, 1, 1, 0, 0, 0, 0, t.Location())
	}
}

func (c calendarStep) label(t time.Time) string {
	switch {
	case c.field == years:
		return t.Format("2006")
	case c.field == months:
		return t.Format("Jan 2006")
	case c.field == days || t.Hour() == 0 && t.Minute() == 0:
		return t.Format("Mon 2 Jan")
	default:
		return t.Format("15:04")
	}
}

// zone returns a text about the zone of the labels, with the offset of a local time.
func zone(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 && t.Location() == time.UTC {
		return "times in UTC"
	}
	if name := t.Location().String(); name != "" && name != "Local" {
		return fmt.Sprintf("times in %s (UTC%s)", name, t.Format("-07:00"))
	}
	return "times in UTC" + t.Format("-07:00")
}

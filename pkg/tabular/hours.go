package tabular

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// settleHours decides how hours and periods of a day are counted, and whether times are ends.
func (l *loader) settleHours(at *layout, s *evidence) error {
	t := &at.timing
	if s.hour24 && !t.spans() && !t.ends {
		t.ends, t.endsWhy = true, "24:00"
	}
	switch t.day {
	case dayHour:
		return l.settleHour(at, s)
	case dayPeriod:
		return l.settlePeriod(at, s)
	case dayInDate, dayClock, dayColumns:
	}
	return nil
}

// settleHour decides what a column of hours counts: 0 to 23 are starts; 1 to 24 are numbers from 1
// on, whose hour 1 begins at midnight.
func (l *loader) settleHour(at *layout, s *evidence) error {
	t := &at.timing
	least, most := span(s.hours)
	said := l.opts.IntervalLabel
	switch {
	case most >= 24 && least > 0, said == LabelEnd && least > 0, said == "" && t.ends && least > 0:
		t.day, t.length, t.first, t.ends = dayPeriod, meter.HourSeconds, 1, false
		t.elapsed = most > 24
		at.notes = append(at.notes, "hour 1 begins at midnight")
	case most > 24:
		return l.fileError(
			fmt.Sprintf("column %s has hours from %d to %d", quotedName(at.names[t.clock]), least, most),
			"number hours from 0 to 23 or from 1 to 24",
		)
	case least == 0, said == LabelStart, most < 0:
		t.length = meter.HourSeconds
	default:
		two := twoReadings{"hour", fmt.Sprint(least),
			fmt.Sprintf("the hour that begins at %d:00", least),
			fmt.Sprintf("the hour that ends at %d:00", least),
			"--interval-label start or --interval-label end"}
		return l.fileError(two.problem(), two.remedy())
	}
	return nil
}

// settlePeriod decides how long the periods of a day are, by how many there are.
func (l *loader) settlePeriod(at *layout, s *evidence) error {
	t := &at.timing
	least, most := span(s.hours)
	if least == 0 && !wholeDay(most+1) {
		return l.fileError(
			fmt.Sprintf("column %s has periods from 0 to %d, which are no whole day from 0 on",
				quotedName(at.names[t.clock]), most),
			"give a file with a whole day, number the periods of a day from 1 on, or name a "+
				"column of times with --time-column",
		)
	}
	if t.first = 1; least == 0 {
		t.first = 0
		most++
		at.notes = append(at.notes, "the first period of a day is 0")
	}
	words, settled := wordsOf(at.names[t.clock]), settlement(at.names[t.clock])
	quarter := words.in(map[string]bool{"viertelstunde": true, "quarter": true, "kvarter": true})
	perDay := int64(0)
	for _, n := range []int{24, 48, 96, 144, 288} {
		if most >= n-n/24 && most <= n+n/24 {
			perDay = int64(n)
		}
	}
	switch {
	case perDay > 0:
	case quarter && most <= 100:
		perDay = 96
	case settled && most <= 50:
		perDay = 48
	default:
		return l.fileError(
			fmt.Sprintf("column %s has periods from %d to %d, and no day has all of them: how long one "+
				"is cannot be told", quotedName(at.names[t.clock]), least, most),
			"give a file with a whole day, or name a column of times with --time-column",
		)
	}
	t.length = meter.DaySeconds / perDay
	t.elapsed = settled || int64(most) > perDay
	at.notes = append(at.notes, fmt.Sprintf("%d periods a day", perDay))
	return nil
}

// wholeDay reports whether so many half-hours or quarter-hours are a day, also one on which clocks
// change.
func wholeDay(periods int) bool {
	for _, n := range [...]int{48, 96} {
		if periods == n || periods == n-n/24 || periods == n+n/24 {
			return true
		}
	}
	return false
}

// settleElapsed decides that hours or periods are counted from midnight on, also over a change of
// the clocks: when a day has more of them than others, or when a day on which clocks go forward has
// as many fewer as the day is shorter, without a hole where clocks skip.
func (l *loader) settleElapsed(at *layout, s *evidence) {
	t := &at.timing
	if !t.counted() || t.elapsed || t.length == 0 || at.kind == LayoutDays && !t.ordinals {
		return
	}
	hint := 0
	for text, numbers := range s.byDay {
		day, bad := parseTime([]byte(text), t.calendar)
		if bad.reason != "" {
			continue
		}
		from := l.zone.at(day.local, &hint).unix
		until := l.zone.at(day.local+meter.DaySeconds, &hint).unix
		perDay, short := meter.DaySeconds/t.length, (from+meter.DaySeconds-until)/t.length
		most := numbers.most
		if at.kind != LayoutDays {
			most += 1 - t.first
		}
		if int64(most) > perDay ||
			short > 0 && int64(most) == perDay-short && numbers.count() == most {
			t.elapsed = true
			return
		}
	}
}

// settlement reports whether a column has the settlement periods of Great Britain.
func settlement(name string) bool {
	return wordsOf(name).in(map[string]bool{"settlement": true, "sp": true, "settlementperiod": true})
}

func span(numbers map[int]bool) (least, most int) {
	least, most = 1<<30, -1
	for n := range numbers {
		least, most = min(least, n), max(most, n)
	}
	return least, most
}

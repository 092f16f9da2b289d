package plot

import (
	"math"
	"time"
)

// thinStroke is the line of ours by lead, behind the steps of the days.
func thinStroke() stroke { return solid(blue, 1) }

// byDay reports whether the errors by day are drawn.
func (b ByLead) byDay() bool { return len(b.Ours.DayWQL) > 0 }

// days is the number of days of the horizon; the last one may be shorter.
func (b ByLead) days() int {
	const day = 24 * time.Hour
	return int((time.Duration(len(b.Ours.WQL))*b.Interval + day - 1) / day)
}

// daysAbove is the distance in pixels of the figures of the days from the axis.
const daysAbove = 6

// plotDays draws a step for each day and the line of ours by lead. The figures above the axis are
// the errors of ours by day. step is the length of a lead in units of x.
func (b ByLead) plotDays(d frame, step float64, c curves) {
	day := step * float64(24*time.Hour) / float64(b.Interval)
	steps := func(errors []float64) []cell {
		cells := make([]cell, len(errors))
		for i, v := range errors {
			cells[i] = cell{day * float64(i), min(day*float64(i+1), d.x.to), v}
		}
		return cells
	}
	for i := len(c.days) - 1; i >= 1; i-- {
		d.steps(ruleStroke(i-1), steps(c.days[i]))
	}
	d.byLead(thinStroke(), 0, step, c.leads[0])
	ours := steps(c.days[0])
	d.steps(medianStroke(), ours)
	for _, one := range ours {
		if math.IsNaN(one.value) {
			continue
		}
		words := label(one.value, valueDigits(one.value))
		if from, to := d.px(one.from), d.px(one.to); to-from >= d.pen.width(plain(), words) {
			d.pen.text(plain(), point{(from + to) / 2, d.box.bottom - daysAbove}, centred, words)
		}
	}
}

// valueDigits is the number of decimal places that show three digits of a value.
func valueDigits(v float64) int {
	if v == 0 {
		return 0
	}
	return max(2-int(math.Floor(math.Log10(math.Abs(v)))), 0)
}

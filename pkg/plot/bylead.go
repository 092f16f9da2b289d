package plot

import (
	"fmt"
	"math"
	"time"
)

// Rule is a forecaster and its errors by lead, the first entry for lead 1, and by day of the lead.
// All are shares of the mean actual: 0.05 is 5 %. NaN is a gap: nothing was used at that lead.
type Rule struct {
	Name            string
	WQL, WAPE       []float64
	DayWQL, DayWAPE []float64 // see ByLead
}

// ByLead says how far ahead a forecast is useful: errors of ours and of the naive rules for each
// lead. Less is better.
//
// With errors by day of the lead, for a horizon beyond a day, each day is a step at its error. Then
// ours is drawn by lead too, as a thin line, and the rules are not. Either all have errors by day,
// or none.
type ByLead struct {
	Title    string // the answer in words
	Subtitle string // data, range, n
	Interval time.Duration
	Ours     Rule
	Naive    []Rule // at most 5: that many dashes can be told apart
}

func (b ByLead) check() error {
	if err := checkSteps("Ours.WQL", len(b.Ours.WQL), b.Interval); err != nil {
		return err
	}
	if len(b.Naive) > maxRules {
		return invalid(
			"Naive", fmt.Sprintf("%d rules", len(b.Naive)),
			fmt.Sprintf("at most %d can be told apart", maxRules),
		)
	}
	if err := b.checkRule("Ours", b.Ours); err != nil {
		return err
	}
	for i, rule := range b.Naive {
		if err := b.checkRule(fmt.Sprintf("Naive[%d]", i), rule); err != nil {
			return err
		}
	}
	return nil
}

func (b ByLead) checkRule(field string, rule Rule) error {
	if rule.Name == "" {
		return invalid(field+".Name", "empty", "the legend needs it")
	}
	days := 0
	if b.byDay() {
		days = b.days()
	}
	return firstError(
		sameLength(field+".DayWQL", len(rule.DayWQL), days, "the horizon in days"),
		sameLength(field+".DayWAPE", len(rule.DayWAPE), days, "the horizon in days"),
		drawable(field+".DayWQL", rule.DayWQL, true),
		drawable(field+".DayWAPE", rule.DayWAPE, true),
		sameLength(field+".WQL", len(rule.WQL), len(b.Ours.WQL), "Ours.WQL"),
		sameLength(field+".WAPE", len(rule.WAPE), len(b.Ours.WQL), "Ours.WQL"),
		drawable(field+".WQL", rule.WQL, true),
		drawable(field+".WAPE", rule.WAPE, true),
	)
}

func (b ByLead) sizes() (usual, least Size) { return Size{1200, 600}, Size{480, 560} }

func (b ByLead) name() string { return b.Title }

func (b ByLead) draw(p *pen, area rect) {
	b.drawBody(p, p.header(area, pageTitle(), b.Title, b.Subtitle))
}

// drawBody draws all but the heading: side by side where the area is wide, else under each other.
func (b ByLead) drawBody(p *pen, area rect) {
	area.top += 6
	area = p.legend(area, b.keys())
	upper, lower := area.columns(0.5, 32)
	if area.width() < 1.5*area.height() {
		rows := area.rows(2, 8)
		upper, lower = rows[0], rows[1]
	}
	wql := b.curves(1, func(r Rule) ([]float64, []float64) { return r.WQL, r.DayWQL })
	wape := b.curves(100, func(r Rule) ([]float64, []float64) { return r.WAPE, r.DayWAPE })
	height := upper.height() - stripHeight - axisHeight - nameHeight
	left := max(
		p.labelWidth(yTicks(wql.axis(), height)), p.labelWidth(yTicks(wape.axis(), height)),
	)
	b.plot(p, upper, left, "wQL, less is better", wql)
	b.plot(p, lower, left, "WAPE in %, less is better", wape)
}

// curves are a measure: ours, then the naive rules.
type curves struct{ leads, days [][]float64 }

// axis is the range of all that is drawn.
func (c curves) axis() span {
	if c.days == nil {
		return fromZero(c.leads...)
	}
	return fromZero(append([][]float64{c.leads[0]}, c.days...)...)
}

// curves takes a measure by lead and by day, times a scale.
func (b ByLead) curves(scale float64, measure func(Rule) (leads, days []float64)) curves {
	scaled := func(shares []float64) []float64 {
		curve := make([]float64, len(shares))
		for k, share := range shares {
			curve[k] = scale * share
		}
		return curve
	}
	var out curves
	for _, rule := range append([]Rule{b.Ours}, b.Naive...) {
		leads, days := measure(rule)
		out.leads = append(out.leads, scaled(leads))
		if b.byDay() {
			out.days = append(out.days, scaled(days))
		}
	}
	return out
}

func (b ByLead) keys() []key {
	keys := []key{{name: b.Ours.Name, line: medianStroke(), dot: 2.5}}
	if b.byDay() {
		keys = []key{
			{name: b.Ours.Name + ", by day", line: medianStroke()},
			{name: "by lead", line: thinStroke()},
		}
	}
	for i, rule := range b.Naive {
		keys = append(keys, key{name: rule.Name, line: ruleStroke(i)})
	}
	return keys
}

// plot draws one measure, its data beginning left pixels into the area.
func (b ByLead) plot(p *pen, area rect, left float64, about string, c curves) {
	leads := len(b.Ours.WQL)
	unit, ahead := leadUnit(time.Duration(leads) * b.Interval)
	step := float64(b.Interval) / float64(unit)

	box := rect{
		area.left + left, area.top + stripHeight, area.right - rightRoom,
		area.bottom - axisHeight - nameHeight,
	}
	d := frame{p, box, span{0, step * float64(leads)}, c.axis()}
	d.axes(leadTicks(d.x.to, unit, int(box.width()/45)), yTicks(d.y, box.height()))
	d.level(solid(border, 1), 0)
	d.above(box.left, about)
	d.below(ahead)
	if b.byDay() {
		b.plotDays(d, step, c)
		return
	}
	for i := len(c.leads) - 1; i >= 1; i-- {
		d.byLead(ruleStroke(i-1), 0, step, c.leads[i])
	}
	dot := 0.0
	if leads == 1 || box.width()/float64(leads) >= 6 {
		dot = 2.5
	}
	d.byLead(medianStroke(), dot, step, c.leads[0]) // ours last, on top
}

// byLead draws a curve of one value for each lead, broken where a value is NaN, with dots of a
// radius.
func (f frame) byLead(s stroke, dot, step float64, curve []float64) {
	var path []point
	flush := func() {
		if len(path) > 0 {
			f.pen.line(s, path...)
		}
		path = nil
	}
	for k, v := range curve {
		if math.IsNaN(v) {
			flush()
			continue
		}
		at := f.at(step*float64(k+1), v)
		path = append(path, at)
		if dot > 0 {
			f.pen.dot(s.tint, at, dot)
		}
	}
	flush()
}

// leadUnit is what a horizon of this length is counted in, and its name on the axis.
func leadUnit(horizon time.Duration) (unit time.Duration, name string) {
	switch {
	case horizon <= 3*time.Hour:
		return time.Minute, "minutes ahead"
	case horizon <= 3*24*time.Hour:
		return time.Hour, "hours ahead"
	default:
		return 24 * time.Hour, "days ahead"
	}
}

// leadTicks labels at most n leads; hours and minutes are counted as on a clock.
func leadTicks(to float64, unit time.Duration, n int) []tick {
	steps := []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}
	switch unit {
	case time.Hour:
		steps = []float64{1, 2, 3, 6, 12, 24, 48, 96}
	case time.Minute:
		steps = []float64{1, 2, 5, 10, 15, 30, 60}
	default: // days and longer are counted by tens
	}
	step := steps[len(steps)-1]
	for _, s := range steps {
		if to/s <= float64(n) {
			step = s
			break
		}
	}
	var out []tick
	for i := 0.0; i*step <= to*(1+1e-9); i++ {
		out = append(out, tick{i * step, label(i*step, 0)})
	}
	return out
}

package plot

import (
	"fmt"
	"math"
	"time"
)

// Rule is a forecaster and its errors by lead, the first entry for lead 1. Both are shares of the
// mean actual: 0.05 is 5 %. NaN is a gap: nothing was used at that lead.
type Rule struct {
	Name      string
	WQL, WAPE []float64
}

// ByLead says how far ahead a forecast is useful: errors of ours and of the naive rules for each
// lead. Less is better.
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
	return firstError(
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
	wql := b.curves(1, func(r Rule) []float64 { return r.WQL })
	wape := b.curves(100, func(r Rule) []float64 { return r.WAPE })
	height := upper.height() - stripHeight - axisHeight - nameHeight
	left := max(
		p.labelWidth(yTicks(fromZero(wql...), height)), p.labelWidth(yTicks(fromZero(wape...), height)),
	)
	b.plot(p, upper, left, "wQL, less is better", wql)
	b.plot(p, lower, left, "WAPE in %, less is better", wape)
}

// curves are a measure times a scale: ours, then the naive rules.
func (b ByLead) curves(scale float64, measure func(Rule) []float64) [][]float64 {
	var out [][]float64
	for _, rule := range append([]Rule{b.Ours}, b.Naive...) {
		curve := make([]float64, len(b.Ours.WQL))
		for k, share := range measure(rule) {
			curve[k] = scale * share
		}
		out = append(out, curve)
	}
	return out
}

func (b ByLead) keys() []key {
	keys := []key{{name: b.Ours.Name, line: medianStroke(), dot: 2.5}}
	for i, rule := range b.Naive {
		keys = append(keys, key{name: rule.Name, line: ruleStroke(i)})
	}
	return keys
}

// plot draws one measure, its data beginning left pixels into the area.
func (b ByLead) plot(p *pen, area rect, left float64, about string, curves [][]float64) {
	leads := len(curves[0])
	unit, ahead := leadUnit(time.Duration(leads) * b.Interval)
	step := float64(b.Interval) / float64(unit)

	box := rect{
		area.left + left, area.top + stripHeight, area.right - rightRoom,
		area.bottom - axisHeight - nameHeight,
	}
	d := frame{p, box, span{0, step * float64(leads)}, fromZero(curves...)}
	d.axes(leadTicks(d.x.to, unit, int(box.width()/45)), yTicks(d.y, box.height()))
	d.level(solid(border, 1), 0)
	d.above(box.left, about)
	d.below(ahead)
	for i := len(curves) - 1; i >= 0; i-- { // ours last, on top
		var path []point
		flush := func() {
			switch {
			case len(path) == 0:
			case i > 0:
				p.line(ruleStroke(i-1), path...)
			default:
				p.line(medianStroke(), path...)
			}
			path = nil
		}
		for k, v := range curves[i] {
			if math.IsNaN(v) {
				flush()
				continue
			}
			at := d.at(step*float64(k+1), v)
			path = append(path, at)
			if i == 0 && (leads == 1 || box.width()/float64(leads) >= 6) {
				p.dot(blue, at, 2.5)
			}
		}
		flush()
	}
}

// leadUnit is what a horizon of this length is counted in, and its name on the axis.
func leadUnit(horizon time.Duration) (unit time.Duration, name string) {
	switch {
	case horizon <= 3*time.Hour:
		return time.Minute, "minutes ahead"
	case horizon <= 10*24*time.Hour:
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

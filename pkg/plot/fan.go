package plot

import (
	"fmt"
	"math"
	"time"
)

// Point is one reading: the start of its interval and its value in the fan's unit, NaN for a gap.
type Point struct {
	Time  time.Time
	Value float64
}

// Fan is one forecast between its readings and its actuals. Values by lead have one entry for each
// step, the first for the interval that begins at the origin; all are in Unit.
type Fan struct {
	Title    string // the answer in words
	Subtitle string // data, range, n
	Unit     string

	// Readings end at the origin, ascend, and are at least one interval apart. The line is broken
	// at a missing reading. Readings may be empty.
	Readings []Point
	// Origin is the end of the last interval that the forecast knows: "now". Labels are in its
	// zone.
	Origin   time.Time
	Interval time.Duration

	// Lower80 to Upper80 hold 8 of 10 actuals, Lower50 to Upper50 hold 5 of 10. They do not cross.
	// Lower50 and Upper50 are both empty when the forecast does not have these levels.
	Lower80, Lower50, Median, Upper50, Upper80 []float64

	Actual []float64 // NaN for a gap; empty when no actual is known yet
	Naive  []float64 // the forecast of a simple rule; empty for none
	// NaiveName names the rule in the legend, e.g. "same hour yesterday".
	NaiveName string
}

func (f Fan) check() error {
	if f.Origin.IsZero() {
		return invalid("Origin", "not set", "give the end of the last known interval")
	}
	if err := checkSteps("Median", len(f.Median), f.Interval); err != nil {
		return err
	}
	for _, c := range []struct {
		field          string
		values         []float64
		optional, gaps bool
	}{
		{field: "Lower80", values: f.Lower80},
		{field: "Lower50", values: f.Lower50, optional: len(f.Upper50) == 0},
		{field: "Median", values: f.Median},
		{field: "Upper50", values: f.Upper50, optional: len(f.Lower50) == 0},
		{field: "Upper80", values: f.Upper80},
		{field: "Actual", values: f.Actual, optional: true, gaps: true},
		{field: "Naive", values: f.Naive, optional: true},
	} {
		if c.optional && len(c.values) == 0 {
			continue
		}
		err := firstError(
			sameLength(c.field, len(c.values), len(f.Median), "Median"),
			drawable(c.field, c.values, c.gaps),
		)
		if err != nil {
			return err
		}
	}
	return firstError(
		f.checkReadings(),
		ordered("Lower80", f.Lower80, "Median", f.Median),
		ordered("Median", f.Median, "Upper80", f.Upper80),
		ordered("Lower80", f.Lower80, "Lower50", f.Lower50),
		ordered("Lower50", f.Lower50, "Median", f.Median),
		ordered("Median", f.Median, "Upper50", f.Upper50),
		ordered("Upper50", f.Upper50, "Upper80", f.Upper80),
	)
}

func (f Fan) checkReadings() error {
	for i, r := range f.Readings {
		remedy := ""
		switch {
		case r.Time.Add(f.Interval).After(f.Origin):
			remedy = fmt.Sprintf(
				"its interval of %v ends after Origin, %s; give it as Actual",
				f.Interval, f.Origin.Format(time.RFC3339),
			)
		case f.Origin.Sub(r.Time) > century:
			remedy = fmt.Sprintf("that is over a century before Origin, %s", f.Origin.Format(time.RFC3339))
		case i > 0 && r.Time.Sub(f.Readings[i-1].Time) < f.Interval:
			remedy = fmt.Sprintf(
				"less than the Interval of %v after the one before it; sort readings, drop repeats",
				f.Interval,
			)
		default:
			continue
		}
		return invalid(fmt.Sprintf("Readings[%d].Time", i), r.Time.Format(time.RFC3339), remedy)
	}
	return drawable("Readings", f.values(), true)
}

func (f Fan) sizes() (usual, least Size) { return Size{1200, 600}, Size{400, 400} }

func (f Fan) name() string { return f.Title }

func (f Fan) draw(p *pen, area rect) {
	area = p.header(area, pageTitle(), f.Title, f.Subtitle)
	area.top += 6
	area = p.legend(area, fanKeys([]Fan{f}))
	f.plot(p, area, f.labelWidth(p, area))
}

// fanKeys returns a key for each mark that occurs in one of the fans.
func fanKeys(fans []Fan) []key {
	readings, naive, half := "", "", false
	for _, f := range fans {
		half = half || len(f.Lower50) > 0
		switch {
		case len(f.Actual) > 0:
			readings = "readings and actuals"
		case len(f.Readings) > 0 && readings == "":
			readings = "readings"
		}
		if len(f.Naive) == 0 {
			continue
		}
		switch name := f.naiveName(); naive {
		case "", name:
			naive = name
		default:
			naive = "naive rule"
		}
	}
	var keys []key
	if readings != "" {
		keys = append(keys, key{name: readings, line: readingStroke(), dot: 2})
	}
	keys = append(keys, key{name: "median", line: medianStroke()})
	if half {
		keys = append(keys, key{name: "5 of 10 actuals fall here", fill: band50},
			key{name: "8 of 10", fill: band80})
	} else {
		keys = append(keys, key{name: "8 of 10 actuals fall here", fill: band80})
	}
	if naive != "" {
		keys = append(keys, key{name: naive, line: dotted()})
	}
	return keys
}

func (f Fan) naiveName() string {
	if f.NaiveName == "" {
		return "naive rule"
	}
	return f.NaiveName
}

func readingStroke() stroke { return solid(ink, 1) }
func medianStroke() stroke  { return solid(blue, 2) }

func (f Fan) horizon() time.Duration { return time.Duration(len(f.Median)) * f.Interval }

func (f Fan) values() []float64 {
	values := make([]float64, len(f.Readings))
	for i, r := range f.Readings {
		values[i] = r.Value
	}
	return values
}

func (f Fan) yAxis() span { return fromZero(f.values(), f.Lower80, f.Upper80, f.Actual, f.Naive) }

// labelWidth returns the room that plot needs on the left of the area.
func (f Fan) labelWidth(p *pen, area rect) float64 {
	return p.labelWidth(yTicks(f.yAxis(), area.height()-stripHeight-axisHeight))
}

// plot draws the fan without title and legend. Its data begin left pixels into the area, so that a
// page can align its fans.
func (f Fan) plot(p *pen, area rect, left float64) {
	first, last := f.Origin, f.Origin.Add(f.horizon())
	if len(f.Readings) > 0 {
		first = f.Readings[0].Time.In(f.Origin.Location())
	}
	box := rect{
		area.left + left, area.top + stripHeight, area.right - rightRoom, area.bottom - axisHeight,
	}
	d := frame{p, box, span{first.Sub(f.Origin).Seconds(), last.Sub(f.Origin).Seconds()}, f.yAxis()}

	right := box
	right.left = d.px(0)
	p.fillRect(future, right)
	d.axes(timeTicks(first, last, f.Origin, int(box.width()/80)), yTicks(d.y, box.height()))

	step := f.Interval.Seconds()
	d.band(band80, leads(f.Lower80, step), leads(f.Upper80, step))
	d.band(band50, leads(f.Lower50, step), leads(f.Upper50, step))
	d.level(solid(border, 1), 0)
	d.steps(dotted(), leads(f.Naive, step))
	d.steps(medianStroke(), leads(f.Median, step))
	f.plotReadings(d)
	f.plotNow(d)
}

// plotReadings draws readings and actuals as one line, because the origin is no gap. Dots mark the
// readings that the forecast knew.
func (f Fan) plotReadings(d frame) {
	step := f.Interval.Seconds()
	cells := make([]cell, 0, len(f.Readings)+len(f.Actual))
	for _, r := range f.Readings {
		at := r.Time.Sub(f.Origin).Seconds()
		cells = append(cells, cell{at, at + step, r.Value})
	}
	readings := len(cells)
	d.steps(readingStroke(), append(cells, leads(f.Actual, step)...))

	// Dots that touch would look like a thicker line.
	spacing := d.box.width() * step / d.x.length()
	if spacing < 4 {
		return
	}
	for _, c := range cells[:readings] {
		if !math.IsNaN(c.value) {
			d.pen.dot(ink, d.on(readingStroke(), c.from, c.value), min(2, spacing/4))
		}
	}
}

// plotNow draws the hairline at the origin and the word "now" above it. The text about the axes is
// left of the word when it fits there, else on the side with more room.
func (f Fan) plotNow(d frame) {
	d.upright(solid(ink, 1), 0)
	d.pen.text(plain(), point{d.px(0), d.box.top - aboveGap}, centred, "now")

	about := zone(f.Origin)
	if f.Unit != "" {
		about = f.Unit + ", " + about
	}
	half := d.pen.width(plain(), "now")/2 + labelGap
	left, right := d.px(0)-half-d.box.left, d.box.right-d.px(0)-half
	if left >= right || left >= d.pen.width(quiet(), about) {
		d.above(d.box.left, d.pen.cut(quiet(), about, left))
		return
	}
	d.above(d.px(0)+half, d.pen.cut(quiet(), about, right))
}

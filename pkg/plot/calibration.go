package plot

import "strconv"

// Calibration shows whether bands can be trusted: for each nominal level, the share of actuals that
// the band held. Levels and shares are 0 to 1. For a calibrated forecast they are equal, and lie on
// the diagonal.
type Calibration struct {
	Title    string // the answer in words
	Subtitle string // data, range, n
	Levels   []float64
	Held     []float64
	// Low and High are the ends of the 95 % range of Held, from a block bootstrap. Both may be
	// empty.
	Low, High []float64
}

func (c Calibration) check() error {
	if len(c.Levels) == 0 {
		return invalid("Levels", "empty", "give the nominal levels, e.g. 0.5 and 0.8")
	}
	err := firstError(
		sameLength("Held", len(c.Held), len(c.Levels), "Levels"),
		shares("Levels", c.Levels),
		shares("Held", c.Held),
	)
	if err != nil || len(c.Low)+len(c.High) == 0 {
		return err
	}
	return firstError(
		sameLength("Low", len(c.Low), len(c.Levels), "Levels"),
		sameLength("High", len(c.High), len(c.Levels), "Levels"),
		shares("Low", c.Low),
		shares("High", c.High),
		ordered("Low", c.Low, "High", c.High),
	)
}

func (c Calibration) sizes() (usual, least Size) { return Size{700, 700}, Size{320, 360} }

func (c Calibration) name() string { return c.Title }

func (c Calibration) draw(p *pen, area rect) {
	c.drawBody(p, p.header(area, pageTitle(), c.Title, c.Subtitle))
}

// drawBody draws the chart without its heading.
func (c Calibration) drawBody(p *pen, area rect) {
	name := "actuals held"
	if len(c.Low) > 0 {
		name += ", 95 % range"
	}
	area.top += 6
	area = p.legend(area, []key{
		{name: name, line: solid(blue, 1.5), dot: 4},
		{name: "as promised", line: stroke{tint: muted, width: 1.5, dash: []float64{6, 4}}},
	})
	ticks := []tick{{0, "0"}, {20, "20"}, {40, "40"}, {60, "60"}, {80, "80"}, {100, "100"}}
	box := rect{
		area.left + p.labelWidth(ticks), area.top + stripHeight,
		area.right - rightRoom, area.bottom - axisHeight - nameHeight,
	}
	d := frame{p, box, span{0, 100}, span{0, 100}}
	d.axes(ticks, ticks)
	d.level(solid(border, 1), 0)
	d.above(box.left, "held, %")
	d.below("promised, %")
	p.line(stroke{tint: muted, width: 1.5, dash: []float64{6, 4}}, d.at(0, 0), d.at(100, 100))
	c.plotRanges(d)
	c.plotHeld(d)
}

func (c Calibration) plotRanges(d frame) {
	for i := range c.Low {
		low, high := d.at(100*c.Levels[i], 100*c.Low[i]), d.at(100*c.Levels[i], 100*c.High[i])
		d.pen.line(solid(blue, 1.5), low, high)
		for _, end := range []point{low, high} {
			d.pen.line(solid(blue, 1.5), point{end.x - 4, end.y}, point{end.x + 4, end.y})
		}
	}
}

// plotHeld draws the dots and their shares as figures. A figure is on the side of its dot that is
// away from the diagonal. A figure that would cover another one or leave the frame is left out.
func (c Calibration) plotHeld(d frame) {
	var figures []rect
	for i := range c.Levels {
		at := d.at(100*c.Levels[i], 100*c.Held[i])
		d.pen.dot(blue, at, 4)
		figure := strconv.FormatFloat(100*c.Held[i], 'f', 1, 64)
		width := d.pen.width(plain(), figure)
		place := rect{at.x + 8, at.y + 6, at.x + 8 + width, at.y + 18}
		if c.Held[i] > c.Levels[i] {
			place = rect{at.x - 8 - width, at.y - 18, at.x - 8, at.y - 6}
		}
		free := d.box.holds(place)
		for _, other := range figures {
			free = free && !place.overlaps(other)
		}
		if free {
			d.pen.text(plain(), point{place.left, place.bottom - 2}, fromLeft, figure)
			figures = append(figures, place)
		}
	}
}

package plot

import "math"

// Space around the data of a frame in pixels.
const (
	stripHeight = 20 // above: what the values are, and the word now
	axisHeight  = 20 // below: labels of x
	nameHeight  = 16 // below the labels: the name of x, in charts that need one
	labelGap    = 8  // between labels and data
	aboveGap    = 7  // between the base line above and the data
	rightRoom   = 12 // half a label of x
)

// frame is a pair of axes with the area of the data between them.
type frame struct {
	pen  *pen
	box  rect // of the data
	x, y span
}

// px and py return positions in whole pixels, so that steps and edges of bands are sharp.
func (f frame) px(x float64) float64 {
	return math.Round(f.box.left + (x-f.x.from)/f.x.length()*f.box.width())
}

func (f frame) py(y float64) float64 {
	return math.Round(f.box.bottom - (y-f.y.from)/f.y.length()*f.box.height())
}

func (f frame) at(x, y float64) point { return point{f.px(x), f.py(y)} }

// yTicks labels a value about every 32 pixels of the height, and eight values at most.
func yTicks(y span, height float64) []tick { return y.ticks(min(8, int(height/32))) }

// labelWidth returns the room of the labels of y on the left.
func (p *pen) labelWidth(ticks []tick) float64 {
	width := 0.0
	for _, t := range ticks {
		width = max(width, p.width(quiet(), t.label))
	}
	return math.Ceil(width + labelGap)
}

// axes draws the lines of the grid and the labels.
func (f frame) axes(xTicks, yTicks []tick) {
	for _, t := range xTicks {
		f.upright(solid(grid, 1), t.at)
		width := f.pen.width(quiet(), t.label)
		if f.px(t.at)+width/2 <= f.box.right+3*rightRoom {
			f.pen.text(quiet(), point{f.px(t.at), f.box.bottom + 16}, centred, t.label)
		}
	}
	for _, t := range yTicks {
		f.level(solid(grid, 1), t.at)
		f.pen.text(quiet(), point{f.box.left - labelGap, f.py(t.at) + 4}, fromRight, t.label)
	}
}

// on returns the position for a line of steps. A line of an odd width lies on the middle of a
// pixel, a line of an even width between two pixels, so that neither is blurred.
func (f frame) on(s stroke, x, y float64) point {
	q := f.at(x, y)
	if math.Mod(s.width, 2) == 1 {
		q.x, q.y = q.x+0.5, q.y-0.5
	}
	return q
}

// level draws a line at one value across the frame.
func (f frame) level(s stroke, y float64) {
	f.pen.line(s, f.on(s, f.x.from, y), f.on(s, f.x.to, y))
}

// upright draws a line at one x across the frame.
func (f frame) upright(s stroke, x float64) {
	f.pen.line(s, f.on(s, x, f.y.from), f.on(s, x, f.y.to))
}

// above writes a text over the data, from x on.
func (f frame) above(x float64, text string) {
	f.pen.text(quiet(), point{x, f.box.top - aboveGap}, fromLeft, text)
}

// below writes the name of x under its labels.
func (f frame) below(text string) {
	f.pen.text(
		quiet(), point{f.box.right, f.box.bottom + axisHeight + nameHeight - 6}, fromRight, text,
	)
}

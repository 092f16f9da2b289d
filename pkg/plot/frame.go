package plot

import "math"

// Space around the data of a frame in pixels.
const (
	stripHeight = 20 // above: what the values are, and the word now
	axisHeight  = 20 // below: labels of x
	nameHeight  = 16 // below the labels: what x is, if it has to be said
	labelGap    = 8  // between labels and data
	aboveGap    = 7  // between the base line above and the data
	rightRoom   = 12 // half a label of x
)

// frame is a pair of axes and the place of the data between them.
type frame struct {
	pen  *pen
	box  rect // of the data
	x, y span
}

// px and py are places in whole pixels: steps and edges of bands are sharp then.
func (f frame) px(x float64) float64 {
	return math.Round(f.box.left + (x-f.x.from)/f.x.length()*f.box.width())
}

func (f frame) py(y float64) float64 {
	return math.Round(f.box.bottom - (y-f.y.from)/f.y.length()*f.box.height())
}

func (f frame) at(x, y float64) point { return point{f.px(x), f.py(y)} }

// yTicks labels a value about every 32 pixels of the height, and no more values than can be taken
// in.
func yTicks(y span, height float64) []tick { return y.ticks(min(8, int(height/32))) }

// labelWidth is what the labels of y take on the left.
func (p *pen) labelWidth(ticks []tick) float64 {
	width := 0.0
	for _, t := range ticks {
		width = max(width, p.width(quiet(), t.label))
	}
	return math.Ceil(width + labelGap)
}

// axes draws the lines of the grid, the base line, which is the zero line where values are
// negative, and the labels.
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

// on is the place for a line of steps: one of an odd width lies on the middle of a pixel, one of an
// even width between two, so that neither is blurred.
func (f frame) on(s stroke, x, y float64) point {
	q := f.at(x, y)
	if math.Mod(s.width, 2) == 1 {
		q.x, q.y = q.x+0.5, q.y-0.5
	}
	return q
}

// level is a line at one value across the frame.
func (f frame) level(s stroke, y float64) {
	f.pen.line(s, f.on(s, f.x.from, y), f.on(s, f.x.to, y))
}

// upright is a line at one x across the frame.
func (f frame) upright(s stroke, x float64) {
	f.pen.line(s, f.on(s, x, f.y.from), f.on(s, x, f.y.to))
}

// above writes what the values are over the data.
func (f frame) above(x float64, text string) {
	f.pen.text(quiet(), point{x, f.box.top - aboveGap}, fromLeft, text)
}

// below writes what x is under its labels.
func (f frame) below(text string) {
	f.pen.text(
		quiet(), point{f.box.right, f.box.bottom + axisHeight + nameHeight - 6}, fromRight, text,
	)
}

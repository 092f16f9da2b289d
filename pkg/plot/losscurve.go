package plot

import (
	"fmt"
	"math"
)

// LossCurve shows the course of a training: the loss on the training windows and on the validation
// windows.
type LossCurve struct {
	Title    string // the answer in words
	Subtitle string // data, range, n

	Iterations []int     // ascending, from 1
	Train      []float64 // mean since the iteration before
	Valid      []float64 // NaN where it was not measured; empty when it never was
	Best       int       // the iteration whose weights the model has; 0 for none
}

func (c LossCurve) check() error {
	if len(c.Iterations) == 0 {
		return invalid("Iterations", "empty", "give one for each look at the loss")
	}
	for i, n := range c.Iterations {
		if n < 1 || i > 0 && n <= c.Iterations[i-1] {
			return invalid(fmt.Sprintf("Iterations[%d]", i), n, "they ascend from 1")
		}
	}
	if last := c.Iterations[len(c.Iterations)-1]; c.Best < 0 || c.Best > last {
		return invalid("Best", c.Best, fmt.Sprintf("give an iteration up to %d, or 0 for none", last))
	}
	if len(c.Valid) > 0 {
		if err := sameLength("Valid", len(c.Valid), len(c.Iterations), "Iterations"); err != nil {
			return err
		}
	}
	return firstError(
		sameLength("Train", len(c.Train), len(c.Iterations), "Iterations"),
		drawable("Train", c.Train, false),
		drawable("Valid", c.Valid, true),
	)
}

func (c LossCurve) sizes() (usual, least Size) { return Size{900, 500}, Size{400, 300} }

func (c LossCurve) name() string { return c.Title }

func (c LossCurve) draw(p *pen, area rect) {
	area = p.header(area, pageTitle(), c.Title, c.Subtitle)
	area.top += 6
	keys := []key{{name: "training", line: solid(muted, 1.5)}}
	if len(c.Valid) > 0 {
		keys = append(keys, key{name: "validation", line: medianStroke()})
	}
	if c.Best > 0 {
		keys = append(keys, key{name: fmt.Sprintf("kept: iteration %d", c.Best), line: solid(ink, 1)})
	}
	area = p.legend(area, keys)
	y := fromZero(c.Train, c.Valid)
	ticks := yTicks(y, area.height()-stripHeight-axisHeight-nameHeight)
	box := rect{
		area.left + p.labelWidth(ticks), area.top + stripHeight, area.right - rightRoom,
		area.bottom - axisHeight - nameHeight,
	}
	x := span{0, float64(c.Iterations[len(c.Iterations)-1])}
	d := frame{p, box, x, y}
	d.axes(x.ticks(min(max(1, int(box.width()/80)), int(x.to))), ticks)
	d.level(solid(border, 1), 0)
	d.above(box.left, "pinball loss in scaled units, less is better")
	d.below("iterations")
	if c.Best > 0 {
		d.upright(solid(ink, 1), float64(c.Best))
	}
	c.curve(d, solid(muted, 1.5), muted, c.Train)
	c.curve(d, medianStroke(), blue, c.Valid)
}

// curve draws one line, or a dot for a single value.
func (c LossCurve) curve(d frame, s stroke, t tint, values []float64) {
	var path []point
	for i, v := range values {
		if !math.IsNaN(v) {
			path = append(path, d.at(float64(c.Iterations[i]), v))
		}
	}
	if len(path) == 1 {
		d.pen.dot(t, path[0], 3)
		return
	}
	if len(path) > 1 {
		d.pen.line(s, path...)
	}
}

package plot

import "math"

// cell is a value and the interval it belongs to, in seconds from the origin.
type cell struct{ from, to, value float64 }

// leads returns the cells of values by lead: the first begins at the origin.
func leads(values []float64, interval float64) []cell {
	cells := make([]cell, len(values))
	for i, v := range values {
		cells[i] = cell{float64(i) * interval, float64(i+1) * interval, v}
	}
	return cells
}

// steps draws cells as a stepped line that ends with the last interval and is broken where one is
// missing or NaN.
func (f frame) steps(s stroke, cells []cell) {
	var path []point
	flush := func() {
		if len(path) > 0 {
			f.pen.line(s, path...)
		}
		path = nil
	}
	for i, c := range cells {
		if math.IsNaN(c.value) || i > 0 && c.from > cells[i-1].to {
			flush()
		}
		if math.IsNaN(c.value) {
			continue
		}
		path = append(path, f.on(s, c.from, c.value), f.on(s, c.to, c.value))
	}
	flush()
}

// band fills the area between two stepped lines.
func (f frame) band(t tint, lower, upper []cell) {
	outline := make([]point, 0, 2*len(lower)+2*len(upper))
	for _, c := range upper {
		outline = append(outline, f.at(c.from, c.value), f.at(c.to, c.value))
	}
	for i := len(lower) - 1; i >= 0; i-- {
		outline = append(outline, f.at(lower[i].to, lower[i].value), f.at(lower[i].from, lower[i].value))
	}
	f.pen.fill(t, outline...)
}

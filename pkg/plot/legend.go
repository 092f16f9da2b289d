package plot

// key explains one mark of a chart in words.
type key struct {
	name string
	line stroke  // with a width: a piece of the line
	dot  float64 // radius in pixels of a dot on the line, in its colour
	fill tint    // without a line: a patch of this tint
}

const (
	keyWidth  = 24
	keyHeight = 20
	keyGap    = 18
)

// legend writes the keys from left to right at the top of the area, in as many rows as they need,
// and returns the rest of the area.
func (p *pen) legend(area rect, keys []key) rect {
	x, middle := area.left, area.top+keyHeight/2
	for _, k := range keys {
		name := p.cut(plain(), k.name, area.width()-keyWidth-6)
		width := keyWidth + 6 + p.width(plain(), name)
		if x > area.left && x+width > area.right {
			x, middle = area.left, middle+keyHeight
		}
		if k.line.width == 0 {
			p.fillRect(k.fill, rect{x, middle - 6, x + keyWidth, middle + 6})
		} else {
			p.line(k.line, point{x, middle}, point{x + keyWidth, middle})
			p.dot(k.line.tint, point{x + keyWidth/2, middle}, k.dot)
		}
		p.text(plain(), point{x + keyWidth + 6, middle + 4}, fromLeft, name)
		x += width + keyGap
	}
	area.top = middle + keyHeight/2 + 4
	return area
}

package plot

// pagePadding is the free edge of a page in pixels.
const pagePadding = 24

// point in pixels from the top left corner.
type point struct{ x, y float64 }

// rect in pixels from the top left corner, y downwards.
type rect struct{ left, top, right, bottom float64 }

func (r rect) width() float64  { return r.right - r.left }
func (r rect) height() float64 { return r.bottom - r.top }

func (r rect) inset(d float64) rect {
	return rect{r.left + d, r.top + d, r.right - d, r.bottom - d}
}

// rows cuts n rows of equal height with a gap between them, top down.
func (r rect) rows(n int, gap float64) []rect {
	rows := make([]rect, n)
	height := (r.height() - gap*float64(n-1)) / float64(n)
	for i := range rows {
		top := r.top + float64(i)*(height+gap)
		rows[i] = rect{r.left, top, r.right, top + height}
	}
	return rows
}

// columns cuts off a share of the width on the left; the gap is taken from both sides.
func (r rect) columns(share, gap float64) (left, right rect) {
	at := r.left + r.width()*share
	left, right = r, r
	left.right = at - gap/2
	right.left = at + gap/2
	return left, right
}

func (r rect) holds(o rect) bool {
	return r.left <= o.left && o.right <= r.right && r.top <= o.top && o.bottom <= r.bottom
}

func (r rect) overlaps(o rect) bool {
	return r.left < o.right && o.left < r.right && r.top < o.bottom && o.top < r.bottom
}

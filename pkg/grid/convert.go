package grid

import "github.com/loadtide/loadtide/pkg/meter"

// Convert brings cells from one grid to another: value and quality are those of cells first to
// newest of the grid before; put is called with each new cell that they cover wholly, ascending.
// Energy is summed, or parted by time; power is averaged. A part of a cell is ESTIMATED. A cell
// half of which is MISSING or BAD is MISSING, its value made of all parts.
func Convert(from, to Grid, kind meter.Kind, first, newest int64, at func(n int64) (float32, meter.Quality),
	put func(c Cell),
) {
	additive := addsUp(kind)
	end := to.Cell(from.Start(newest + 1))
	for m := to.Cell(from.Start(first)-1) + 1; m < end; m++ {
		start, stop := to.Start(m), to.Start(m+1)
		var sum, known float64
		quality := meter.OK
		for n := from.Cell(start); n <= newest && from.Start(n) < stop; n++ {
			overlap := float64(min(from.Start(n+1), stop) - max(from.Start(n), start))
			value, q := at(n)
			sum += float64(value) * (overlap / float64(from.Interval))
			if q.Accepted() {
				known += overlap
			}
			if q != meter.OK || overlap < float64(from.Interval) {
				quality = meter.Estimated
			}
		}
		if 2*known < float64(to.Interval) {
			quality = meter.Missing
		}
		if !additive {
			sum /= float64(to.Interval) / float64(from.Interval)
		}
		put(Cell{m, float32(sum), quality})
	}
}

// addsUp says that the values of a kind add up over time; others are means. Cells of a register are
// energy.
func addsUp(kind meter.Kind) bool { return kind == meter.Energy || kind == meter.Register }

// Join makes cell n of a coarser grid from the parts that it has on a finer one, cells n*parts to
// (n+1)*parts-1: at returns a part, ok is false where there is none. With some parts missing the
// cell is ESTIMATED, its value made of all that are there; with more than half it is MISSING, or BAD
// where a part is.
func Join(kind meter.Kind, n, parts int64, at func(m int64) (value float32, quality meter.Quality, ok bool)) Cell {
	var sum float64
	known, bad := int64(0), false
	c := Cell{N: n, Quality: meter.OK}
	for m := n * parts; m < (n+1)*parts; m++ {
		value, quality, ok := at(m)
		if !ok || quality != meter.OK {
			c.Quality = meter.Estimated
		}
		if !ok {
			continue
		}
		sum += float64(value)
		if quality.Accepted() {
			known++
		}
		bad = bad || quality == meter.Bad
	}
	if !addsUp(kind) {
		sum /= float64(parts)
	}
	c.Value = float32(sum)
	switch {
	case 2*known >= parts:
	case bad:
		c.Quality = meter.Bad
	default:
		c.Quality = meter.Missing
	}
	return c
}

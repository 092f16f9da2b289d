package grid

import "github.com/loadtide/loadtide/pkg/meter"

// CellAt returns the value and the quality of a cell; the quality is unknown where there is none.
type CellAt func(n int64) (value float32, quality meter.Quality)

// Convert brings cells from one grid to another: at gives those of cells first to newest of the grid
// before; put is called with each new cell that they cover wholly, ascending. Cells that are not
// accepted count for nothing: with some of its time missing, a cell is estimated as if that were like
// the rest.
func Convert(from, to Grid, kind meter.Kind, first, newest int64, at CellAt, put func(c Cell)) {
	end := to.Cell(from.Start(newest + 1))
	for m := to.Cell(from.Start(first)-1) + 1; m < end; m++ {
		put(convert(from, to, kind, m, at, meter.Quality.Accepted))
	}
}

// Join makes cell m of a coarser grid from the cells of a ring that it has on a finer one. The values
// that fill the ring where nothing was measured stand in for what is missing.
func Join(from, to Grid, kind meter.Kind, m int64, at CellAt) Cell {
	return convert(from, to, kind, m, at, func(q meter.Quality) bool { return q != meter.Unknown })
}

// convert makes cell m of a grid from the cells that overlap it on another and whose quality counts.
// Energy is summed, or parted by time; power is averaged. A cell less than half of which is accepted is
// MISSING, or BAD where a part is; one that was not whole, or is part of a longer one, is ESTIMATED.
func convert(from, to Grid, kind meter.Kind, m int64, at CellAt, counts func(meter.Quality) bool) Cell {
	c := Cell{N: m, Quality: meter.OK}
	start, stop := to.Start(m), to.Start(m+1)
	var sum, counted, known float64 // in cells of the grid before
	bad := false
	for n := from.Cell(start); from.Start(n) < stop; n++ {
		overlap := float64(min(from.Start(n+1), stop)-max(from.Start(n), start)) / float64(from.Interval)
		value, quality := at(n)
		if quality != meter.OK || overlap < 1 {
			c.Quality = meter.Estimated
		}
		if quality.Accepted() {
			known += overlap
		}
		if counts(quality) {
			sum += float64(value) * overlap
			counted += overlap
		}
		bad = bad || quality == meter.Bad
	}
	whole := float64(to.Interval) / float64(from.Interval)
	switch {
	case 2*known < whole && bad:
		return Cell{N: m, Quality: meter.Bad}
	case 2*known < whole:
		return Cell{N: m, Quality: meter.Missing}
	case !addsUp(kind):
		sum /= counted
	case counted < whole:
		sum *= whole / counted
	}
	c.Value = float32(sum)
	return c.bounded()
}

// addsUp says that the values of a kind add up over time; others are means. Cells of a register are
// energy.
func addsUp(kind meter.Kind) bool { return kind == meter.Energy || kind == meter.Register }

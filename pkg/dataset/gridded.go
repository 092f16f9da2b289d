package dataset

import (
	"fmt"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// gridded is the cells of one series while its readings are put onto their grid, as serving does
// it. It is the grid's memory of them.
type gridded struct {
	state     grid.State
	first     int64
	values    []float32
	qualities []meter.Quality
	outcome   grid.Outcome
	done      []stretch // before silences as long as a serving ring
}

// stretch is the cells of a series without a silence as long as a serving ring.
type stretch struct {
	grid      grid.Grid
	kind      meter.Kind
	first     int64
	values    []float32
	qualities []meter.Quality
}

// Bounds implements grid.Past.
func (c *gridded) Bounds() (first, newest int64, ok bool) {
	return c.first, c.first + int64(len(c.values)) - 1, len(c.values) > 0
}

// Said implements grid.Past.
func (c *gridded) Said(n int64) (value float32, quality meter.Quality) {
	return c.values[n-c.first], c.qualities[n-c.first]
}

// put takes the next reading in the order of time.
func (c *gridded) put(r reading) {
	out := &c.outcome
	before := c.state.Grid
	c.state.Put(
		grid.Point{Second: r.second, Value: r.value, Quality: r.quality, Span: r.interval},
		c,
		out,
	)
	switch {
	case out.Restarted:
		c.end(before)
	case out.Rebuilt:
		c.values, c.qualities = nil, nil
	case out.Was != grid.Grid{}:
		c.convert(out.Was)
	}
	for _, cell := range out.Cells {
		c.write(cell)
	}
	if _, newest, ok := c.Bounds(); ok {
		c.state.Settle(newest - c.state.LateCells() - 1)
	}
}

// end closes the stretch under way, on the grid that it had.
func (c *gridded) end(g grid.Grid) {
	if len(c.values) > 0 {
		c.done = append(c.done, stretch{g, c.state.Kind, c.first, c.values, c.qualities})
	}
	c.values, c.qualities = nil, nil
}

// convert brings the cells from the grid before to the one that the series has now.
func (c *gridded) convert(was grid.Grid) {
	old := *c
	first, newest, ok := old.Bounds()
	c.values, c.qualities = nil, nil
	if ok {
		grid.Convert(was, c.state.Grid, c.state.Kind, first, newest, old.Said, c.write)
	}
}

// write puts a cell in its place. Those between that are not known are MISSING.
func (c *gridded) write(cell grid.Cell) {
	if len(c.values) == 0 {
		c.first = cell.N
	}
	for before := c.first - cell.N; before > 0; before-- {
		c.values, c.qualities = slices.Insert(
			c.values,
			0,
			0,
		), slices.Insert(
			c.qualities,
			0,
			meter.Missing,
		)
		c.first--
	}
	for int64(len(c.values)) <= cell.N-c.first {
		c.values, c.qualities = append(c.values, 0), append(c.qualities, meter.Missing)
	}
	c.values[cell.N-c.first], c.qualities[cell.N-c.first] = cell.Value, cell.Quality
}

// stretches puts the readings of a series onto their grid, in the order of time.
func (b *Builder) stretches(s *gathered) []stretch {
	slices.SortStableFunc(s.reads, bySecond)
	kind := s.kind
	if kind == meter.KindUnknown {
		kind = meter.KindOf(s.unit)
	}
	c := gridded{state: grid.State{Pattern: grid.Pattern{Kind: kind}}}
	for _, r := range s.reads {
		c.put(r)
	}
	if c.state.Coarse > 0 {
		b.leave(s.id, int64(c.state.Coarse))
		return nil
	}
	c.end(c.state.Grid)
	return c.done
}

// history makes one of a stretch. Holes are filled with the same hour of the day before.
func (s *stretch) history(of *gathered) *History {
	h := &History{
		ID: of.id, Unit: of.unit, Phase: int64(s.grid.Phase),
		Len: series.LengthsOf(int64(s.grid.Interval)), kind: s.kind,
	}
	h.Raw = series.Ring{
		Values:  make([]float32, len(s.values)),
		Quality: meter.NewQualities(len(s.values)),
	}
	for k, q := range s.qualities {
		n, value := s.first+int64(k), s.values[k]
		if q == meter.Missing && k > 0 {
			value = h.Raw.SameHour(n, h.Len.Day)
		}
		h.Raw.Put(n, value, q)
	}
	h.replay(series.Plain)
	return h
}

// joined is the history at a coarser interval, as serving joins the cells of a ring: what cannot be
// true is not in it.
func (h *History) joined(interval int64) *History {
	parts := interval / h.Len.Interval
	j := &History{
		ID:    h.ID,
		Unit:  h.Unit,
		Phase: h.Phase,
		Len:   series.LengthsOf(interval),
		kind:  h.kind,
	}
	at := func(m int64) (float32, meter.Quality, bool) {
		if !h.Ring.Has(m) {
			return 0, meter.Unknown, false
		}
		value, quality := h.Ring.At(m)
		return value, quality, true
	}
	first, last := meter.FloorDiv(
		h.Ring.First()-1,
		parts,
	)+1, meter.FloorDiv(
		h.Ring.Newest+1,
		parts,
	)-1
	size := max(last-first+1, 0)
	j.Raw = series.Ring{Values: make([]float32, size), Quality: meter.NewQualities(int(size))}
	for n := first; n <= last; n++ {
		c := grid.Join(h.kind, n, parts, at)
		switch {
		case c.Quality.Accepted():
		case j.Raw.Known == 0:
			continue
		default:
			c.Value, c.Quality = j.Raw.SameHour(n, j.Len.Day), meter.Missing
		}
		j.Raw.Put(n, c.Value, c.Quality)
	}
	if j.Raw.Known == 0 {
		return nil
	}
	if size > int64(j.Raw.Known) { // a ring as long as the history
		j.Raw = j.Raw.Shortened()
	}
	j.replay(series.Plain)
	return j
}

// finest is the finest interval that at least half of the series come at, or can be joined to; an
// hour without series.
func finest(native []*History) int64 {
	at := map[meter.ID]int64{}
	for _, h := range native { // the last history of a series tells
		at[h.ID] = h.Len.Interval
	}
	for _, interval := range intervals {
		n := 0
		for _, own := range at {
			if interval%own == 0 {
				n++
			}
		}
		if n > 0 && 2*n >= len(at) {
			return interval
		}
	}
	return meter.HourSeconds
}

var intervals = [...]int64{300, 600, 900, 1200, 1800, meter.HourSeconds}

// leave notes a series that comes at an interval of which no history is made.
func (b *Builder) leave(id meter.ID, interval int64) {
	b.left = append(b.left, fmt.Sprintf("%s (every %s)", id, time.Duration(interval)*time.Second))
}

// At makes Build give histories of an interval in seconds: readings that come finer are joined,
// series that come coarser are left out. With 0 Build finds the finest interval that at least half
// of the series come at, or can be joined to. A new builder gives hours.
func (b *Builder) At(interval int64) { b.asked = interval }

// Interval is that of the histories that Build gave, in seconds.
func (b *Builder) Interval() int64 { return b.interval }

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
	of      *gathered
	state   grid.State
	marks   *meter.Marks
	kept    int     // measured cells that marks keep from models
	cells   stretch // under way; its grid and kind are those of state
	outcome grid.Outcome
	refused map[meter.Reason]int
	means   bool       // cells are means of several readings, and no kind is known
	void    bool       // so are some of those that are done
	done    []*History // before silences as long as a serving ring, and before changes of the grid
}

// stretch is the cells of a series without a silence as long as a serving ring, on one grid.
type stretch struct {
	grid      grid.Grid
	kind      meter.Kind
	first     int64
	own       int64 // the first cell that was not brought over from another grid
	values    []float32
	qualities []meter.Quality
}

// Bounds implements grid.Past.
func (c *gridded) Bounds() (first, newest int64, ok bool) {
	return c.cells.first, c.cells.first + int64(len(c.cells.values)) - 1, len(c.cells.values) > 0
}

// Said implements grid.Past.
func (c *gridded) Said(n int64) (value float32, quality meter.Quality) {
	return c.cells.values[n-c.cells.first], c.cells.qualities[n-c.cells.first]
}

// histories puts the readings of a series onto their grid, in the order of time.
func (b *Builder) histories(s *gathered) []*History {
	slices.SortStableFunc(s.reads, bySecond)
	c := gridded{of: s, refused: b.offGrid, marks: b.marks}
	for _, r := range s.reads {
		c.put(r)
	}
	if c.state.Coarse > 0 {
		b.unserved(s.id, int64(c.state.Coarse))
		return nil
	}
	c.state.End(&c.outcome)
	c.count()
	c.end(c.state.Grid)
	if c.kept > 0 {
		b.kept[s.id] = c.kept
	}
	return c.done
}

// put takes the next reading in the order of time.
func (c *gridded) put(r reading) {
	out := &c.outcome
	if r.kind != c.state.Kind && r.kind != meter.KindUnknown {
		c.become(r.kind)
	}
	before := c.state.Grid
	c.state.AtEnd = r.atEnd
	c.state.Put(
		grid.Point{Second: r.second, Value: r.value, Quality: r.quality, Span: r.interval},
		c,
		out,
	)
	c.count()
	was := c.means
	c.means = c.state.Kind == meter.KindUnknown && (c.means && !out.Rebuilt || out.Was != (grid.Grid{}) ||
		c.state.Raw != nil && c.state.Step != c.state.Interval)
	switch {
	case out.Restarted:
		c.end(before)
		c.void = c.void || was
	case out.Rebuilt:
		c.cells = stretch{}
	case out.Was != grid.Grid{}:
		c.change()
	}
	for _, cell := range out.Cells {
		c.cells.write(cell)
	}
	if _, newest, ok := c.Bounds(); ok {
		c.state.Settle(newest - c.state.LateCells() - 1)
	}
}

// become gives a series, which was taken for one of power, the kind that a reading says, as serving
// does it.
func (c *gridded) become(kind meter.Kind) {
	if c.state.Begun && (c.state.Become(kind, &c.outcome) || kind == meter.Energy && c.means) {
		c.count()
		c.cells, c.void = stretch{}, true
	}
	if c.void {
		c.done = nil
	}
	for _, h := range c.done {
		h.kind = kind
	}
	c.state.Kind = kind
}

// count counts the readings that the outcome refuses.
func (c *gridded) count() {
	if c.outcome.Decision == grid.Rejected {
		c.refused[c.outcome.Refusal.Reason]++
	}
	for i := range c.outcome.Refused {
		c.refused[c.outcome.Refused[i].Reason]++
	}
}

// end closes the stretch under way, on the grid that it had.
func (c *gridded) end(g grid.Grid) {
	if len(c.cells.values) > 0 {
		c.cells.grid, c.cells.kind = g, c.state.Kind
		c.kept += c.cells.keep(c.of.id, c.marks)
		h := c.cells.history(c.of)
		h.marks = c.marks
		c.done = append(c.done, h)
	}
	c.cells = stretch{}
}

// change ends the stretch on the grid before, and begins one on the grid that the series has now
// with the cells that a serving ring would have then. Of the cells that could no longer change,
// what cannot be true is BAD.
func (c *gridded) change() {
	was := c.outcome.Was
	first, newest, ok := c.Bounds()
	if !ok {
		c.outcome.Bring(c.state.Grid, c.state.Kind, 0, -1, c.Said)
		return
	}
	said := gridded{cells: c.cells}
	c.end(was)
	h := c.done[len(c.done)-1]
	open := newest - int64(h.Len.Open) + 1
	if h.young(newest) {
		open = first // all cells of a young series are open
	}
	at := func(n int64) (float32, meter.Quality) {
		if n >= open { // marked or not: the new grid has the mark too
			return said.Said(n)
		}
		value, quality := h.Raw.At(n)
		if _, judged := h.Ring.At(n); judged == meter.Bad {
			quality = judged
		}
		return value, quality
	}
	c.outcome.Bring(c.state.Grid, c.state.Kind, first, newest, at)
	c.cells.own = c.state.Cell(h.Start(newest + 1))
}

// write puts a cell in its place. Those between that are not known are MISSING.
func (s *stretch) write(cell grid.Cell) {
	if len(s.values) == 0 {
		s.first = cell.N
	}
	if before := int(s.first - cell.N); before > 0 {
		s.values = slices.Insert(s.values, 0, make([]float32, before)...)
		s.qualities = slices.Insert(s.qualities, 0, missing(before)...)
		s.first = cell.N
	}
	if after := int(cell.N-s.first) + 1 - len(s.values); after > 0 {
		s.values = append(s.values, make([]float32, after)...)
		s.qualities = append(s.qualities, missing(after)...)
	}
	s.values[cell.N-s.first], s.qualities[cell.N-s.first] = cell.Value, cell.Quality
}

func missing(count int) []meter.Quality { return slices.Repeat([]meter.Quality{meter.Missing}, count) }

// keep makes the measured cells of a series BAD that marks keep from models, and counts those that
// were read on this grid.
func (s *stretch) keep(id meter.ID, marks *meter.Marks) (count int) {
	s.qualities = slices.Clone(s.qualities)
	for k, q := range s.qualities {
		n := s.first + int64(k)
		if q.Accepted() && marks.Of(id, s.grid.Start(n), s.grid.Start(n+1)) != meter.Unmarked {
			s.qualities[k] = meter.Bad
			if n >= s.own {
				count++
			}
		}
	}
	return count
}

// history makes one of a stretch. Cells that were not measured are filled with the same hour of the
// day before.
func (s *stretch) history(of *gathered) *History {
	h := &History{
		ID: of.id, Unit: of.terms.Unit, Phase: int64(s.grid.Phase),
		Len: series.LengthsOf(int64(s.grid.Interval)), kind: s.kind,
		Own: max(s.own, s.first),
	}
	h.Raw = series.Ring{
		Values:  make([]float32, len(s.values)),
		Quality: meter.NewQualities(len(s.values)),
	}
	for k, q := range s.qualities {
		n, value := s.first+int64(k), s.values[k]
		if !q.Accepted() && k > 0 {
			value = h.Raw.SameHour(n, h.Len.Day)
		}
		h.Raw.Put(n, value, q)
	}
	h.replay(series.Plain)
	return h
}

// joined is the history at a coarser interval, on the hours of a zone with an offset from UTC, as
// serving joins the cells of a ring: what cannot be true is not in it, and it begins with the first
// cell that is accepted. It is nil when there is none.
func (h *History) joined(interval, offset int64) *History {
	own := grid.Grid{Interval: int32(h.Len.Interval), Phase: int32(h.Phase)}
	to := own.Joined(int32(interval), offset)
	j := &History{
		ID:    h.ID,
		Unit:  h.Unit,
		Phase: int64(to.Phase),
		Len:   series.LengthsOf(interval),
		Own:   to.Cell(h.Start(h.Own)-1) + 1,
		kind:  h.kind,
		marks: h.marks,
	}
	first, last := to.Cell(h.Start(h.Ring.First())-1)+1, to.Cell(h.Start(h.Ring.Newest+1))-1
	size := max(last-first+1, 0)
	j.Raw = series.Ring{Values: make([]float32, size), Quality: meter.NewQualities(int(size))}
	for n := first; n <= last; n++ {
		c := grid.Join(own, to, h.kind, n, h.Ring.At)
		switch {
		case c.Quality.Accepted():
		case j.Raw.Known == 0:
			continue
		default:
			c.Value = j.Raw.SameHour(c.N, j.Len.Day)
		}
		j.Raw.Put(c.N, c.Value, c.Quality)
	}
	if j.Raw.Known == 0 {
		return nil
	}
	if size > int64(j.Raw.Known) { // a ring as long as the history
		j.Raw = j.Raw.Shortened()
	}
	j.Own = max(j.Own, j.Raw.First())
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

// unserved notes a series whose readings are of no interval that is forecast.
func (b *Builder) unserved(id meter.ID, step int64) {
	if step < meter.HourSeconds {
		b.odd = append(b.odd, every(id, step))
		return
	}
	b.left = append(b.left, every(id, step))
}

// every is a series with the time from one of its readings to the next.
func every(id meter.ID, interval int64) string {
	return fmt.Sprintf("%s (every %s)", id, meter.StepName(time.Duration(interval)*time.Second))
}

// At makes Build give histories of an interval in seconds: readings that come finer are joined,
// series that come coarser are left out. With 0 Build finds the finest interval that at least half
// of the series come at, or can be joined to. A new builder gives hours.
func (b *Builder) At(interval int64) { b.asked = interval }

// In says in which zone the series are: finer readings are joined to its hours, as serving does it.
// A new builder joins to the hours of UTC.
func (b *Builder) In(zone string) { b.offset = series.HourOffset(zone) }

// Interval is that of the histories that Build gave, in seconds.
func (b *Builder) Interval() int64 { return b.interval }

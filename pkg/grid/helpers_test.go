package grid_test

import (
	"math"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// strip is a caller of the package: it has the cells of one series without an end.
type strip struct {
	t       *testing.T
	state   grid.State
	cells   map[int64]grid.Cell
	first   int64
	newest  int64
	known   bool
	out     grid.Outcome
	refused map[string]int
	applied int
	waiting int
}

func newStrip(t *testing.T, kind meter.Kind, set int32) *strip {
	return &strip{t: t, state: grid.State{Pattern: grid.Pattern{Kind: kind, Set: set}}, cells: map[int64]grid.Cell{}, refused: map[string]int{}}
}

func (s *strip) Bounds() (first, newest int64, ok bool) { return s.first, s.newest, s.known }

func (s *strip) Said(n int64) (float32, meter.Quality) {
	if !s.known || n < s.first || n > s.newest {
		s.t.Errorf("cell %d is asked for, and the series has %d to %d", n, s.first, s.newest)
	}
	c, ok := s.cells[n]
	if !ok {
		return 0, meter.Missing
	}
	return c.Value, c.Quality
}

func (s *strip) put(p grid.Point) grid.Decision {
	s.t.Helper()
	s.state.Put(p, s, &s.out)
	o := &s.out
	switch o.Decision {
	case grid.Applied:
		s.applied++
	case grid.Waiting:
		s.waiting++
	case grid.Rejected:
		s.refused[string(o.Refusal.Reason)]++
	case grid.Repeated:
	}
	s.applied += o.Released
	s.waiting -= o.Released
	for _, r := range o.Refused {
		s.refused[string(r.Reason)]++
		if !r.Point.Counted {
			s.waiting--
		}
	}
	s.take(o)
	return o.Decision
}

// waits is how many readings nothing is decided about.
func (s *strip) waits() int {
	n := 0
	if s.state.Held != nil {
		n++
	}
	if s.state.Raw == nil {
		return n
	}
	for _, p := range s.state.Raw.Points {
		if p.Waiting && !p.Counted {
			n++
		}
	}
	return n
}

func (s *strip) take(o *grid.Outcome) {
	s.t.Helper()
	if o.Rebuilt {
		s.cells, s.known = map[int64]grid.Cell{}, false
	}
	if o.Was != (grid.Grid{}) {
		if !s.known {
			s.first, s.newest = 0, -1
		}
		brought := *o
		brought.Bring(s.state.Grid, s.state.Kind, s.first, s.newest, s.Said)
		o = &brought
		s.cells, s.known = map[int64]grid.Cell{}, false
	}
	last, before := int64(math.MinInt64), s.newest
	for _, c := range o.Cells {
		if c.N <= last {
			s.t.Fatalf("cell %d after cell %d", c.N, last)
		}
		last = c.N
		s.write(c)
	}
	if s.known && s.newest != before {
		s.state.Settle(s.newest - s.state.LateCells() - 1)
	}
}

func (s *strip) write(c grid.Cell) {
	if !s.known {
		s.first, s.newest, s.known = c.N, c.N, true
	}
	s.first, s.newest = min(s.first, c.N), max(s.newest, c.N)
	if c.Quality == meter.Missing {
		delete(s.cells, c.N)
		return
	}
	s.cells[c.N] = c
}

// energy is the sum of all cells.
func (s *strip) energy() float64 {
	var sum float64
	for _, c := range s.cells {
		sum += float64(c.Value)
	}
	return sum
}

// list is the cells in order.
func (s *strip) list() []grid.Cell {
	var all []grid.Cell
	for _, c := range s.cells {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b grid.Cell) int { return int(a.N - b.N) })
	return all
}

// count is the number of cells of a quality.
func (s *strip) count(q meter.Quality) int {
	n := 0
	for _, c := range s.cells {
		if c.Quality == q {
			n++
		}
	}
	return n
}

// midnight is the start of a day.
const midnight = 1767571200 // 2026-01-05T00:00:00Z

// every makes n points that come every step seconds.
func every(start int64, step, n int, value func(i int) float64) []grid.Point {
	points := make([]grid.Point, n)
	for i := range points {
		points[i] = grid.Point{Second: start + int64(i*step), Value: value(i), Quality: meter.OK}
	}
	return points
}

func (s *strip) putAll(points []grid.Point) {
	s.t.Helper()
	for _, p := range points {
		s.put(p)
	}
}

func wave(i int) float64 { return 1 + float64(i%24)/10 }

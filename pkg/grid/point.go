package grid

import (
	"cmp"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Point is one reading of a series, in the unit of the series.
type Point struct {
	Second  int64 // Unix second: start of the reading's interval, of a register the moment it was read
	Value   float64
	Quality meter.Quality
	Span    int32 // seconds of the reading's interval, where the sender says it; else 0
	Step    int32 // seconds that the point stands for, as the points around it tell; fine, or none
	Waiting bool  // the point is off the grid, and the series has not been found to have changed
	Counted bool  // the point counted for a cell once
}

// bad says that the sender calls the value bad, or sends none.
func (p Point) bad() bool { return !p.Quality.Accepted() }

// uncounted says that the point waits and never counted for a cell: nothing is decided about it.
func (p Point) uncounted() bool { return p.Waiting && !p.Counted }

// same says that two points of one moment say the same, as far as a cell keeps it: a cell has
// fewer digits than a register.
func (s *Pattern) same(p, q Point) bool {
	if p.bad() || q.bad() || s.Kind == meter.Register {
		return p.bad() == q.bad() && (p.bad() || p.Value == q.Value)
	}
	return float32(p.Value) == float32(q.Value)
}

// find returns the index of the first point at or after a second.
func find(points []Point, second int64) int {
	i, _ := slices.BinarySearchFunc(points, second, func(p Point, s int64) int { return cmp.Compare(p.Second, s) })
	return i
}

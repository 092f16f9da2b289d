package grid_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// irregular are readings of power at irregular moments of a time, from 7 to 50 minutes apart.
func irregular(from, until int64) []grid.Point {
	random := rand.New(rand.NewPCG(3, 4))
	var points []grid.Point
	for second := from; second < until; second += 7*60 + random.Int64N(43*60) {
		points = append(points, grid.Point{Second: second, Value: 2, Quality: meter.OK})
	}
	return points
}

func constant(int) float64 { return 2 }

// wantHours fails when hours of a series of the value 2 are not there, from one day to another.
func wantHours(t *testing.T, s *strip, name string, from, until int64) {
	t.Helper()
	g := s.state.Grid
	missing := 0
	for n := g.Cell(midnight + from*86400); n < g.Cell(midnight+until*86400); n++ {
		if c, ok := s.cells[n]; !ok || c.Value != 2 {
			missing++
		}
	}
	if missing > 0 || len(s.refused) > 0 {
		t.Errorf("%s: %d cells of %d s are missing, refused %v",
			name, missing, g.Interval, s.refused)
	}
}

// Power that was read at irregular moments, and comes regularly now, keeps its cells.
func TestIrregularPowerThatTurnsRegular(t *testing.T) {
	t.Parallel()
	for _, step := range []int{300, 900, 1800, 3600} {
		s := newStrip(t, meter.Power, 0)
		s.putAll(irregular(midnight, midnight+4*86400))
		s.putAll(every(midnight+4*86400, step, 3*86400/step, constant))
		if s.state.Interval != int32(step) || s.state.Step != int32(step) {
			t.Errorf("step %d: %+v", step, s.state.Pattern)
		}
		wantHours(t, s, clock(int64(step)), 0, 6)
	}
}

// Regular power that comes at irregular moments now, or at a step that does not divide the hour, is
// held from one reading to the next at once, and changes its step after a day.
func TestRegularPowerThatTurnsIrregular(t *testing.T) {
	t.Parallel()
	later := map[string][]grid.Point{
		"17 minutes": every(midnight+4*86400+1260, 17*60, 3*86400/(17*60), constant),
		"25 minutes": every(midnight+4*86400+1260, 25*60, 3*86400/(25*60), constant),
		"irregular":  irregular(midnight+4*86400+1260, midnight+7*86400),
	}
	for _, step := range []int{1800, 3600} {
		for name, points := range later {
			s := newStrip(t, meter.Power, 0)
			s.putAll(every(midnight, step, 4*86400/step, constant))
			s.putAll(points)
			if s.state.Step != 0 {
				t.Errorf("%d s, then %s: %+v", step, name, s.state.Pattern)
			}
			wantHours(t, s, name, 0, 6)
		}
	}
}

// Which readings of power are held does not depend on their order, also when a late one breaks a
// run behind them.
func TestHeldReadingsInAnyOrder(t *testing.T) {
	t.Parallel()
	var lists [][]grid.Cell
	for _, minutes := range [][]int64{
		{10, 17, 35, 52, 67, 82, 90, 97, 180, 240, 300},
		{52, 67, 82, 97, 10, 17, 35, 90, 180, 240, 300},
	} {
		s := newStrip(t, meter.Power, 0)
		s.putAll(every(midnight, 3600, 4*24, constant))
		for i, minute := range minutes {
			s.put(grid.Point{Second: midnight + 4*86400 + minute*60, Value: 3, Quality: meter.OK})
			if i == 6 && minute == 35 && s.waiting != 3 {
				t.Errorf("%d readings wait before the last late one, want 3", s.waiting)
			}
		}
		if s.waiting != 0 || len(s.refused) > 0 {
			t.Errorf("%v: %d wait, refused %v", minutes, s.waiting, s.refused)
		}
		lists = append(lists, s.list())
	}
	if !slices.Equal(lists[0], lists[1]) {
		t.Errorf("in order %+v\nlate %+v", lists[0][94:], lists[1][94:])
	}
}

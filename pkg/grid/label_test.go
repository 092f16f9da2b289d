package grid_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// stampedAtEnd are points that bear the end of the step that they stand for.
func stampedAtEnd(points []grid.Point, step int) []grid.Point {
	late := slices.Clone(points)
	for i := range late {
		late[i].Second += int64(step)
	}
	return late
}

// Readings that bear the end of their interval give the cells of those that bear the start, from the
// first cell on, whatever the step is that a series learns.
func TestReadingsThatBearTheEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		snd := drawSender(rt)
		snd.late = 0
		if snd.kind == meter.Register {
			snd.kind = meter.Energy
		}
		points := snd.points(rt, 3)
		if rapid.Bool().Draw(rt, "says its interval") && snd.step >= 300 {
			for i := range points {
				points[i].Span = int32(snd.step)
			}
		}
		starts, ends := newStrip(t, snd.kind, snd.set), newStrip(t, snd.kind, snd.set)
		ends.state.AtEnd = true
		starts.putAll(points)
		ends.putAll(stampedAtEnd(points, snd.step))
		a, b := starts.list(), ends.list()
		if n := min(len(a), len(b)); max(len(a), len(b))-n <= 1 { // the last cell may wait for a reading
			a, b = a[:n], b[:n]
		}
		if starts.state.Grid != ends.state.Grid || !slices.Equal(a, b) {
			rt.Fatalf("%+v: grids %+v and %+v, %d and %d cells\n%v\n%v", snd, starts.state.Grid,
				ends.state.Grid, len(a), len(b), a, b)
		}
	})
}

// The label changes in the first day of a series for all of its readings, later for those that come.
func TestLabelIsSetLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before int // readings before the label is set
		whole  bool
	}{"in the first day": {10, true}, "after a week": {7 * 96, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			points := every(midnight, 900, c.before+96, wave)
			late := stampedAtEnd(points, 900)
			starts, ends := newStrip(t, meter.Energy, 0), newStrip(t, meter.Energy, 0)
			starts.putAll(points)
			ends.putAll(late[:c.before])
			ends.state.Label(true, ends, &ends.out)
			ends.take(&ends.out)
			if ends.out.Rebuilt != c.whole {
				t.Errorf("rebuilt %v, want %v", ends.out.Rebuilt, c.whole)
			}
			ends.putAll(late[c.before:])
			want, got := starts.list(), ends.list()
			if !c.whole { // up to then they stood a step later
				want, got = want[c.before:], got[c.before-1:]
			}
			if !slices.Equal(want, got) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
			ends.state.Label(false, ends, &ends.out)
			ends.putAll(every(late[len(late)-1].Second, 900, 8, wave)[1:])
			if last := ends.list(); ends.state.Start(last[len(last)-1].N) != late[len(late)-1].Second+7*900 {
				t.Errorf("the last cell is %v", last[len(last)-1])
			}
		})
	}
}

// A register is read at a moment, whatever label is set.
func TestRegistersHaveNoLabel(t *testing.T) {
	t.Parallel()
	starts, ends := newStrip(t, meter.Register, 0), newStrip(t, meter.Register, 0)
	for i, p := range every(midnight, 1800, 100, func(i int) float64 { return 5000 + float64(i) }) {
		if starts.put(p); i == 20 {
			ends.state.Label(true, ends, &ends.out)
		}
		ends.put(p)
	}
	if !slices.Equal(starts.list(), ends.list()) {
		t.Errorf("got %v, want %v", ends.list(), starts.list())
	}
}

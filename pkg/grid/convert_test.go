package grid_test

import (
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	ok, est, miss, bad := meter.OK, meter.Estimated, meter.Missing, meter.Bad
	type cells []grid.Cell
	for _, c := range []struct {
		name     string
		from, to grid.Grid
		kind     meter.Kind
		in, want cells
	}{
		{"hours part into halves", grid.Grid{Interval: 3600}, grid.Grid{Interval: 1800}, meter.Energy, cells{{10, 4, ok}}, cells{{20, 2, est}, {21, 2, est}}},
		{"power stays in halves", grid.Grid{Interval: 3600}, grid.Grid{Interval: 1800}, meter.Power, cells{{10, 4, ok}}, cells{{20, 4, est}, {21, 4, est}}},
		{"quarters add up", grid.Grid{Interval: 900}, grid.Grid{Interval: 3600}, meter.Energy, cells{{40, 1, ok}, {41, 2, ok}, {42, 3, ok}, {43, 4, ok}, {44, 5, ok}}, cells{{10, 10, ok}}},
		{"quarters of power average", grid.Grid{Interval: 900}, grid.Grid{Interval: 3600}, meter.Power, cells{{40, 1, ok}, {41, 2, ok}, {42, 3, est}, {43, 4, ok}}, cells{{10, 2.5, est}}},
		{"half of the energy missing", grid.Grid{Interval: 1800}, grid.Grid{Interval: 3600}, meter.Energy, cells{{20, 1, ok}, {21, 2, miss}}, cells{{10, 2, est}}},
		{"half of the energy bad", grid.Grid{Interval: 1800}, grid.Grid{Interval: 3600}, meter.Energy, cells{{20, 900, bad}, {21, 2, ok}}, cells{{10, 4, est}}},
		{"half of the power missing", grid.Grid{Interval: 1800}, grid.Grid{Interval: 3600}, meter.Power, cells{{20, 3, ok}, {21, 9, miss}}, cells{{10, 3, est}}},
		{"more than half missing", grid.Grid{Interval: 1200}, grid.Grid{Interval: 3600}, meter.Energy, cells{{30, 1, ok}, {31, 2, miss}, {32, 2, miss}}, cells{{10, 0, miss}}},
		{"more than half bad", grid.Grid{Interval: 1200}, grid.Grid{Interval: 3600}, meter.Energy, cells{{30, 1, ok}, {31, 2, miss}, {32, 2, bad}}, cells{{10, 0, bad}}},
		{"a missing hour parts", grid.Grid{Interval: 3600}, grid.Grid{Interval: 1800}, meter.Energy, cells{{10, 4, miss}}, cells{{20, 0, miss}, {21, 0, miss}}},
		{"another phase", grid.Grid{Interval: 3600}, grid.Grid{Interval: 3600, Phase: 1800}, meter.Energy, cells{{10, 2, ok}, {11, 4, ok}}, cells{{10, 3, est}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got cells
			at := func(n int64) (float32, meter.Quality) {
				cell := c.in[n-c.in[0].N]
				return cell.Value, cell.Quality
			}
			grid.Convert(c.from, c.to, c.kind, c.in[0].N, c.in[len(c.in)-1].N, at, func(cell grid.Cell) { got = append(got, cell) })
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

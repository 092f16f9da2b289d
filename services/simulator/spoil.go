package simulator

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// Spoiled says what SpoilCSV did.
type Spoiled struct {
	Rows     int // written
	Readings int // of the source
	Series   int //
	// rows of the source that repeat a time of their series or lie off its grid, left out
	Left   int
	Faults map[Fault]int // rows by fault
}

// SpoilCSV writes readings that were loaded into a file in which some of them went wrong, seeded,
// in the order in which they arrive, with the columns truth and fault as WriteCSV has them. The
// table is sorted by time on the way. It refuses faults that registers alone can have: a table's
// values are energies or powers.
func SpoilCSV(
	ctx context.Context, path string, table *tabular.Table, faults Faults, seed uint64,
) (Spoiled, error) {
	done := Spoiled{Readings: table.Len(), Faults: map[Fault]int{}}
	if name, ok := faults.registers(); ok {
		return done, fmt.Errorf(
			"faults: %s is a fault of registers, and the files hold none; simulate registers with "+
				"--registers, or leave it out",
			name,
		)
	}
	table.SortByTime()
	sources := sourcesOf(table)
	done.Series = len(sources)
	lines := make([]*injector, len(sources))
	for i, s := range sources {
		lines[i] = newInjector(
			faults, faultKey(seed, table.Series[i].String()), s.step, s.cell(s.first),
			s.cell(s.last)-s.cell(s.first)+1, 0,
		)
	}
	err := tabular.WriteFile(path, func(w *tabular.Writer) error {
		send := func(i int, cell int64) error {
			all := lines[i].due(cell)
			for k := range all {
				a := &all[k]
				a.second += sources[i].phase
				if a.fault != "" {
					done.Faults[a.fault]++
				}
			}
			n, err := writeArrivals(w, table.Series[i], all)
			done.Rows += n
			return err
		}
		for start := 0; start < table.Len(); {
			if err := ctx.Err(); err != nil {
				return err
			}
			now, end := table.Row(start).Unix, start
			for ; end < table.Len() && table.Row(end).Unix == now; end++ {
				row := table.Row(end)
				s := &sources[row.Series]
				cell := s.cell(now)
				if cell <= lines[row.Series].last || s.phase+cell*s.step != now {
					done.Left++
					continue
				}
				lines[row.Series].take(cell, row.Value)
			}
			for i := range lines {
				if err := send(i, sources[i].cell(now)); err != nil {
					return err
				}
			}
			start = end
		}
		// what is under way still comes
		for now := table.Row(table.Len() - 1).Unix; slices.ContainsFunc(lines, (*injector).busy); {
			step := int64(math.MaxInt64)
			for i := range lines {
				if lines[i].busy() {
					step = min(step, sources[i].step)
				}
			}
			now += step
			for i := range lines {
				if err := send(i, sources[i].cell(now)); err != nil {
					return err
				}
			}
		}
		return nil
	}, ColumnTruth, ColumnFault)
	return done, err
}

// source is the grid of one series.
type source struct {
	step, phase int64 // seconds: between readings, and of the first one on the grid
	first, last int64 // reading
}

// cell is the interval that a time lies in.
func (s *source) cell(second int64) int64 { return meter.FloorDiv(second-s.phase, s.step) }

// sourcesOf finds the grids of a table that is sorted by time.
func sourcesOf(table *tabular.Table) []source {
	all := make([]source, len(table.Series))
	steps := make([][]int64, len(all))
	for row := range table.All() {
		s := &all[row.Series]
		if s.last == 0 && s.first == 0 {
			s.first = row.Unix
		} else if row.Unix > s.last {
			steps[row.Series] = append(steps[row.Series], row.Unix-s.last)
		}
		s.last = row.Unix
	}
	for i := range all {
		s := &all[i]
		s.step = int64(time.Hour / time.Second)
		if len(steps[i]) > 0 {
			s.step = mostFrequent(steps[i])
		}
		s.phase = s.first - meter.FloorDiv(s.first, s.step)*s.step
	}
	return all
}

// mostFrequent is the value that stands most often in a list; of several the smallest. The list is
// sorted on the way.
func mostFrequent(values []int64) int64 {
	slices.Sort(values)
	best, most := values[0], 0
	for start := 0; start < len(values); {
		end := start
		for end < len(values) && values[end] == values[start] {
			end++
		}
		if end-start > most {
			best, most = values[start], end-start
		}
		start = end
	}
	return best
}

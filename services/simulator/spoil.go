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
	Rows     int           // written
	Readings int           // of the source
	Series   int           // of the source
	Left     int           // rows left out: they repeat a time of their series, or lie off its grid
	Faults   map[Fault]int // rows by fault
}

// SpoilCSV writes a table into a file in which some readings go wrong, as a function of the seed.
// The rows are in the order in which the readings arrive. The columns truth and fault are those of
// WriteCSV. SpoilCSV sorts the table by time. It refuses faults that only registers have, unless the
// table holds registers.
func SpoilCSV(
	ctx context.Context, path string, table *tabular.Table, faults Faults, seed uint64,
) (Spoiled, error) {
	s := spoiler{
		table: table, done: Spoiled{Readings: table.Len(), Faults: map[Fault]int{}},
	}
	if name, ok := faults.registers(); ok && table.Kind != meter.Register {
		return s.done, fmt.Errorf(
			"faults: %s is a fault of registers, and the files are not said to hold any; give "+
				"--kind register if they do, or leave it out",
			name,
		)
	}
	table.SortByTime()
	s.sources = sourcesOf(table)
	s.done.Series = len(s.sources)
	s.lines = make([]*injector, len(s.sources))
	for i := range s.sources {
		from := &s.sources[i]
		s.lines[i] = newInjector(
			faults, faultKey(seed, table.Series[i].String()), from.step, from.cell(from.first),
			from.cell(from.last)-from.cell(from.first)+1, s.rolls(from),
		)
	}
	err := tabular.WriteFile(path, func(w *tabular.Writer) error { return s.write(ctx, w) },
		ColumnTruth, ColumnFault)
	return s.done, err
}

// spoiler writes the rows of a table whose readings go wrong.
type spoiler struct {
	table   *tabular.Table
	sources []source    // by series
	lines   []*injector // by series
	rows    rows        // of one time
	done    Spoiled
}

// rolls returns the power of ten at which a faulty register rolls over to 0: at its mean pace that
// takes forty days at least. It is 0 for a table of other values.
func (s *spoiler) rolls(from *source) float64 {
	if s.table.Kind != meter.Register {
		return 0
	}
	days := float64(from.last-from.first)/meter.DaySeconds + 1
	return powerOfTen((from.highest - from.lowest) / days)
}

// write writes what arrives at each time of the table, and then the readings that are still on
// their way.
func (s *spoiler) write(ctx context.Context, w *tabular.Writer) error {
	now := int64(0)
	for start := 0; start < s.table.Len(); {
		if err := ctx.Err(); err != nil {
			return err
		}
		now = s.table.Row(start).Unix
		start = s.accept(start, now)
		if err := s.send(w, now); err != nil {
			return err
		}
	}
	for slices.ContainsFunc(s.lines, (*injector).busy) {
		now += s.shortestStep()
		if err := s.send(w, now); err != nil {
			return err
		}
	}
	return nil
}

// accept gives the rows of one time, from start on, to their injectors. It returns the first row of
// a later time.
func (s *spoiler) accept(start int, now int64) (end int) {
	for end = start; end < s.table.Len() && s.table.Row(end).Unix == now; end++ {
		row := s.table.Row(end)
		from, line := &s.sources[row.Series], s.lines[row.Series]
		cell := from.cell(now)
		if cell <= line.last || from.phase+cell*from.step != now {
			s.done.Left++
			continue
		}
		line.accept(cell, row.Value)
	}
	return end
}

// send writes the rows of all series that have arrived by a time.
func (s *spoiler) send(w *tabular.Writer, now int64) error {
	for i := range s.lines {
		all := s.lines[i].due(s.sources[i].cell(now))
		for k := range all {
			a := &all[k]
			a.second += s.sources[i].phase
			if a.fault != "" {
				s.done.Faults[a.fault]++
			}
		}
		s.rows.add(s.table.Series[i], all, now)
	}
	n, err := s.rows.write(w)
	s.done.Rows += n
	return err
}

// shortestStep returns the shortest step of the series that have readings on their way.
func (s *spoiler) shortestStep() int64 {
	step := int64(math.MaxInt64)
	for i := range s.lines {
		if s.lines[i].busy() {
			step = min(step, s.sources[i].step)
		}
	}
	return step
}

// source is the grid of one series, in seconds.
type source struct {
	step, phase     int64   // between two readings; from a multiple of step to a reading
	first, last     int64   // times of the first and of the last reading
	lowest, highest float64 // values
}

// cell returns the interval that a time lies in.
func (s *source) cell(second int64) int64 { return meter.FloorDiv(second-s.phase, s.step) }

// sourcesOf finds the grids of a table that is sorted by time.
func sourcesOf(table *tabular.Table) []source {
	all := make([]source, len(table.Series))
	steps := make([][]int64, len(all))
	for row := range table.All() {
		s := &all[row.Series]
		if s.last == 0 && s.first == 0 {
			s.first, s.lowest, s.highest = row.Unix, row.Value, row.Value
		} else if row.Unix > s.last {
			steps[row.Series] = append(steps[row.Series], row.Unix-s.last)
		}
		s.last = row.Unix
		s.lowest, s.highest = min(s.lowest, row.Value), max(s.highest, row.Value)
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

// mostFrequent returns the most frequent value of a list; of several the smallest. It sorts the
// list.
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

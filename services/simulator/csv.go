package simulator

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// Columns that a file with faults has in addition to those of the long form.
const (
	ColumnTruth = "truth" // the true value for the timestamp; empty where there is no such interval
	ColumnFault = "fault" // the fault of the reading; empty for none
)

// WriteCSV writes the days before until (cut to the hour) of every meter into a file of the long
// form, and returns the number of rows. The file is compressed by gzip when its name ends in .gz.
// Rows are in the order in which their intervals begin. With faults the rows are in the order in
// which the readings arrive, with the columns truth and fault, and a reading that never comes has a
// row without a value. An interrupted call leaves no file.
func WriteCSV(
	ctx context.Context, path string, cfg Config, until time.Time, days int,
) (rows int, err error) {
	if err := cfg.Check(""); err != nil {
		return 0, err
	}
	if days < 1 || days > 3660 {
		return 0, fmt.Errorf("simulate days: %d is out of range; give 1 to 3660", days)
	}
	if cfg.Registers != 0 && cfg.Registers != cfg.Meters {
		return 0, fmt.Errorf("registers: %d of %d meters are registers, and a file "+
			"cannot say which; give 0 or %d", cfg.Registers, cfg.Meters, cfg.Meters)
	}
	fleet, faults, err := cfg.fleet(cfg.Seed)
	if err != nil {
		return 0, err
	}
	last := floorTo(until.Unix(), meter.HourSeconds)
	over := span{first: last - int64(days)*meter.DaySeconds, last: last, tick: cfg.tick()}
	if faults.Any() {
		return writeFaulty(ctx, path, fleet, faults, cfg.Seed, over)
	}
	err = tabular.WriteFile(path, func(w *tabular.Writer) error {
		for now := over.first; now < over.last; now += over.tick {
			if err := ctx.Err(); err != nil {
				return err
			}
			for i := range fleet {
				m := &fleet[i]
				if !m.begins(now) {
					continue
				}
				stamp, value := m.reading(now / m.step())
				if err := w.Write(m.ID, timeOf(stamp*m.step()), value); err != nil {
					return err
				}
				rows++
			}
		}
		return nil
	})
	return rows, err
}

// begins reports whether an interval of the meter begins at a second.
func (m *Meter) begins(second int64) bool { return second%m.step() == 0 }

// span is the time of a file, from first up to last, in steps of tick; all in seconds.
type span struct{ first, last, tick int64 }

// writeFaulty writes the readings of a fleet with faults.
func writeFaulty(
	ctx context.Context, path string, fleet []Meter, faults Faults, seed uint64, over span,
) (rows int, err error) {
	lines := make([]*injector, len(fleet))
	for i := range fleet {
		m := &fleet[i]
		from, end := m.cells(over.first, over.last)
		lines[i] = m.injector(faults, seed, m.stamp(from), end-from)
	}
	err = tabular.WriteFile(path, func(w *tabular.Writer) error {
		underWay := func() bool { return slices.ContainsFunc(lines, (*injector).busy) }
		for now := over.first; now < over.last || underWay(); now += over.tick {
			if err := ctx.Err(); err != nil {
				return err
			}
			for i, in := range lines {
				m := &fleet[i]
				if !m.begins(now) {
					continue
				}
				cell := now / m.step()
				if now < over.last { // later only readings under way arrive
					in.accept(m.reading(cell))
				}
				n, err := writeArrivals(w, m.ID, in.due(m.stamp(cell)))
				if err != nil {
					return err
				}
				rows += n
			}
		}
		return nil
	}, ColumnTruth, ColumnFault)
	return rows, err
}

// writeArrivals writes the arrivals of one series, and returns the number of rows.
func writeArrivals(w *tabular.Writer, name meter.ID, all []arrival) (int, error) {
	for i := range all {
		a := &all[i]
		value, truth := a.text, ""
		if value == "" && !a.never {
			value = number(a.value)
		}
		if !math.IsNaN(a.truth) {
			truth = number(a.truth)
		}
		if err := w.WriteText(name, time.Unix(a.second, 0).UTC(), value, truth,
			string(a.fault)); err != nil {
			return i, err
		}
	}
	return len(all), nil
}

// number returns a value as text in its shortest form.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

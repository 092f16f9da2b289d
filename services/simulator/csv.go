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

// Columns that a file with faults has beside those of the long form.
const (
	// what the meter should have said for the timestamp; empty where there is no such interval
	ColumnTruth = "truth"
	ColumnFault = "fault" // which fault it was; empty for none
)

// WriteCSV writes the days before until (cut to the hour) of every meter into a file of the long
// form, gzip'd when its name ends in .gz, and returns the number of rows. With faults the rows
// stand in the order in which they arrive, with the columns truth and fault; a reading that never
// comes has a row without a value. Nothing is left of a file that was interrupted.
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
	first, last := hourOf(until)-int64(days)*24, hourOf(until)
	if faults.Any() {
		return writeFaulty(ctx, path, fleet, faults, cfg.Seed, first, last)
	}
	err = tabular.WriteFile(path, func(w *tabular.Writer) error {
		for hour := first; hour < last; hour++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			for i := range fleet {
				m := &fleet[i]
				stamp, value := m.reading(hour)
				if err := w.Write(m.ID, timeOf(stamp), value); err != nil {
					return err
				}
				rows++
			}
		}
		return nil
	})
	return rows, err
}

// writeFaulty writes a fleet of which readings go wrong.
func writeFaulty(
	ctx context.Context, path string, fleet []Meter, faults Faults, seed uint64, first, last int64,
) (rows int, err error) {
	lines := make([]*injector, len(fleet))
	for i := range fleet {
		lines[i] = fleet[i].injector(faults, seed, fleet[i].stamp(first), last-first)
	}
	err = tabular.WriteFile(path, func(w *tabular.Writer) error {
		for hour := first; hour < last || slices.ContainsFunc(lines, (*injector).busy); hour++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			for i, in := range lines {
				cell := fleet[i].stamp(hour)
				if hour < last {
					_, value := fleet[i].reading(hour)
					in.take(cell, value)
				} // else what is under way still comes
				n, err := writeArrivals(w, fleet[i].ID, in.due(cell))
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

// writeArrivals writes what has come of one series.
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

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

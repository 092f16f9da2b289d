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
) (written int, err error) {
	lines := make([]*injector, len(fleet))
	for i := range fleet {
		m := &fleet[i]
		from, end := m.cells(over.first, over.last)
		lines[i] = m.injector(faults, seed, m.stamp(from), end-from)
	}
	var ready rows
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
				ready.add(m.ID, in.due(m.stamp(cell)), m.stamp(cell)*m.step())
			}
			n, err := ready.write(w)
			if written += n; err != nil {
				return err
			}
		}
		return nil
	}, ColumnTruth, ColumnFault)
	return written, err
}

// rows are the arrivals of one time, which wait to be written.
type rows struct {
	soon, ahead []row
}

// row is an arrival of a series.
type row struct {
	name meter.ID
	arrival
}

// add takes the arrivals of one series. Those whose timestamp lies behind now stand last among the
// rows of all series: who takes the newest timestamp for the clock then meets them last.
func (r *rows) add(name meter.ID, all []arrival, now int64) {
	for _, a := range all {
		if a.second > now {
			r.ahead = append(r.ahead, row{name, a})
			continue
		}
		r.soon = append(r.soon, row{name, a})
	}
}

// write writes the arrivals, forgets them, and returns their number.
func (r *rows) write(w *tabular.Writer) (n int, err error) {
	for _, part := range [][]row{r.soon, r.ahead} {
		for i := range part {
			if err := part[i].write(w); err != nil {
				return n, err
			}
			n++
		}
	}
	r.soon, r.ahead = r.soon[:0], r.ahead[:0]
	return n, nil
}

func (r *row) write(w *tabular.Writer) error {
	value, truth := r.text, ""
	if value == "" && !r.never {
		value = number(r.value)
	}
	if !math.IsNaN(r.truth) {
		truth = number(r.truth)
	}
	at := time.Unix(r.second, 0).UTC()
	return w.WriteText(r.name, at, value, truth, string(r.fault))
}

// number returns a value as text in its shortest form.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

package simulator

import (
	"context"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/tabular"
)

// WriteCSV writes the days before until (cut to the hour) of every meter into a file of the long form, gzip'd when its
// name ends in .gz, and returns the number of rows. Nothing is left of a file that was interrupted.
func WriteCSV(ctx context.Context, path string, cfg Config, until time.Time, days int) (rows int, err error) {
	if err := cfg.Validate(); err != nil {
		return 0, err
	}
	if days < 1 || days > 3660 {
		return 0, fmt.Errorf("simulate days: %d is out of range; give 1 to 3660", days)
	}
	fleet := Fleet(cfg.Seed, cfg.Meters)
	last := hourOf(until)
	err = tabular.WriteFile(path, func(w *tabular.Writer) error {
		for hour := last - int64(days)*24; hour < last; hour++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			for i := range fleet {
				m := &fleet[i]
				if err := w.Write(tabular.SeriesName{Site: m.Site, Meter: m.Name}, timeOf(hour), m.KWh(hour)); err != nil {
					return err
				}
				rows++
			}
		}
		return nil
	})
	return rows, err
}

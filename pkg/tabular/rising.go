package tabular

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

// A series looks like a register when it has at least risingRows rows, rises in at least half of its
// steps, and falls in at most one step of risingFalls, as at a roll-over. It looks like one as well
// when it stands still for long and never falls.
const (
	risingRows  = 96
	risingFalls = 200
	risingSteps = 24 // of a series that never falls
)

// climb counts the steps of a series in the order of the file.
type climb struct {
	last               float64
	rows, rises, falls int
}

func (c *climb) add(value float64) {
	switch {
	case c.rows == 0:
	case value > c.last:
		c.rises++
	case value < c.last:
		c.falls++
	}
	c.last = value
	c.rows++
}

func (c *climb) register() bool {
	climbs := 2*c.rises >= c.rows && c.falls*risingFalls <= c.rows
	return c.rows >= risingRows && (climbs || c.falls == 0 && c.rises >= risingSteps)
}

// warnRising names the series of a file whose values rise as those of a register do, when nobody has
// said what the values are. Taken as energy or power, one register spoils scores and models of all.
func (l *loader) warnRising(rows []Row) {
	if l.opts.Kind != meter.KindUnknown {
		return
	}
	climbs := make([]climb, len(l.table.Series))
	for _, r := range rows {
		climbs[r.Series].add(r.Value)
	}
	var found []string
	for i := range climbs {
		if climbs[i].register() {
			found = append(found, l.table.Series[i].String())
		}
	}
	if len(found) == 0 {
		return
	}
	l.report.Warnings = append(l.report.Warnings, fmt.Sprintf(
		"%s: values that rise all the time, as those of a register do: %s; say --kind register if "+
			"they are readings of registers", l.file, listed(found)))
}

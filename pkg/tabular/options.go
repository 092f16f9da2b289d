package tabular

import "github.com/loadtide/loadtide/pkg/meter"

// Labels of an interval: its start or its end is the timestamp.
const (
	LabelStart = "start"
	LabelEnd   = "end"
)

// Options of Load. The zero Options read long files with the columns series, timestamp and value,
// and wide files that start with timestamp, with times in UTC.
type Options struct {
	// SeriesColumn names the series. Other bytes than letters, digits, _ and - in it become _.
	SeriesColumn string
	// Series is the name of the series where no column names it. Of a file that names several
	// series, only this one is kept.
	Series string
	// TimeColumn has the times. In a file without columns for series and value, all other columns
	// are series.
	TimeColumn  string
	ValueColumn string // column of values

	Timezone      string // IANA name: times without an offset are local there; empty is UTC
	IntervalLabel string // LabelStart or LabelEnd; empty is LabelStart

	Unit string     // of all values; passes through to the Table
	Kind meter.Kind // of all values, KindUnknown is by the unit; passes through to the Table

	MaxRows int // rows kept at most; 0 is 20 million
	// Rejected is called for each rejected row, where it is not nil. Rows come in their order, but
	// those with local times that clocks skip come at the end of their file.
	Rejected func(RowError)
}

// check refuses options with which no file can be read.
func (o *Options) check() error {
	switch o.IntervalLabel {
	case "", LabelStart, LabelEnd:
	default:
		return &OptionError{
			"interval-label", o.IntervalLabel, "is no label of an interval", "give start or end",
		}
	}
	if o.Kind > meter.Register {
		return &OptionError{
			"kind", o.Kind.String(), "is no kind of reading", "give energy, power or register",
		}
	}
	if o.Kind == meter.Register && o.IntervalLabel == LabelEnd {
		return &OptionError{
			"interval-label", LabelEnd, "does not go with registers",
			"leave it out: a register's time is the moment it was read",
		}
	}
	if o.Series != "" {
		if _, ok := mappedName(o.Series); !ok {
			return &OptionError{"series", shown(o.Series), "is no name of a series", remedySeries}
		}
	}
	return nil
}

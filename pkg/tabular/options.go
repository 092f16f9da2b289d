package tabular

import "github.com/loadtide/loadtide/pkg/meter"

// Labels of an interval: the moment its timestamp names.
const (
	LabelStart = "start"
	LabelEnd   = "end"
)

// Options of Load; the zero value is good for long files with series, timestamp and value and for wide ones that start
// with timestamp, with times in UTC.
type Options struct {
	SeriesColumn string // column that names the series; other bytes than letters, digits, _ and - in it become _
	Series       string // name of the series where no column says it; of files that name several, only this one is kept
	TimeColumn   string // column of times; in a file without columns for series and value, all others are series
	ValueColumn  string // column of values

	Timezone      string // IANA name: times without an offset are local there; empty is UTC
	IntervalLabel string // LabelStart or LabelEnd; empty is LabelStart

	Unit string     // of all values; passes through to the Table
	Kind meter.Kind // of all values, KindUnknown is by the unit; passes through to the Table

	MaxRows  int            // rows kept at most; 0 is 20 million
	Rejected func(RowError) // called for each rejected row, in order but for local times that clocks skip: these come at the end of a file; may be nil
}

// check refuses options that no file can be read with.
func (o *Options) check() error {
	switch o.IntervalLabel {
	case "", LabelStart, LabelEnd:
	default:
		return &OptionError{"interval-label", o.IntervalLabel, "is no label of an interval", "give start or end"}
	}
	if o.Kind > meter.Register {
		return &OptionError{"kind", o.Kind.String(), "is no kind of reading", "give energy, power or register"}
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

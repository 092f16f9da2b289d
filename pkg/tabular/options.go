package tabular

import (
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

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
	// Two columns, of dates and of times of day, are named with a comma between them.
	TimeColumn  string
	ValueColumn string // column of values

	// Everything takes every column of numbers for a series in a file whose columns are found, not only
	// those whose names speak of energy: covariates are of all kinds.
	Everything bool

	Delimiter  string   // between columns: a character, or comma, semicolon, tab, bar; empty is found
	Decimal    string   // mark of decimals: a comma or a point, also as words; empty is found
	DateFormat string   // order of numeric dates, such as dd/mm/yyyy or %m/%d/%Y; empty is found
	SkipLines  int      // lines before the header; 0 is found
	Where      []string // conditions COLUMN=VALUE: rows that do not fulfil all of them are passed over

	Timezone      string // IANA name: times without an offset are local there; empty is UTC
	IntervalLabel string // LabelStart or LabelEnd; empty is what the file says, else LabelStart

	Unit string     // of all values; passes through to the Table; empty is what the files say
	Kind meter.Kind // of all values, KindUnknown is by the unit; passes through to the Table

	// Now is the clock of the caller. Rows ahead of it are pointed out, and zeros ahead of it that
	// follow the last reading are left out. The zero Now looks at no row.
	Now time.Time

	MaxRows int // rows kept at most; 0 is 20 million
	// Rejected is called for each rejected row, where it is not nil. Rows come in their order, but
	// those with local times that clocks skip come at the end of their file.
	Rejected func(RowError)
}

// check refuses options with which no file can be read.
func (o *Options) check() (f flags, err error) {
	if f, err = o.flags(); err != nil {
		return f, err
	}
	switch o.IntervalLabel {
	case "", LabelStart, LabelEnd:
	default:
		return f, &OptionError{
			"interval-label", o.IntervalLabel, "is no label of an interval", "give start or end",
		}
	}
	if o.Kind > meter.Register {
		return f, &OptionError{
			"kind", o.Kind.String(), "is no kind of reading", "give energy, power or register",
		}
	}
	if o.Kind == meter.Register && o.IntervalLabel == LabelEnd {
		return f, &OptionError{
			"interval-label", LabelEnd, "does not go with registers",
			"leave it out: a register's time is the moment it was read",
		}
	}
	if o.Series != "" {
		if _, ok := mappedName(o.Series); !ok {
			return f, &OptionError{"series", shown(o.Series), "is no name of a series", remedySeries}
		}
	}
	return f, nil
}

// flags are the options that are written as texts.
type flags struct {
	delimiter, decimal byte // 0 is found out
	order              calendar
}

// flags reads the options that are written as texts.
func (o *Options) flags() (f flags, err error) {
	switch word := strings.ToLower(o.Delimiter); {
	case word == "":
	case word == "comma", word == "semicolon", word == "tab", word == "bar", word == `\t`:
		f.delimiter = map[string]byte{
			"comma": ',', "semicolon": ';', "tab": '\t', "bar": '|', `\t`: '\t',
		}[word]
	case len(word) == 1 && strings.ContainsAny(word, ",;\t|"):
		f.delimiter = word[0]
	default:
		return f, &OptionError{
			"delimiter", shown(o.Delimiter), "is no mark between columns",
			"give one of , ; | or comma, semicolon, tab, bar",
		}
	}
	switch strings.ToLower(o.Decimal) {
	case "":
	case ".", "point":
		f.decimal = '.'
	case ",", "comma":
		f.decimal = ','
	default:
		return f, &OptionError{
			"decimal", shown(o.Decimal), "is no mark of decimals", "give a comma or a point",
		}
	}
	if o.SkipLines < 0 {
		return f, &OptionError{
			"skip-lines", strconv.Itoa(o.SkipLines), "is below 0",
			"give the number of lines before the header",
		}
	}
	if f.order, err = o.order(); err != nil {
		return f, err
	}
	return f, nil
}

// order reads the order of day, month and year from the form of a date: the first letters of each
// count.
func (o *Options) order() (calendar, error) {
	if o.DateFormat == "" {
		return calendarNone, nil
	}
	form := strings.ToLower(o.DateFormat)
	day, month := strings.IndexByte(form, 'd'), strings.IndexByte(form, 'm')
	year := strings.IndexByte(form, 'y')
	switch {
	case day < 0 || month < 0 || year < 0:
	case year < month && month < day:
		return yearFirst, nil
	case day < month && month < year:
		return dayFirst, nil
	case month < day && day < year:
		return monthFirst, nil
	}
	return calendarNone, &OptionError{
		"date-format", shown(o.DateFormat), "says no order of day, month and year",
		"give dd/mm/yyyy, mm/dd/yyyy or yyyy-mm-dd",
	}
}

package tabular

import (
	"math"
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The remedies, for persons.
const (
	remedyTime = "write 2026-01-31T13:00:00Z, or 2026-01-31 13:00 for a time of the zone given; " +
		"whole seconds, years 1970 to 2200"
	remedyOrder = "write year, month and day as 2026-01-31: " +
		"day and month of other forms cannot be told apart"
	remedyEpoch   = "write seconds since 1970 as 2026-01-31T13:00:00Z"
	remedyNumber  = "write decimals with a point, or name the right column with --value-column"
	remedyEmpty   = "leave out rows without a value, or name the right column with --value-column"
	remedyCell    = "write decimals with a point and no thousands mark, or leave the cell empty"
	remedyRange   = "values must be below 1e12 in magnitude; use a larger unit"
	remedySeries  = "name series <site>.<meter> or <meter>, each of 1 to 64 letters, digits, _ or -"
	remedyUnnamed = "name the column in the header, or leave its cells empty"
	remedyFields  = "give each row as many fields as the header has; quote fields with commas in them"
	remedyQuotes  = `close each quote on its line; write "" for a quote inside one`
	remedyLine    = "lines may have 1 MiB"
	remedyMany    = "a table may have a million series"
	remedyHeader  = "start it with the header series,timestamp,value, " +
		"or with timestamp and a column per series"
)

// problem says what is wrong with a field. The zero problem is none.
type problem struct {
	reason meter.Reason
	remedy string
}

// parseValue reads a plain decimal number, with or without an exponent.
func parseValue(text []byte) (float64, problem) {
	if len(text) == 0 {
		return 0, problem{meter.ReasonNotANumber, remedyEmpty}
	}
	for _, c := range text {
		switch c {
		case 'x', 'X', '_', 'p', 'P':
			return 0, problem{meter.ReasonNotANumber, remedyNumber} // forms of Go's own
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	switch {
	case err != nil && !math.IsInf(v, 0), math.IsNaN(v):
		return 0, problem{meter.ReasonNotANumber, remedyNumber}
	case math.IsInf(v, 0):
		return 0, problem{meter.ReasonNotFinite, remedyNumber}
	case math.Abs(v) >= meter.MaxValue:
		return 0, problem{meter.ReasonOutOfRange, remedyRange}
	}
	return v, problem{}
}

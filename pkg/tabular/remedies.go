package tabular

import "github.com/loadtide/loadtide/pkg/meter"

// The remedies, for persons.
const (
	remedyTime = "write 2026-01-31T13:00:00Z, or 2026-01-31 13:00 for a time of the zone given; " +
		"years 1970 to 2200"
	remedyOrder     = "write dates as those of the other rows: a file has one form of dates"
	remedyEpoch     = "write times as those of the other rows: a file has one form of times"
	remedyMarks     = "write numbers as those of the other rows, or say --decimal , or --decimal ."
	remedyNumber    = "write decimals with a point, or name the right column with --value-column"
	remedyEmpty     = "leave out rows without a value, or name the right column with --value-column"
	remedyCell      = "write decimals with a point and no thousands mark, or leave the cell empty"
	remedyRange     = "values must be below 1e12 in magnitude; use a larger unit"
	remedySeries    = "name series <site>.<meter> or <meter>, each of 1 to 64 letters, digits, _ or -"
	remedyUnnamed   = "name the column in the header, or leave its cells empty"
	remedyFields    = "give each row as many fields as the header has; quote fields with commas in them"
	remedyQuotes    = `close each quote on its line; write "" for a quote inside one`
	remedyLine      = "lines may have 1 MiB"
	remedyOtherUnit = "say --unit for all values, or take the rows of one unit with --where"
	remedyTimes     = "another time than that of the field before: keep one of ts, timestamp and time"
	remedyMilli     = "a small m may be milli or mega: write MW, MWh or MJ for mega"
	remedyTelegraf  = "set in its output " +
		"json_transformation = '{\"series\": tags.host, \"ts\": timestamp, \"value\": fields.value}', " +
		"without use_batch_format"
	remedyMany   = "a table may have a million series"
	remedyHeader = "start it with the header series,timestamp,value, " +
		"or with timestamp and a column per series"
)

// problem says what is wrong with a field. The zero problem is none.
type problem struct {
	reason meter.Reason
	remedy string
}

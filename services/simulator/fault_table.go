package simulator

// Fault names one way in which readings go wrong.
type Fault string

// The faults, in the order in which they are tried: a reading has the first one that hits it.
const (
	Total       Fault = "total"
	Unset       Fault = "unset"
	WattHours   Fault = "watthours"
	Hundredfold Fault = "hundredfold"
	Unnamed     Fault = "unnamed"
	Reversed    Fault = "reversed"
	Gap         Fault = "gap"
	Gathered    Fault = "gathered"
	Burst       Fault = "burst"
	Overdue     Fault = "overdue"
	Frozen      Fault = "frozen"
	Flat        Fault = "flat"
	Zero        Fault = "zero"
	Blank       Fault = "blank"
	Sign        Fault = "sign"
	Factor      Fault = "factor"
	Tenth       Fault = "tenth"
	Tenfold     Fault = "tenfold"
	Ahead       Fault = "ahead"
	Lost        Fault = "lost"
	Garbage     Fault = "garbage"
	Years       Fault = "years"
	Double      Fault = "double"
	Unfinished  Fault = "unfinished"
	Spikes      Fault = "spikes"
	Corrected   Fault = "corrected"
	Repeated    Fault = "repeated"
	Late        Fault = "late"
	Reset       Fault = "reset"
	Exchange    Fault = "exchange"
	Rollover    Fault = "rollover"
)

// form is how the rate of a fault is given.
type form uint8

const (
	byReading form = iota // a share: 2%
	byStretch             // a length, and how often: 1d, 1d/60d, or a share of the readings
	byStart               // a length from the first reading of a series on: 6h
	byMoment              // how often: 90d
	always                // no rate
)

// faultRow is one fault.
type faultRow struct {
	name     Fault
	form     form
	standard string // the rate in `all`, and where none is given
	meaning  string
	has      meters
}

// meters are those that have a fault.
type meters uint8

const (
	allMeters     meters = iota
	onlyRegisters        // that report a register
	noRegisters          // that report the energy of an interval
)

// have reports whether a series has the fault.
func (m meters) have(register bool) bool {
	return m == allMeters || (m == onlyRegisters) == register
}

// faultTable has all faults.
var faultTable = []faultRow{
	{
		Total, byStart, "1h",
		"the first readings are what the meter has counted so far, not the energy of an interval",
		noRegisters,
	},
	{Unset, byStart, "1h", "the first readings are 0", onlyRegisters},
	{WattHours, byStart, "6h", "the first readings are 1000 times too large", noRegisters},
	{
		Hundredfold, byStart, "14d", "one of the first readings is 100 times as large as usual",
		noRegisters,
	},
	{Unnamed, byStart, "1d", "the first readings on NATS name no unit", noRegisters},
	{Reversed, byStart, "2d", "the first readings come at once, the newest first", allMeters},
	{Gap, byStretch, "12h/30d", "a chunk of readings never comes", allMeters},
	{
		Gathered, byStretch, "6h/30d",
		"a chunk never comes, and the reading after it holds its energy too", noRegisters,
	},
	{
		Burst, byStretch, "1d/60d",
		"a chunk is held back for up to three days, then comes at once and out of order", allMeters,
	},
	{
		Overdue, byStretch, "1d/60d", "a chunk comes three to ten days later, the newest first",
		allMeters,
	},
	{Frozen, byStretch, "1d/60d", "the value before is repeated", allMeters},
	{Flat, byStretch, "1d/60d", "a constant: the mean of the day before", noRegisters},
	{Zero, byStretch, "12h/60d", "a run of zeros", allMeters},
	{
		Blank, byStretch, "3h/30d",
		"the register shows 0 or another number, and then goes on from where it was", onlyRegisters,
	},
	{Sign, byStretch, "1d/90d", "the sign is swapped", allMeters},
	{Factor, byStretch, "6h/60d", "the value is 1000 times too large", allMeters},
	{Tenth, byStretch, "4d/90d", "a tenth of the value", noRegisters},
	{Tenfold, byStretch, "12h/90d", "ten times the value", noRegisters},
	{
		Ahead, byStretch, "1d/60d", "the time is that of the end of the interval, not of its start",
		noRegisters,
	},
	{Lost, byReading, "2%", "the reading never comes", allMeters},
	{Garbage, byReading, "0.2%", "the value is NaN or text", allMeters},
	{Years, byReading, "0.05%", "the time is 1 to 8 years ahead", allMeters},
	{
		Double, byReading, "0.1%",
		"the time is that of the interval before: two values for it, none for its own", allMeters,
	},
	{
		Unfinished, byReading, "0.5%",
		"the reading is followed by a part of the interval that has just begun", noRegisters,
	},
	{Spikes, byReading, "0.5%", "the value is off by 5 to 25 times what is usual", allMeters},
	{
		Corrected, byReading, "0.5%",
		"a value wrong by 10 to 50 % comes first, the true one up to 24 intervals later", allMeters,
	},
	{
		Repeated, byReading, "1%", "the same reading comes again up to 24 intervals later", allMeters,
	},
	{Late, byReading, "1%", "the reading comes 1 to 40 intervals late", allMeters},
	{Reset, byMoment, "90d", "the register begins anew at 0", onlyRegisters},
	{Exchange, byMoment, "120d", "the meter is exchanged: another start value", onlyRegisters},
	{Rollover, always, "", "the register begins anew at a power of ten", onlyRegisters},
}

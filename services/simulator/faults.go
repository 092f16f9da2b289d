package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Fault names one way in which readings go wrong.
type Fault string

// The faults, in the order in which they are tried: a reading has the first one that hits it.
const (
	Gap       Fault = "gap"
	Gathered  Fault = "gathered"
	Burst     Fault = "burst"
	Frozen    Fault = "frozen"
	Flat      Fault = "flat"
	Zero      Fault = "zero"
	Sign      Fault = "sign"
	Factor    Fault = "factor"
	Lost      Fault = "lost"
	Garbage   Fault = "garbage"
	Years     Fault = "years"
	Double    Fault = "double"
	Spikes    Fault = "spikes"
	Corrected Fault = "corrected"
	Repeated  Fault = "repeated"
	Late      Fault = "late"
	Reset     Fault = "reset"
	Exchange  Fault = "exchange"
	Rollover  Fault = "rollover"
)

// form is how the rate of a fault is given.
type form uint8

const (
	byReading form = iota // a share: 2%
	byStretch             // a length, and how often: 1d, 1d/60d, or a share of the readings
	byMoment              // how often: 90d
	always                // no rate
)

// faultRow is one fault.
type faultRow struct {
	name     Fault
	form     form
	standard string // the rate in `all`, and where none is given
	meaning  string
	register bool // only registers have it
	energy   bool // registers do not have it
}

// faultTable has all faults.
var faultTable = []faultRow{
	{Gap, byStretch, "12h/30d", "a chunk of readings never comes", false, false},
	{
		Gathered, byStretch, "6h/30d",
		"a chunk never comes, and the reading after it holds its energy too", false, true,
	},
	{
		Burst, byStretch, "1d/60d",
		"a chunk is held back for up to three days, then comes at once and out of order", false, false,
	},
	{Frozen, byStretch, "1d/60d", "the value before is repeated", false, false},
	{Flat, byStretch, "1d/60d", "a constant: the mean of the day before", false, true},
	{Zero, byStretch, "12h/60d", "a run of zeros", false, false},
	{Sign, byStretch, "1d/90d", "the sign is swapped", false, false},
	{Factor, byStretch, "6h/60d", "the value is 1000 times too large", false, false},
	{Lost, byReading, "2%", "the reading never comes", false, false},
	{Garbage, byReading, "0.2%", "the value is NaN or text", false, false},
	{Years, byReading, "0.05%", "the time is 1 to 8 years ahead", false, false},
	{
		Double, byReading, "0.1%",
		"the time is that of the interval before: two values for it, none for its own", false, false,
	},
	{Spikes, byReading, "0.5%", "the value is off by 5 to 25 times what is usual", false, false},
	{
		Corrected, byReading, "0.5%",
		"a value wrong by 10 to 50 % comes first, the true one up to 24 intervals later", false, false,
	},
	{Repeated, byReading, "1%", "the same reading comes again up to 24 intervals later", false, false},
	{Late, byReading, "1%", "the reading comes 1 to 40 intervals late", false, false},
	{Reset, byMoment, "90d", "the register begins anew at 0", true, false},
	{Exchange, byMoment, "120d", "the meter is exchanged: another start value", true, false},
	{Rollover, always, "", "the register begins anew at a power of ten", true, false},
}

// rate is how often a fault comes: a share of the readings, or a length in each period. A period of
// 0 means once in a file, and once in each onceEvery on the stream.
type rate struct {
	share         float64
	length, every time.Duration
}

const onceEvery = 30 * 24 * time.Hour

// Faults is a choice of faults with their rates. The zero value has none.
type Faults struct {
	rates    map[Fault]rate
	standard bool // from `all`: a series leaves out the faults that it cannot have
}

// Any reports whether there is a fault.
func (f Faults) Any() bool { return len(f.rates) > 0 }

// registers returns a named fault that only registers have; ok is false when there is none.
func (f Faults) registers() (name Fault, ok bool) {
	for _, k := range faultTable {
		if _, ok := f.rates[k.name]; ok && k.register && !f.standard {
			return k.name, true
		}
	}
	return "", false
}

// ParseFaults reads a list such as `all`, `lost`, or `lost=2%,frozen=1d,gap=12h/30d`; an empty one
// is none. `all` may be followed by faults with other rates, and by `name=off`. The error names
// what is wrong and what would be right.
func ParseFaults(spec string) (Faults, error) {
	f := Faults{rates: map[Fault]rate{}}
	if strings.TrimSpace(spec) == "" {
		return f, nil
	}
	used := map[string]bool{}
	for i, part := range strings.Split(spec, ",") {
		name, value, hasValue := strings.Cut(strings.TrimSpace(part), "=")
		if used[name] {
			return f, fmt.Errorf("faults: %s stands there twice; give it once", name)
		}
		used[name] = true
		if name == "all" {
			if hasValue || i > 0 {
				return f, errors.New("faults: all takes no rate and stands first, e.g. all,lost=5%")
			}
			f.standard = true
			for _, k := range faultTable {
				f.rates[k.name], _ = parseRate(k.form, k.standard)
			}
			continue
		}
		at := slices.IndexFunc(faultTable, func(k faultRow) bool { return string(k.name) == name })
		if at < 0 {
			return f, fmt.Errorf(
				"faults: %q is no fault; known are all, %s",
				name, strings.Join(FaultNames(), ", "),
			)
		}
		k := faultTable[at]
		switch {
		case hasValue && value == "off":
			delete(f.rates, k.name)
			continue
		case !hasValue:
			value = k.standard
		}
		r, err := parseRate(k.form, value)
		if err != nil {
			return f, fmt.Errorf("faults: %s=%s: %w", name, value, err)
		}
		f.rates[k.name] = r
	}
	return f, nil
}

// FaultNames returns the names of all faults.
func FaultNames() []string {
	names := make([]string, len(faultTable))
	for i, k := range faultTable {
		names[i] = string(k.name)
	}
	return names
}

var (
	errShare = errors.New(
		"give the share of readings that it hits, more than 0% and at most 50%, e.g. 2%",
	)
	errStretch = errors.New(
		"give a length of at least an hour, e.g. 1d for once, 1d/60d for once in every 60 days (the " +
			"length at most half of them), or a share of readings up to 50%, e.g. 1%",
	)
	errMoment = errors.New("give how often it comes, 1d to 3660d, e.g. 90d")
	errSwitch = errors.New("it takes no rate")
)

// standardLength is the length of a stretch whose rate is given only as a share of readings.
const standardLength = 24 * time.Hour

func parseRate(f form, text string) (rate, error) {
	share, isShare := parseShare(text)
	length, every, both := strings.Cut(text, "/")
	d, okLength := parseDays(length)
	switch f {
	case byReading:
		if !isShare {
			return rate{}, errShare
		}
		return rate{share: share}, nil
	case byStretch:
		if isShare {
			every := time.Duration(float64(standardLength) / share)
			return rate{length: standardLength, every: every}, nil
		}
		if !okLength || d < time.Hour || d > 366*24*time.Hour {
			return rate{}, errStretch
		}
		if !both {
			return rate{length: d}, nil
		}
		e, ok := parseDays(every)
		if !ok || e < 2*d || e > 3660*24*time.Hour {
			return rate{}, errStretch
		}
		return rate{length: d, every: e}, nil
	case byMoment:
		if both || !okLength || d < 24*time.Hour || d > 3660*24*time.Hour {
			return rate{}, errMoment
		}
		return rate{every: d}, nil
	default:
		if text != "" {
			return rate{}, errSwitch
		}
		return rate{}, nil
	}
}

// parseShare reads 2% or 0.5%; the share lies in (0, 0.5], and is no less than a millionth.
func parseShare(text string) (float64, bool) {
	number, ok := strings.CutSuffix(text, "%")
	if !ok {
		return 0, false
	}
	percent, err := strconv.ParseFloat(number, 64)
	return percent / 100, err == nil && percent >= 1e-4 && percent <= 50
}

// parseDays reads a duration with d for days, such as 1d, 12h or 90m.
func parseDays(text string) (time.Duration, bool) {
	if number, ok := strings.CutSuffix(text, "d"); ok {
		days, err := strconv.ParseFloat(number, 64)
		return time.Duration(days * 24 * float64(time.Hour)), err == nil && days > 0 && days <= 3660
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}

// FaultHelp returns the table of the faults for a person, a line for each fault.
func FaultHelp() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-10s %-8s %s\n", "fault", "in all", "what happens")
	for _, k := range faultTable {
		meaning := k.meaning
		if k.register {
			meaning += " (registers alone)"
		}
		standard := k.standard
		if standard == "" {
			standard = "-"
		}
		fmt.Fprintf(&b, "  %-10s %-8s %s\n", k.name, standard, meaning)
	}
	return b.String()
}

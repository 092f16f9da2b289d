package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
		if _, ok := f.rates[k.name]; ok && k.has == onlyRegisters && !f.standard {
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
	errStart = errors.New(
		"give how long it lasts from the first reading on, 1h to 366d, e.g. 6h",
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
	case byStart:
		if both || !okLength || d < time.Hour || d > 366*24*time.Hour {
			return rate{}, errStart
		}
		return rate{length: d}, nil
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
	fmt.Fprintf(&b, "  %-11s %-8s %s\n", "fault", "in all", "what happens")
	for _, k := range faultTable {
		meaning := k.meaning
		if k.has == onlyRegisters {
			meaning += " (registers alone)"
		}
		standard := k.standard
		if standard == "" {
			standard = "-"
		}
		fmt.Fprintf(&b, "  %-11s %-8s %s\n", k.name, standard, meaning)
	}
	return b.String()
}

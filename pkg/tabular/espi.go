package tabular

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The words of Green Button (NAESB ESPI) that are read.
const (
	espiEntryName       = "entry"
	espiLink            = "link"
	espiTitle           = "title"
	espiUsagePoint      = "UsagePoint"
	espiMeterReading    = "MeterReading"
	espiReadingType     = "ReadingType"
	espiIntervalBlock   = "IntervalBlock"
	espiIntervalReading = "IntervalReading"
	espiTimePeriod      = "timePeriod"
	espiStart           = "start"
	espiDuration        = "duration"
	espiValue           = "value"
	espiQuality         = "quality"
)

// readingType is what ESPI says about the readings of a block.
type readingType struct {
	self     string
	uom      int
	power    int // powerOfTenMultiplier
	flow     int // flowDirection
	behave   int // accumulationBehaviour
	interval int // intervalLength, seconds
}

// set takes a field of the reading type. Fields that are not known are left.
func (t *readingType) set(name, text string) error {
	to := map[string]*int{
		"uom": &t.uom, "powerOfTenMultiplier": &t.power, "flowDirection": &t.flow,
		"accumulationBehaviour": &t.behave, "intervalLength": &t.interval,
	}[name]
	if to == nil || text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return fmt.Errorf("%s %q is no whole number", name, shown(text))
	}
	*to = int(n)
	if name == "powerOfTenMultiplier" && (n < -12 || n > 12) {
		return fmt.Errorf("powerOfTenMultiplier %d is not between -12 and 12", n)
	}
	return nil
}

// uoms are the units of ESPI that have a name here.
var uoms = map[int]string{
	5: "A", 29: "V", 31: "J", 38: "W", 42: "m3", 61: "VA", 63: "VAr", 71: "VAh", 72: "Wh", 73: "VArh",
	106: "Ah", 119: "ft3", 128: "gal", 132: "Btu", 134: "l", 169: "therm",
}

// The values of accumulationBehaviour that matter. A sum or a bulk quantity counts up as a register
// does.
const (
	behaveBulk       = 1
	behaveContinuous = 2
	behaveCumulative = 3
	behaveDelta      = 4
	behaveSum        = 9
)

// register reports whether readings count up.
func (t *readingType) register() bool {
	switch t.behave {
	case behaveBulk, behaveContinuous, behaveCumulative, behaveSum:
		return true
	}
	return false
}

// measure returns the terms of the readings, and by which power of ten their values are multiplied.
func (t *readingType) measure() (terms meter.Terms, power int) {
	unit, power := uoms[t.uom], t.power
	if unit == "" && t.uom != 0 {
		unit = fmt.Sprintf("uom%d", t.uom)
	}
	if prefix := map[int]string{3: "k", 6: "M", 9: "G"}[power]; prefix != "" &&
		(unit == "Wh" || unit == "W") {
		unit, power = prefix+unit, 0
	}
	terms.Unit = unit
	switch {
	case meter.ParseUnit(unit).Dimension == meter.DimensionPower:
		terms.Kind = meter.Power
	case t.register():
		terms.Kind = meter.Register
	case t.behave == behaveDelta:
		terms.Kind = meter.Energy
	}
	return terms, power
}

// scaled multiplies a value by a power of ten, rounded once.
func scaled(value float64, power int) float64 {
	if power < 0 {
		return value / math.Pow10(-power)
	}
	return value * math.Pow10(power)
}

// flows are the words for directions other than forward, 1.
var flows = map[int]string{4: "net", 19: "export", 20: "total"}

// suffix tells a series of a usage point from the energy that it takes from the grid.
func (t *readingType) suffix() string {
	var parts []string
	if word := flows[t.flow]; word != "" {
		parts = append(parts, word)
	} else if t.flow > 1 {
		parts = append(parts, fmt.Sprintf("flow%d", t.flow))
	}
	terms, _ := t.measure()
	unit := meter.ParseUnit(terms.Unit)
	switch {
	case unit.Dimension == meter.DimensionPower:
		parts = append(parts, "power")
	case unit.Dimension == meter.DimensionNone && terms.Unit != "":
		parts = append(parts, terms.Unit)
	}
	if terms.Kind == meter.Register {
		parts = append(parts, "register")
	}
	if len(parts) == 0 {
		return ""
	}
	return "_" + strings.Join(parts, "_")
}

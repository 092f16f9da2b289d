package simulator

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

// registerEpoch is the hour from which registers count: 2025-01-01T00:00Z. For another hour than
// the last one a register adds up the hours between the two, which takes a microsecond an hour.
const registerEpoch = 20089 * 24

// tally is the last value of a register.
type tally struct {
	until int64 // the hours before it are in sum; 0 before the first value
	sum   float64
}

// Shows returns the value of the register at the start of an interval, to three decimals. Cell
// counts intervals since 1970-01-01T00:00Z. The register counts the energy drawn; energy fed in
// turns it neither back nor on.
func (m *Meter) Shows(cell int64) float64 {
	step := m.step()
	hour := meter.FloorDiv(cell*step, meter.HourSeconds)
	sum := m.counted(hour)
	if into := cell*step - hour*meter.HourSeconds; into > 0 {
		sum += max(m.KWh(hour), 0) * m.grain(hour).drawn[into/partSeconds]
	}
	return math.Round(sum*1000) / 1000
}

// counted returns the value of the register at the start of an hour.
func (m *Meter) counted(hour int64) float64 {
	c := &m.tally
	if c.until == 0 {
		first := m.key.sub("register").between(20_000, 60_000)
		*c = tally{until: registerEpoch, sum: math.Round(first)}
	}
	for ; c.until < hour; c.until++ {
		c.sum += max(m.KWh(c.until), 0)
	}
	for ; c.until > hour; c.until-- {
		c.sum -= max(m.KWh(c.until-1), 0)
	}
	return c.sum
}

// rolls returns the power of ten at which a faulty register rolls over to 0: at the pace of its
// first week that takes forty days at least.
func (m *Meter) rolls() float64 {
	const week = 168
	var sum float64
	for hour := int64(registerEpoch); hour < registerEpoch+week; hour++ {
		sum += max(m.KWh(hour), 0)
	}
	return powerOfTen(sum / 7)
}

// powerOfTen returns the least power of ten that a register reaches in no less than forty days at
// its pace a day.
func powerOfTen(pace float64) float64 { return math.Pow(10, math.Ceil(math.Log10(40*pace+1))) }

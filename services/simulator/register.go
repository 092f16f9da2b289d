package simulator

import "math"

// registerEpoch is the hour from which registers count: 2025-01-01T00:00Z. One that is asked for another hour adds up
// what lies between, a microsecond an hour.
const registerEpoch = 20089 * 24

// tally is where a register was last asked.
type tally struct {
	until int64 // hours before it are in sum; 0: not asked yet
	sum   float64
}

// Shows returns what the register of what is drawn shows at the start of an hour; what is fed in turns it neither back
// nor on. Three decimals.
func (m *Meter) Shows(hour int64) float64 {
	c := &m.tally
	if c.until == 0 {
		*c = tally{until: registerEpoch, sum: math.Round(m.key.sub("register").between(20_000, 60_000))}
	}
	for ; c.until < hour; c.until++ {
		c.sum += max(m.KWh(c.until), 0)
	}
	for ; c.until > hour; c.until-- {
		c.sum -= max(m.KWh(c.until-1), 0)
	}
	return math.Round(c.sum*1000) / 1000
}

// rolls is the power of ten at which a faulty register begins anew: not sooner than after forty days like those of a week.
func (m *Meter) rolls() float64 {
	const days, week = 40, 168
	var sum float64
	for hour := int64(registerEpoch); hour < registerEpoch+week; hour++ {
		sum += max(m.KWh(hour), 0)
	}
	return math.Pow(10, math.Ceil(math.Log10(sum/7*days+1)))
}

package simulator

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// partSeconds is the finest interval that is simulated. An hour has hourParts of them.
const (
	partSeconds = 300
	hourParts   = meter.HourSeconds / partSeconds
)

// grain is the course of the load through the parts of one hour. Index i is the start of part i;
// the last index is the end of the hour.
type grain struct {
	hour  int64
	valid bool // the other fields are set
	// net is the energy since the start of the hour, in kWh to three decimals. The last value is
	// KWh of the hour, so the intervals of an hour sum to the hour.
	net [hourParts + 1]float64
	// drawn is the energy drawn since the start of the hour, as a share of that of the hour.
	drawn [hourParts + 1]float64
}

// grain returns the course of an hour. The meter keeps the last one.
func (m *Meter) grain(hour int64) *grain {
	g := &m.fine
	if g.valid && g.hour == hour {
		return g
	}
	*g = grain{hour: hour, valid: true}
	hourly := m.climate.at(hour)
	drawn, fed := m.load(hourly)
	var load, sun [hourParts]float64
	for i := range hourParts {
		part := hour*hourParts + int64(i)
		into := (float64(i) + 0.5) / hourParts
		at := hourly
		at.clock, at.length = hourly.clock-0.5+into, 1./hourParts
		load[i] = m.texture(at, part, max(m.draw(at), 0))
		if fed > 0 {
			sun[i] = m.climate.sunAt(hour, into) * m.climate.haze(hour, part)
		}
	}
	g.drawn = cumulated(load)
	panels := cumulated(sun)
	for i := range g.net {
		g.net[i] = math.Round((drawn*g.drawn[i]-fed*panels[i])*1000) / 1000
	}
	return g
}

// cumulated returns the sums of weights from the start of the hour, as shares of the whole. When
// all weights are zero, the parts have equal shares.
func cumulated(weights [hourParts]float64) (sums [hourParts + 1]float64) {
	whole := 0.0
	for i, w := range weights {
		whole += w
		sums[i+1] = whole
	}
	for i := range sums {
		if whole > 0 {
			sums[i] /= whole
		} else {
			sums[i] = float64(i) / hourParts
		}
	}
	return sums
}

// texture returns the power that a meter draws in five minutes, in kW. kw is the mean power of its
// kind and habits; compressors that switch, kettles and machines change it.
func (m *Meter) texture(at moment, part int64, kw float64) float64 {
	s := &m.shape
	switch m.kind {
	case shop, office, supermarket:
		return kw*(1+0.03*m.key.sub("part").normal(part)) + 0.3*s.base*m.switched("chiller", part, 4)
	case farm, twoShifts, threeShifts, coldStore:
		return kw * max(1+0.08*m.key.sub("part").normal(part), 0.2)
	default:
	}
	if s.heat > 0 || s.cool > 0 {
		kw *= 0.5 + m.switched("compressor", part, 3)
	}
	kw += 1.5 * s.base * m.switched("fridge", part, 4)
	meals := 0.03 + 0.2*bump(at.clock, s.morningAt, 1) + 0.2*bump(at.clock, s.eveningAt, 1.5)
	if kettle := m.key.sub("kettle"); kettle.uniform(part) < meals*m.presence(at.day) {
		kw += 1.2 + 1.8*kettle.sub("power").uniform(part)
	}
	return kw
}

// switched returns 1 while a machine runs, else 0. The machine is switched once in so many parts.
func (m *Meter) switched(machine string, part, every int64) float64 {
	k := m.key.sub(machine)
	phase := int64(float64(every) * k.uniform(-1))
	if k.uniform(meter.FloorDiv(part+phase, every)) < 0.45 {
		return 1
	}
	return 0
}

// haze returns the share of the sun that passing clouds let through for five minutes, 0.25 to 1.
func (c *climate) haze(hour, part int64) float64 {
	return max(1-0.6*c.cloud(hour)*math.Abs(c.key.sub("passing").normal(part)), 0.25)
}

// Energy returns the energy of one interval of the meter, drawn less what is fed in, in kWh to
// three decimals. Cell counts intervals since 1970-01-01T00:00Z. The energies of the intervals of
// an hour sum to KWh of the hour.
func (m *Meter) Energy(cell int64) float64 {
	if m.Interval == time.Hour {
		return m.KWh(cell)
	}
	hour, from, until := m.parts(cell)
	g := m.grain(hour)
	return math.Round((g.net[until]-g.net[from])*1000) / 1000
}

// parts returns the hour of an interval and the parts of the hour that it covers. An interval
// divides the hour.
func (m *Meter) parts(cell int64) (hour, from, until int64) {
	n := m.step() / partSeconds
	first := cell * n
	hour = meter.FloorDiv(first, hourParts)
	return hour, first - hour*hourParts, first - hour*hourParts + n
}

// step is the interval of the meter in seconds.
func (m *Meter) step() int64 { return int64(m.Interval / time.Second) }

// parseIntervals reads names of intervals, separated by commas.
func parseIntervals(text string) ([]time.Duration, error) {
	var all []time.Duration
	for name := range strings.SplitSeq(text, ",") {
		intervals := meter.Intervals()
		at := slices.IndexFunc(intervals, func(d time.Duration) bool {
			return meter.IntervalName(d) == strings.TrimSpace(name)
		})
		if at < 0 {
			return nil, fmt.Errorf("%q is none of 5m, 10m, 15m, 20m, 30m, 1h; "+
				"give one, or several for a mixed fleet, e.g. 15m,1h", name)
		}
		all = append(all, intervals[at])
	}
	return all, nil
}

// withIntervals gives the intervals to the meters in turn.
func withIntervals(fleet []Meter, intervals []time.Duration) {
	for i := range fleet {
		fleet[i].Interval = intervals[i%len(intervals)]
	}
}

// tickOf returns the greatest common divisor of the intervals of a fleet, in seconds.
func tickOf(intervals []time.Duration) int64 {
	tick := int64(0)
	for _, d := range intervals {
		for a := int64(d / time.Second); a != 0; {
			tick, a = a, tick%a
		}
	}
	return tick
}

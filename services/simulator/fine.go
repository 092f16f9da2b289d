package simulator

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// partSeconds is the finest interval that is simulated; an hour has hourParts of it.
const (
	partSeconds = 300
	hourParts   = meter.HourSeconds / partSeconds
)

// grain is how the load of one hour runs through its parts. Index i is the start of part i; the
// last index is the end of the hour.
type grain struct {
	hour  int64
	known bool
	// net is the energy since the start of the hour, in kWh to three decimals. The last one is KWh
	// of the hour, so the intervals of an hour sum to the hour.
	net [hourParts + 1]float64
	// drawn is the share of what is drawn in the hour.
	drawn [hourParts + 1]float64
}

// grain returns the run of an hour. The meter keeps the one it was asked for last.
func (m *Meter) grain(hour int64) *grain {
	g := &m.fine
	if g.known && g.hour == hour {
		return g
	}
	*g = grain{hour: hour, known: true}
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

// cumulated returns the sums of weights from the start of the hour, as shares of the whole. Weights
// that are all zero count alike.
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

// texture returns what a meter draws in five minutes, in kW, where its kind and habits draw kw on
// average: compressors that switch, kettles, machines.
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

// switched is 1 while a machine runs, else 0. It decides anew once in some parts.
func (m *Meter) switched(machine string, part, every int64) float64 {
	k := m.key.sub(machine)
	phase := int64(float64(every) * k.uniform(-1))
	if k.uniform(meter.FloorDiv(part+phase, every)) < 0.45 {
		return 1
	}
	return 0
}

// haze is what passing clouds leave of the sun for five minutes, 0.25 to 1.
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
	hour, from, until := m.place(cell)
	g := m.grain(hour)
	return math.Round((g.net[until]-g.net[from])*1000) / 1000
}

// place returns the hour of an interval and the parts of the hour that it covers. An interval
// divides the hour.
func (m *Meter) place(cell int64) (hour, from, until int64) {
	parts := m.step() / partSeconds
	first := cell * parts
	hour = meter.FloorDiv(first, hourParts)
	return hour, first - hour*hourParts, first - hour*hourParts + parts
}

// step is the interval of the meter in seconds.
func (m *Meter) step() int64 { return int64(m.Interval / time.Second) }

// parseIntervals reads names of intervals, separated by commas.
func parseIntervals(text string) ([]time.Duration, error) {
	var all []time.Duration
	for name := range strings.SplitSeq(text, ",") {
		known := meter.Intervals()
		at := slices.IndexFunc(known, func(d time.Duration) bool {
			return meter.IntervalName(d) == strings.TrimSpace(name)
		})
		if at < 0 {
			return nil, fmt.Errorf("%q is none of 5m, 10m, 15m, 20m, 30m, 1h; "+
				"give one, or several for a mixed fleet, e.g. 15m,1h", name)
		}
		all = append(all, known[at])
	}
	return all, nil
}

// withIntervals gives the intervals to the meters in turn.
func withIntervals(fleet []Meter, intervals []time.Duration) {
	for i := range fleet {
		fleet[i].Interval = intervals[i%len(intervals)]
	}
}

// tickOf is the longest time, in seconds, that all intervals of a fleet are multiples of.
func tickOf(intervals []time.Duration) int64 {
	tick := int64(0)
	for _, d := range intervals {
		for a := int64(d / time.Second); a != 0; {
			tick, a = a, tick%a
		}
	}
	return tick
}

package simulator

import (
	"math"

	"github.com/loadtide/loadtide/pkg/meter"
)

func homeShape(of kind, k key) shape {
	s := shape{
		base: k.sub("base").between(0.12, 0.35), morning: k.sub("morning").between(0.4, 1.1),
		day: k.sub("day").between(0.1, 0.4), evening: k.sub("evening").between(0.9, 2.0),
		morningAt: k.sub("morning at").between(7, 9),
		eveningAt: k.sub("evening at").between(18.5, 21),
		width:     k.sub("width").between(1.1, 1.8), noise: k.sub("noise").between(0.15, 0.3),
	}
	switch of {
	case flat:
		s.base, s.morning, s.day, s.evening = s.base/2, s.morning/2, s.day/2, s.evening/2
	case heatPump:
		s.heat = k.sub("heat").between(0.9, 2)
	case prosumer:
		s.solar = k.sub("solar").between(3.5, 7)
		if k.sub("heat pump").uniform(0) < 0.4 {
			s.heat = k.sub("heat").between(0.8, 1.6)
		}
	case car:
		s.charger = []float64{3.7, 7.4, 11}[int(3*k.sub("charger").uniform(0))]
	case cooled:
		s.cool = k.sub("cool").between(1, 2.2)
	default:
	}
	return s
}

// household returns the energy of a home: kWh = base + habits of the hour * presence * mood +
// heat pump + cooling + appliance + car.
func (m *Meter) household(at moment) float64 {
	s := &m.shape
	shift, morning, day := 0.0, s.morning, s.day
	if at.free() {
		shift, morning, day = 1.7, s.morning*0.8, s.day*2.2
	}
	habits := morning*bump(at.clock, s.morningAt+shift, s.width) +
		s.evening*bump(at.clock, s.eveningAt, s.width*1.5) +
		day*bump(at.clock, 13, 3.5)
	mood := max(1+s.noise*m.key.sub("mood").persistent(at.hour, 0.9)+
		0.12*m.key.sub("hour").normal(at.hour), 0.15)
	lamps := 1 + 0.15*m.climate.winter(at.hour)
	kwh := s.base*(1+0.05*m.key.sub("base noise").normal(at.hour)) +
		habits*m.presence(at.day)*mood*lamps + m.appliance(at)
	if s.heat > 0 {
		kwh += s.heat * m.climate.cold(at.hour) * (0.8 + 0.4*bump(at.clock, 7, 4))
	}
	if s.cool > 0 {
		kwh += s.cool * m.climate.hot(at.hour) * (0.3 + 0.7*m.presence(at.day)*bump(at.clock, 17, 5))
	}
	if s.charger > 0 {
		kwh += m.charging(at)
	}
	return kwh
}

// presence returns 1, and 0.12 on the days of a journey. Some fortnights have a journey of two to
// nine days.
func (m *Meter) presence(day int64) float64 {
	block := meter.FloorDiv(day, 14)
	k := m.key.sub("journey")
	if k.uniform(block) > 0.09 {
		return 1
	}
	from := int64(5 * k.sub("from").uniform(block))
	days := 2 + int64(8*k.sub("days").uniform(block))
	if d := day - block*14 - from; d >= 0 && d < days {
		return 0.12
	}
	return 1
}

// appliance returns the energy of a washing or dishwashing run. On some days it runs in one hour
// between 8 and 21, for twenty minutes of the hour.
func (m *Meter) appliance(at moment) float64 {
	k := m.key.sub("appliance")
	if k.uniform(at.day) > 0.3 || m.presence(at.day) < 1 {
		return 0
	}
	if int64(at.clock) != 8+int64(14*k.sub("at").uniform(at.day)) {
		return 0
	}
	kwh := 0.4 + 0.7*k.sub("size").uniform(at.day)
	if at.length == 1 {
		return kwh
	}
	const run = 1. / 3
	since := at.clock - math.Floor(at.clock) - (1-run)*k.sub("begins").uniform(at.day)
	if since < 0 || since >= run {
		return 0
	}
	return kwh / run
}

// charging returns the energy of the car at its charger, in kWh an hour. On four days of ten the
// car charges from the evening on, at full power until it has the energy of its day. A charge that
// goes past midnight belongs to the day before.
func (m *Meter) charging(at moment) float64 {
	k := m.key.sub("car")
	begins := 17.5 + 2*k.sub("home at").uniform(0)
	if k.sub("night tariff").uniform(0) < 0.4 {
		begins = 23
	}
	sum := 0.0
	for back := range int64(2) {
		day := at.day - back
		if k.uniform(day) > 0.4 || m.presence(day) < 1 {
			continue
		}
		needs := 6 + 24*k.sub("needs").uniform(day)
		charged := func(hours float64) float64 { return min(max(hours*m.shape.charger, 0), needs) }
		// since the charge began, at the end of the moment
		hours := at.clock + at.length/2 + float64(24*back) - begins - k.sub("delay").uniform(day)
		sum += charged(hours) - charged(hours-at.length)
	}
	return sum / at.length
}

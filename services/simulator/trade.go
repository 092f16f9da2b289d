package simulator

func tradeShape(of kind, k key) shape {
	s := shape{
		base: k.sub("base").between(3, 7), day: k.sub("day").between(10, 28),
		width: k.sub("width").between(0.5, 1),
		heat:  k.sub("heat").between(2, 6), noise: k.sub("noise").between(0.04, 0.09),
		open: k.sub("open").between(7.5, 10), close: k.sub("close").between(18, 21),
	}
	s.cool = 1.5 * s.heat
	switch of {
	case office:
		s.open, s.close = k.sub("open").between(6.5, 8), k.sub("close").between(17, 18.5)
	case supermarket: // freezers never stop
		s.base, s.day, s.cool = s.base*4, s.day*0.7, 2*s.cool
		s.open, s.close = 7, 22
	default:
	}
	return s
}

// trade returns the energy of a shop, an office or a supermarket:
// kWh = base + opening hours * business + heating and cooling while people are in.
func (m *Meter) trade(at moment) float64 {
	s := &m.shape
	opens, closes, business := s.open, s.close, 1.0
	switch {
	case at.weekday == 0 || at.holiday:
		business = 0
	case at.weekday == 6 && m.kind == office:
		business = 0.05
	case at.weekday == 6 && m.kind == shop:
		opens, closes, business = s.open+1, 15, 0.7
	}
	open := business * ramp(at.clock-opens, s.width) * ramp(closes-at.clock, s.width)
	mood := max(
		1+s.noise*m.key.sub("mood").persistent(at.hour, 0.9)+0.02*m.key.sub("hour").normal(at.hour), 0.3,
	)
	climate := s.heat*m.climate.cold(at.hour) + s.cool*m.climate.hot(at.hour)
	return (s.base+s.day*open*(1+0.15*bump(at.clock, 12.5, 2)))*mood + climate*(0.3+0.7*open)
}

func industryShape(of kind, k key) shape {
	s := shape{
		base: k.sub("base").between(20, 50), day: k.sub("day").between(80, 200),
		width: k.sub("width").between(0.3, 0.7),
		noise: k.sub("noise").between(0.03, 0.07), open: 6, close: 22,
	}
	switch of {
	case farm:
		s.base, s.day, s.width = s.base/20, s.day/10, k.sub("width").between(0.8, 1.2)
		s.morningAt, s.eveningAt = k.sub("milked at").between(5, 6.5), k.sub("again at").between(16.5, 18)
	case coldStore:
		s.cool = k.sub("cool").between(30, 60)
	default:
	}
	return s
}

// industry returns the energy of a farm, a factory or a cold store. Farms milk twice a day,
// factories run in shifts, and cold stores work against the heat outside.
func (m *Meter) industry(at moment) float64 {
	s := &m.shape
	runs := 0.0
	switch m.kind {
	case farm: // the same on Sundays and holidays
		runs = bump(at.clock, s.morningAt, s.width) + 0.9*bump(at.clock, s.eveningAt, s.width)
	case twoShifts:
		if !at.free() {
			runs = ramp(at.clock-s.open, s.width)*ramp(s.close-at.clock, s.width) -
				0.12*bump(at.clock, 14, 0.5)
		}
	case threeShifts: // from Sunday night to Saturday noon
		begins, ends := at.weekday == 0 && at.clock > 22, at.weekday == 6 && at.clock < 14
		if !at.holiday && (begins || ends || at.weekday >= 1 && at.weekday <= 5) {
			runs = 1
		}
	default:
		runs = 0.25
	}
	mood := max(
		1+s.noise*m.key.sub("mood").persistent(at.hour, 0.9)+0.02*m.key.sub("hour").normal(at.hour), 0.3,
	)
	warmth := 1 + 0.004*(m.climate.temperatureC(at.hour)-10)
	return (s.base+s.day*runs)*mood*warmth + s.cool*m.climate.hot(at.hour)
}

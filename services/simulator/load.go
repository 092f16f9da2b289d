package simulator

import (
	"fmt"
	"math"
)

// Unit of every simulated reading: energy used within the hour.
const Unit = "kWh"

// Sites of the simulated meters.
const (
	SiteHome = "home" // houses, half of the meters
	SiteFlat = "flats"
	SiteShop = "shop" // commercial, a sixth
)

// Meter is one simulated meter. Its load is a function of the fleet's seed, its own name and the hour; so a larger
// fleet holds the meters of a smaller one unchanged.
type Meter struct {
	Site, Name string
	key        key // of the meter
	weather    key // of all meters of a fleet
	shape      shape
}

// shape is what makes one meter differ from its neighbour; energies in kWh an hour, times in hours of the day.
type shape struct {
	base                        float64 // never switched off
	morning, day, evening       float64 // height of the habits
	morningAt, eveningAt, width float64
	heat                        float64 // at 15 degrees below comfort
	noise                       float64 // relative, of the persistent part
	open, close                 float64 // shops
}

// Fleet returns meters: names m01, m02, ... on each of the three sites. The same seed gives the same meters.
func Fleet(seed uint64, meters int) []Meter {
	shops, flats := (meters+3)/6, meters/3
	root := key(mix(seed))
	fleet := make([]Meter, 0, meters)
	for _, site := range []struct {
		name  string
		count int
		shape func(key) shape
	}{{SiteHome, meters - flats - shops, homeShape}, {SiteFlat, flats, flatShape}, {SiteShop, shops, shopShape}} {
		for i := range site.count {
			name := fmt.Sprintf("m%02d", i+1)
			k := root.sub(site.name + "." + name)
			fleet = append(fleet, Meter{Site: site.name, Name: name, key: k, weather: root.sub("weather"), shape: site.shape(k)})
		}
	}
	return fleet
}

func homeShape(k key) shape {
	s := shape{
		base: k.sub("base").between(0.12, 0.35), morning: k.sub("morning").between(0.4, 1.1),
		day: k.sub("day").between(0.1, 0.4), evening: k.sub("evening").between(0.9, 2.0),
		morningAt: k.sub("morning at").between(6, 8), eveningAt: k.sub("evening at").between(18, 20.5),
		width: k.sub("width").between(1.1, 1.8), noise: k.sub("noise").between(0.15, 0.3),
	}
	if k.sub("heat pump").uniform(0) < 0.4 {
		s.heat = k.sub("heat").between(0.8, 1.8)
	}
	return s
}

func flatShape(k key) shape {
	s := homeShape(k)
	s.base, s.morning, s.day, s.evening, s.heat = s.base/2, s.morning/2, s.day/2, s.evening/2, 0
	return s
}

func shopShape(k key) shape {
	return shape{
		base: k.sub("base").between(3, 7), day: k.sub("day").between(10, 28), width: k.sub("width").between(0.5, 1),
		heat: k.sub("heat").between(2, 6), noise: k.sub("noise").between(0.04, 0.09),
		open: k.sub("open").between(6.5, 9), close: k.sub("close").between(17, 20),
	}
}

// KWh returns the energy used in the hour that starts hour hours after 1970-01-01T00:00Z: not negative, three decimals.
func (m *Meter) KWh(hour int64) float64 {
	var kwh float64
	if m.Site == SiteShop {
		kwh = m.shop(hour)
	} else {
		kwh = m.household(hour)
	}
	// A wide and slow change over the quarters: new appliances, new people.
	kwh *= 1 + 0.07*m.key.sub("drift").drift(hour, 90*24)
	return math.Round(max(kwh, 0)*1000) / 1000
}

// household: kWh = base + habits of the hour * presence * mood + heat pump + the odd appliance.
func (m *Meter) household(hour int64) float64 {
	s, at := &m.shape, clockTime(hour)
	shift, morning, day := 0.0, s.morning, s.day
	if weekend(hour) {
		shift, morning, day = 1.7, s.morning*0.8, s.day*2.2
	}
	habits := morning*bump(at, s.morningAt+shift, s.width) +
		s.evening*bump(at, s.eveningAt, s.width*1.5) +
		day*bump(at, 13, 3.5)
	mood := max(1+s.noise*m.key.sub("mood").persistent(hour, 0.9)+0.12*m.key.sub("hour").normal(hour), 0.15)
	winter := 1 + 0.15*season(hour)
	base := s.base * (1 + 0.05*m.key.sub("base noise").normal(hour))
	return base + habits*m.presence(hour)*mood*winter + s.heat*m.cold(hour)*(0.8+0.4*bump(at, 7, 4)) + m.appliance(hour)
}

// shop: kWh = base + opening hours * trade + heating and cooling while people are in.
func (m *Meter) shop(hour int64) float64 {
	s, at := &m.shape, clockTime(hour)
	opens, closes, trade := s.open, s.close, 1.0
	switch weekday(hour) {
	case 0:
		trade = 0
	case 6:
		opens, closes, trade = s.open+1, 14, 0.7
	}
	open := trade * ramp(at-opens, s.width) * ramp(closes-at, s.width)
	mood := max(1+s.noise*m.key.sub("mood").persistent(hour, 0.9)+0.02*m.key.sub("hour").normal(hour), 0.3)
	climate := s.heat*m.cold(hour) + 1.5*s.heat*max(m.temperatureC(hour)-20, 0)/10
	return (s.base+s.day*open*(1+0.15*bump(at, 12.5, 2)))*mood + climate*(0.3+0.7*open)
}

// presence is 1, and 0.12 on the days of a journey: some fortnights have one of two to nine days.
func (m *Meter) presence(hour int64) float64 {
	day := floorDiv(hour, 24)
	block := floorDiv(day, 14)
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

// appliance is a washing or dishwashing run: on some days, in one hour between 8 and 21.
func (m *Meter) appliance(hour int64) float64 {
	day := floorDiv(hour, 24)
	k := m.key.sub("appliance")
	if k.uniform(day) > 0.3 || m.presence(hour) < 1 {
		return 0
	}
	if hour-day*24 != 8+int64(14*k.sub("at").uniform(day)) {
		return 0
	}
	return 0.4 + 0.7*k.sub("size").uniform(day)
}

// cold is 0 above 15 degrees and 1 at 0.
func (m *Meter) cold(hour int64) float64 { return max(15-m.temperatureC(hour), 0) / 15 }

// temperatureC is the weather that all meters of a fleet share: the year, the day, and fronts of some days.
func (m *Meter) temperatureC(hour int64) float64 {
	day := math.Cos(2 * math.Pi * (clockTime(hour) - 15) / 24)
	return 10 - 9*season(hour) + 3*day + 3*m.weather.drift(hour, 70)
}

// season is 1 in the middle of January and -1 in the middle of July.
func season(hour int64) float64 {
	return math.Cos(2 * math.Pi * (float64(hour)/24 - 14) / 365.2425)
}

// clockTime is the middle of the hour as hours of the day, UTC.
func clockTime(hour int64) float64 { return float64(hour-24*floorDiv(hour, 24)) + 0.5 }

// weekday is 0 on Sundays; 1970 began with a Thursday.
func weekday(hour int64) int64 {
	day := floorDiv(hour, 24) + 4
	return day - 7*floorDiv(day, 7)
}

func weekend(hour int64) bool { d := weekday(hour); return d == 0 || d == 6 }

// bump is a bell of height 1 around center, on the circle of the day.
func bump(at, center, width float64) float64 {
	d := math.Remainder(at-center, 24) / width
	return math.Exp(-d * d / 2)
}

// ramp rises from 0 to 1 around 0 within some widths.
func ramp(x, width float64) float64 { return 1 / (1 + math.Exp(-4*x/width)) }

package simulator

import (
	"fmt"
	"math"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Unit of every simulated reading: energy used within the interval, or what a register of it shows.
const Unit = "kWh"

// kind is the kind of a meter's consumer.
type kind uint8

const (
	household kind = iota
	flat
	heatPump
	prosumer // solar panels: the load is net of them, negative at a sunny noon
	car      // charged at home
	cooled   // air conditioning
	shop
	office
	supermarket
	farm
	twoShifts
	threeShifts
	coldStore
)

// Meter is one simulated meter. Its load is a function of the fleet's seed, its own name and the
// time. So a larger fleet holds the meters of a smaller one unchanged, and the load of an hour does
// not depend on the interval.
type Meter struct {
	ID       meter.ID
	Register bool          // reports a cumulative register, see Shows, and not energy
	Interval time.Duration // from one reading to the next, one of meter.Intervals

	kind    kind
	key     key // of the meter
	climate *climate
	shape   shape
	tally   tally
	fine    grain
}

// shape has the numbers in which the meters of a kind differ: energies in kWh an hour, times in
// hours of the local day.
type shape struct {
	base                        float64 // of appliances that are never off
	morning, day, evening       float64 // height of the habits
	morningAt, eveningAt, width float64
	heat                        float64 // at 15 degrees below comfort
	cool                        float64 // at 10 degrees above comfort
	solar                       float64 // peak of the panels
	charger                     float64 // of the car
	noise                       float64 // relative, of the persistent part
	open, close                 float64 // trade
}

// Fleet returns hourly meters of the first sites, names m01, m02, ... on each of them. The same
// seed gives the same meters. The error says that a site's zone or holidays are not known to this
// program.
func Fleet(seed uint64, meters, ofSites int) ([]Meter, error) {
	root := key(mix(seed))
	fleet := make([]Meter, 0, meters)
	for s, count := range shares(meters, ofSites) {
		at := &sites[s]
		c, err := newClimate(at, root)
		if err != nil {
			return nil, err
		}
		for i := range count {
			name := fmt.Sprintf("m%02d", i+1)
			k := root.sub(at.name + "." + name)
			m := Meter{
				ID: meter.ID{Site: at.name, Meter: name}, Interval: time.Hour,
				kind: at.kinds[i%len(at.kinds)], key: k, climate: c,
			}
			m.shape = shapeOf(m.kind, k)
			fleet = append(fleet, m)
		}
	}
	return fleet, nil
}

// shares returns the number of meters of each site. Each meter goes to the site that is furthest
// behind its share, so that a larger fleet has all meters of a smaller one.
func shares(meters, ofSites int) []int {
	counts := make([]int, ofSites)
	for range meters {
		next := 0
		for s := range counts {
			if (counts[s]+1)*sites[next].share < (counts[next]+1)*sites[s].share {
				next = s
			}
		}
		counts[next]++
	}
	return counts
}

// withRegisters makes n of the fleet's meters, spread evenly, report a register.
func withRegisters(fleet []Meter, n int) {
	for i := range fleet {
		fleet[i].Register = (i+1)*n/len(fleet) > i*n/len(fleet)
	}
}

func shapeOf(k kind, key key) shape {
	switch k {
	case shop, office, supermarket:
		return tradeShape(k, key)
	case farm, twoShifts, threeShifts, coldStore:
		return industryShape(k, key)
	default:
		return homeShape(k, key)
	}
}

// KWh returns the energy drawn less the energy fed in, to three decimals, of the hour that starts
// hour hours after 1970-01-01T00:00Z.
func (m *Meter) KWh(hour int64) float64 {
	drawn, fed := m.load(m.climate.at(hour))
	return math.Round((drawn-fed)*1000) / 1000
}

// load returns the energy that is drawn in an hour, and the energy that the panels feed in.
func (m *Meter) load(at moment) (drawn, fed float64) {
	// A wide and slow change over the quarters: new appliances, new people.
	drawn = max(m.draw(at), 0) * (1 + 0.07*m.key.sub("drift").drift(at.hour, 90*24))
	if m.shape.solar > 0 {
		fed = 0.85 * m.shape.solar * m.climate.sun(at.hour)
	}
	return drawn, fed
}

// draw returns the energy that a meter draws by its kind, in kWh an hour.
func (m *Meter) draw(at moment) float64 {
	switch m.kind {
	case shop, office, supermarket:
		return m.trade(at)
	case farm, twoShifts, threeShifts, coldStore:
		return m.industry(at)
	default:
		return m.household(at)
	}
}

// bump is a bell of height 1 around center, on the circle of the day.
func bump(at, center, width float64) float64 {
	d := math.Remainder(at-center, 24) / width
	return math.Exp(-d * d / 2)
}

// ramp rises from 0 to 1 around 0 within some widths.
func ramp(x, width float64) float64 { return 1 / (1 + math.Exp(-4*x/width)) }

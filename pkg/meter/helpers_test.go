package meter_test

import (
	"math"
	"math/rand/v2"

	"github.com/loadtide/loadtide/pkg/meter"
)

// strip is a ring with its judge, as the engine has them for one series.
type strip struct {
	meter.Past
}

// lateness is how many cells a ring has in addition to those that Judge looks at.
const lateness = 49

func newStrip(perDay int, first int64) *strip {
	return longStrip(meter.LookDays*perDay+lateness, perDay, first)
}

func longStrip(cells, perDay int, first int64) *strip {
	return &strip{
		meter.Past{
			Values: make([]float32, cells), Quality: meter.NewQualities(cells), Newest: first - 1,
			PerDay: perDay,
		},
	}
}

func (s *strip) put(v float32, q meter.Quality) {
	s.Newest++
	i := int(s.Newest % int64(len(s.Values)))
	s.Values[i] = v
	s.Quality.Set(i, q)
	s.Known = min(s.Known+1, len(s.Values))
}

// miss adds a cell without a reading. Its fill must not matter.
func (s *strip) miss() { s.put(float32(math.NaN()), meter.Missing) }

// take judges a reading and adds it, or a BAD cell.
func (s *strip) take(v float32) meter.Flag {
	if s.Known > 0 {
		if reason := s.Judge(v); reason != meter.Fine {
			s.put(float32(math.NaN()), meter.Bad)
			return reason
		}
	}
	s.put(v, meter.OK)
	return meter.Fine
}

// load returns the value of a series at cell n.
type load func(n int) float32

func noise(seed uint64, n int) float64 {
	return rand.New(rand.NewPCG(seed, uint64(n))).Float64()
}

// zone is smooth and far from zero, as the load of a region is.
func zone(n int) float32 {
	hour, day := n%24, n/24
	v := 5000 + 1200*math.Sin(2*math.Pi*float64(hour-9)/24) - 300*float64(day%7/5) + 80*noise(1, n)
	return float32(math.Round(v))
}

// house has a base load and appliances, with a resolution of 1 Wh.
func house(n int) float32 {
	v := 0.08 + 0.06*noise(2, n)
	if hour := n % 24; hour >= 6 {
		v += 2.2 * math.Pow(noise(3, n), 4)
	}
	return float32(math.Round(v*1000) / 1000)
}

// coarse is a house with a meter that counts tenths.
func coarse(n int) float32 { return float32(math.Round(float64(house(n))*10) / 10) }

// mostlyZero is a house that uses something in a fifth of the hours.
func mostlyZero(n int) float32 {
	if noise(4, n) < 0.8 {
		return 0
	}
	return house(n)
}

// solar is dark at night.
func solar(n int) float32 {
	sun := math.Sin(math.Pi * float64(n%24-6) / 12)
	return float32(math.Round(max(sun, 0)*(1+3*noise(5, n/24))*(0.7+0.3*noise(6, n))*1000) / 1000)
}

// net is a house with panels: of both signs.
func net(n int) float32 { return house(n) - solar(n) }

// holiday is a house that has only a standby load after three weeks.
func holiday(n int) float32 {
	if n > 21*24 {
		return 0.004
	}
	return house(n)
}

// leftOften is a house that is switched off for some days again and again.
func leftOften(n int) float32 {
	if n/24%10 >= 6 {
		return 0
	}
	return coarse(n)
}

func constant(v float32) load { return func(int) float32 { return v } }

func times(l load, factor float32) load { return func(n int) float32 { return factor * l(n) } }

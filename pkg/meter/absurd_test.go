package meter_test

import (
	"math"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// span is the cells from one on, up to another.
func span(from, until int) []int {
	var all []int
	for i := from; i < until; i++ {
		all = append(all, i)
	}
	return all
}

// weeks is values of a load, spoilt.
func weeks(l load, days int, spoil func(v []float32)) []float32 {
	v := make([]float32, 24*days)
	for n := range v {
		v[n] = l(n)
	}
	spoil(v)
	return v
}

func scaled(factor float32, cells ...int) func(v []float32) {
	return func(v []float32) {
		for _, i := range cells {
			v[i] *= factor
		}
	}
}

// What a new meter sends wrong is found beside a week or two of what it sends right.
func TestAbsurdValuesAreFound(t *testing.T) {
	t.Parallel()
	set := func(at int, value float32) func(v []float32) { return func(v []float32) { v[at] = value } }
	register := func(cells int) func(v []float32) {
		return func(v []float32) {
			shown := float32(4711)
			for i := range cells {
				shown += v[i]
				v[i] = shown
			}
		}
	}
	for name, c := range map[string]struct {
		load  load
		days  int
		spoil func(v []float32)
		want  []int
	}{
		"the register first":             {house, 7, set(0, 12345.6), []int{0}},
		"the register later":             {house, 7, set(100, 12345.6), []int{100}},
		"the register of a zone":         {zone, 7, set(0, 98765432), []int{0}},
		"the register of a sunny roof":   {solar, 7, set(3, 5000), []int{3}},
		"the register, both signs":       {net, 7, set(3, -5000), []int{3}},
		"a hundred times the largest":    {house, 7, set(50, 220), []int{50}},
		"three of them":                  {house, 14, func(v []float32) { v[5], v[60], v[200] = 80, 90, 100 }, []int{5, 60, 200}},
		"the register of a day":          {house, 7, register(24), span(0, 24)},
		"one of Wh":                      {house, 7, scaled(1000, 30), []int{30}},
		"six hours of Wh":                {house, 7, scaled(1000, span(60, 66)...), span(60, 66)},
		"three days of Wh":               {house, 7, scaled(1000, span(0, 72)...), span(0, 72)},
		"most of a week of Wh":           {house, 7, scaled(1000, span(0, 140)...), span(0, 140)},
		"nine days of Wh":                {house, 14, scaled(1000, span(0, 216)...), span(0, 216)},
		"a day of Wh in the middle":      {house, 14, scaled(1000, span(100, 124)...), span(100, 124)},
		"Wh again and again":             {house, 14, scaled(1000, 5, 20, 60, 61, 130, 190, 191, 250), []int{5, 20, 60, 61, 130, 190, 191, 250}},
		"kWh, and Wh from then on":       {house, 14, scaled(1000, span(100, 336)...), span(0, 100)},
		"a zone in kWh, then in MWh":     {zone, 14, scaled(1000, span(0, 50)...), span(0, 50)},
		"two working days of a grid":     {grid, 7, scaled(1000, span(0, 48)...), span(0, 48)},
		"Wh of a day, and the register":  {house, 14, func(v []float32) { scaled(1000, span(0, 40)...)(v); v[90] = 1e7 }, append(span(0, 40), 90)},
		"two days of Wh, dark at night":  {dusk, 7, scaled(1000, span(0, 48)...), span(0, 48)},
		"the register, twice, at rest":   {standby, 7, register(2), []int{0, 1}},
		"the register of an idle meter":  {idle, 7, func(v []float32) { v[0], v[1] = 771, 771 }, []int{0, 1}},
		"ten times a zone, twelve hours": {zone, 7, scaled(10, span(29, 41)...), span(29, 41)},
		"a tenth of it, in two weeks":    {zone, 14, scaled(0.1, span(200, 212)...), span(200, 212)},
		"half of the readings, and Wh":   {house, 14, func(v []float32) { scaled(1000, span(0, 60)...)(v); lose(v, 2) }, odd(60)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := meter.Absurd(weeks(c.load, c.days, c.spoil), nil, 24)
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// dusk is a roof with a load of its own, 0.1 W at night.
func dusk(n int) float32 { return solar(n) + 0.0001 }

// standby is a house that nobody is in, but for two hours.
func standby(n int) float32 {
	return float32(math.Round(100+60*noise(6, n)))/1000 + once(n, 150, 1) + once(n, 151, 1.5)
}

// idle is a meter of a resolution of 2.5 Wh that counts one step a few times in a week.
func idle(n int) float32 {
	if n%11 == 4 {
		return 0.0025
	}
	return 0
}

// grid is a load that hardly varies, a tenth less at the end of the week than on the days before.
func grid(n int) float32 {
	v := 4500 + 700*math.Sin(2*math.Pi*float64(n%24)/24) + 50*noise(3, n)
	if n/24%7 >= 5 {
		v *= 0.9
	}
	return float32(v - 0.03*v*float64(n/24%7))
}

// lose takes every n-th value away.
func lose(v []float32, n int) {
	for i := 0; i < len(v); i += n {
		v[i] = float32(math.NaN())
	}
}

// odd are the odd cells below one.
func odd(until int) (all []int) {
	for i := 1; i < until; i += 2 {
		all = append(all, i)
	}
	return all
}

// What was found stays when more is known, but for another level; of what is beyond the values nothing
// does.
func TestWhatWasAbsurdStays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil  func(v []float32)
		before []int
		want   []int
	}{
		"no more to be seen":    {func([]float32) {}, []int{7, 8}, []int{7, 8}},
		"beside a new one":      {scaled(1e5, 100), []int{7}, []int{7, 100}},
		"the same and more":     {scaled(1000, span(0, 30)...), span(2, 24), span(0, 30)},
		"the level was right":   {scaled(1000, span(140, 168)...), span(0, 140), span(140, 168)},
		"beyond the values":     {func([]float32) {}, []int{7, 192, 200}, []int{7}},
		"tenfold a second time": {scaled(10, append(span(8, 20), span(155, 167)...)...), span(8, 20), append(span(8, 20), span(155, 167)...)},
	} {
		steady := func(n int) float32 { return 0.5 + house(n)/8 }
		if got := meter.Absurd(weeks(steady, 8, c.spoil), c.before, 24); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// A series may be strange and true.
func TestNothingTrueIsAbsurd(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]load{
		"zeros": constant(0), "constant": constant(3), "house": house, "coarse": coarse, "zone": zone,
		"mostly zero": mostlyZero, "sun": solar, "net": net, "often away": leftOften,
		"a house that is empty but for a day": func(n int) float32 {
			if n >= 60 && n < 84 {
				return house(n)
			}
			return 0.004
		},
		"moved in after four days": func(n int) float32 {
			if n >= 96 {
				return house(n)
			}
			return 0.004 + 0.002*float32(noise(8, n))
		},
		"a charger, once": func(n int) float32 {
			if n >= 60 && n < 64 {
				return 7.2
			}
			return 0.004 + 0.001*float32(noise(8, n))
		},
		"a charger that is used at first": func(n int) float32 {
			if n < 3 {
				return 11 + 0.05*float32(n)
			}
			return 0.004 + 0.001*float32(noise(8, n))
		},
		"a building site, then a house": func(n int) float32 {
			if n < 48 {
				return 20 + 5*float32(noise(8, n))
			}
			return house(n)
		},
		"a charger at home": func(n int) float32 {
			if n%24 < 4 && n/24%3 == 1 {
				return 11 + house(n)
			}
			return house(n)
		},
		"a day of guests":     func(n int) float32 { return house(n) * (1 + 3*float32(max(min(n-60, 1), 0)*max(min(80-n, 1), 0))) },
		"a kettle, once":      func(n int) float32 { return max(0.05+0.02*float32(noise(9, n)), once(n, 90, 1.5)) },
		"zeros but for one":   func(n int) float32 { return once(n, 90, 1.5) },
		"ten times as much":   func(n int) float32 { return house(n) * (1 + 9*float32(min(n/100, 1))) },
		"a tenth from then":   func(n int) float32 { return house(n) * (1 - 0.9*float32(min(n/100, 1))) },
		"a roof from day six": func(n int) float32 { return house(n) - 3*solar(n)*float32(min(n/144, 1)) },
		"a works that stops":  func(n int) float32 { return 500*house(n)*float32(1-min(n/120, 1)) + 0.8 },
		"a register in order": func(n int) float32 { return 1000 + float32(n) },
	} {
		for _, days := range []int{1, 3, 7, 14} {
			if got := meter.Absurd(weeks(l, days, func([]float32) {}), nil, 24); len(got) > 0 {
				t.Errorf("%s: %v of %d days", name, got, days)
			}
		}
	}
}

// once is a value at one cell, else 0.
func once(n, at int, value float32) float32 {
	if n == at {
		return value
	}
	return 0
}

// What stands in for an absurd value is one of the same time of another day.
func TestStandIn(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	values := []float32{9000, 1, nan, 2, 3, 9000, 4, 9000}
	for at, want := range map[int]float32{0: 3, 5: 1, 7: 2, 2: 4} {
		if got := meter.StandIn(values, []int{0, 5, 7}, 4, at); got != want {
			t.Errorf("%v for value %d, want %v", got, at, want)
		}
	}
	if got := meter.StandIn(values[:3], []int{0}, 4, 0); got != 0 {
		t.Errorf("%v where there is no other day", got)
	}
}

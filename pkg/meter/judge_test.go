package meter_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/loadtide/loadtide/pkg/meter"
)

const lived = 20*24 + 10 // cells before the fault: ten o'clock of a Sunday

// after feeds a series up to cell lived, and then the cells that follow; nil is a silent cell.
func after(l load, follows ...*float32) []meter.Flag {
	s := newStrip(24, 5000)
	for n := range lived {
		s.take(l(n))
	}
	var reasons []meter.Flag
	for _, v := range follows {
		if v == nil {
			s.miss()
			continue
		}
		reasons = append(reasons, s.take(*v))
	}
	return reasons
}

func of(values ...float32) []*float32 {
	out := make([]*float32, len(values))
	for i := range values {
		out[i] = &values[i]
	}
	return out
}

// next returns the series' own values from cell lived on.
func next(l load, cells int) []float32 {
	var out []float32
	for n := range cells {
		out = append(out, l(lived+n))
	}
	return out
}

func TestJudge(t *testing.T) {
	t.Parallel()
	const fine = meter.Fine
	silent := make([]*float32, 5)
	var gathered float32
	for n := range 6 {
		gathered += zone(lived + n)
	}
	repeat := func(v float32, n int) []*float32 { return of(slices.Repeat([]float32{v}, n)...) }
	for name, c := range map[string]struct {
		series  load
		follows []*float32
		want    []meter.Flag
	}{
		"zone goes on": {zone, of(next(zone, 3)...), []meter.Flag{fine, fine, fine}},
		"zone, ten times": {
			zone, of(10*zone(lived), zone(lived+1)), []meter.Flag{meter.Spike, fine},
		},
		"zone, a tenth": {
			zone, of(zone(lived)/10, zone(lived+1)), []meter.Flag{meter.Spike, fine},
		},
		"zone, a third less at ten": {
			zone, of(zone(lived)*2/3, zone(lived+1)), []meter.Flag{meter.Spike, fine},
		},
		"zone, zero": {
			zone, of(0, 0, zone(lived+2)), []meter.Flag{meter.ZeroRun, meter.ZeroRun, fine},
		},
		"zone, in kilo": {
			zone, of(zone(lived)*1000, zone(lived+1)), []meter.Flag{meter.Factor, fine},
		},
		"zone, in giga": {
			zone, of(zone(lived)/1000, zone(lived+1)), []meter.Flag{meter.Factor, fine},
		},
		"zone, sign": {
			zone, of(-zone(lived), zone(lived+1)), []meter.Flag{meter.Sign, fine},
		},
		"zone, frozen": {
			zone, repeat(zone(lived), 8),
			[]meter.Flag{fine, fine, fine, fine, meter.Frozen, meter.Frozen, meter.Frozen, meter.Frozen},
		},
		"zone, silence gathered": {
			zone, append(slices.Clone(silent), of(gathered, zone(lived+6))...),
			[]meter.Flag{meter.Gathered, fine},
		},
		"zone, silence and then as ever": {
			zone, append(slices.Clone(silent), of(zone(lived+5))...), []meter.Flag{fine},
		},
		"zone, two hours in one": {
			zone, of(zone(lived)+zone(lived-1), zone(lived+1)), []meter.Flag{meter.Double, fine},
		},
		"fed in, ten times": {times(zone, -1), of(-10 * zone(lived)), []meter.Flag{meter.Spike}},
		"fed in, sign":      {times(zone, -1), of(zone(lived)), []meter.Flag{meter.Sign}},

		"house, its largest twice": {house, of(4.4), []meter.Flag{fine}},
		"house, fifty times":       {house, of(15), []meter.Flag{meter.Spike}},
		"house, in watt-hours":     {house, of(340), []meter.Flag{meter.Factor}},
		"house, in megawatt-hours": {house, of(0.00031), []meter.Flag{meter.Factor}},
		"house, power cut":         {house, of(0, house(lived+1)), []meter.Flag{fine, fine}},
		"house, dead for hours": {
			house, repeat(0, 6), []meter.Flag{fine, fine, fine, fine, meter.ZeroRun, meter.ZeroRun},
		},
		"house, first feed-in": {house, of(0.1, -0.2, -0.6), []meter.Flag{fine, fine, fine}},
		"house, silence gathered": {
			house, append(slices.Clone(silent), of(3.2)...), []meter.Flag{meter.Gathered},
		},
		"house, frozen in the day": {
			house, repeat(0.9, 7),
			[]meter.Flag{fine, fine, fine, fine, meter.Frozen, meter.Frozen, meter.Frozen},
		},
		"house, standby":             {house, repeat(0.081, 7), slices.Repeat([]meter.Flag{fine}, 7)},
		"coarse, tenths repeat":      {coarse, repeat(0.1, 12), slices.Repeat([]meter.Flag{fine}, 12)},
		"mostly zero, zero":          {mostlyZero, repeat(0, 30), slices.Repeat([]meter.Flag{fine}, 30)},
		"mostly zero, in watt-hours": {mostlyZero, of(300), []meter.Flag{meter.Factor}},
		"solar, a dark day":          {solar, repeat(0, 14), slices.Repeat([]meter.Flag{fine}, 14)},
		"net, zero for an hour":      {net, of(0), []meter.Flag{fine}},
		"net, stuck at zero": {
			net, repeat(0, 6), []meter.Flag{fine, fine, fine, fine, meter.ZeroRun, meter.ZeroRun},
		},
		"constant": {
			constant(3), repeat(3, 30), slices.Repeat([]meter.Flag{fine}, 30),
		},
		"constant that moves at last": {constant(3), of(4, 80), []meter.Flag{fine, fine}},
		"nothing, then a life":        {constant(0), of(0.2, 3), []meter.Flag{fine, fine}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if d := cmp.Diff(c.want, after(c.series, c.follows...)); d != "" {
				t.Error(d)
			}
		})
	}
}

// Values of meters without faults are not flagged.
func TestHonestLivesAreNotFlagged(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]load{
		"zone": zone, "house": house, "coarse": coarse, "mostly zero": mostlyZero, "solar": solar,
		"net":     net,
		"holiday": holiday, "left often": leftOften, "constant": constant(0.1), "nothing": constant(0),
		"fed in": times(solar, -1),
	} {
		s := newStrip(24, 0)
		for n := range 40 * 24 {
			if reason := s.take(l(n)); reason != meter.Fine {
				t.Errorf("%s: cell %d, value %v: %s", name, n, l(n), reason)
			}
		}
	}
}

// A new level is flagged at first, and accepted after a day.
func TestNewLevelIsBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after load
		atLeast       int // flags before it is
	}{
		"five times a zone":     {zone, times(zone, 5), 24},
		"a fifth of a zone":     {zone, times(zone, 0.2), 10},
		"zone in kilo":          {zone, times(zone, 1000), 24},
		"zone in giga":          {zone, times(zone, 0.001), 24},
		"zone fed in":           {zone, times(zone, -1), 24},
		"zone switched off":     {zone, constant(0), 24},
		"zone stuck for good":   {zone, constant(5111), 20},
		"house left, all off":   {coarse, constant(0), 20},
		"twice a zone":          {zone, times(zone, 2), 10},
		"house in watt-hours":   {house, times(house, 1000), 24},
		"house, a hundredfold":  {house, times(house, 100), 24},
		"house becomes a zone":  {house, zone, 24},
		"zone becomes a house":  {zone, house, 24},
		"net load in kilo":      {net, times(net, 1000), 10},
		"constant becomes zone": {constant(1), zone, 0},
	} {
		s := newStrip(24, 0)
		for n := range lived {
			s.take(c.before(n))
		}
		flags := 0
		for n := lived; n < lived+60*24; n++ {
			reason := s.take(c.after(n))
			if reason == meter.Fine {
				continue
			}
			if flags++; n >= lived+8*24 {
				t.Errorf("%s: %s %d hours after the change", name, reason, n-lived)
				break
			}
		}
		if flags < c.atLeast || flags > 24 {
			t.Errorf("%s: %d flags, want %d to 24", name, flags, c.atLeast)
		}
	}
}

// A series with less than a week of cells is not judged, nor is one after a silence of a week.
func TestYoungSeriesIsNotJudged(t *testing.T) {
	t.Parallel()
	s := newStrip(24, 0)
	for n := range 7*24 - 1 {
		s.take(zone(n))
	}
	if reason := s.Judge(1e9); reason != meter.Fine {
		t.Errorf("after a week less an hour: %s", reason)
	}
	s.take(zone(7*24 - 1))
	if reason := s.Judge(zone(7*24) * 1000); reason != meter.Factor {
		t.Errorf("after a week: %q", reason)
	}
	for range 13 * 24 {
		s.miss()
	}
	if reason := s.Judge(1e9); reason != meter.Fine {
		t.Errorf("after a long silence: %s", reason)
	}
	if reason := (meter.Past{PerDay: 24}).Judge(1); reason != meter.Fine {
		t.Errorf("of nothing: %s", reason)
	}
}

// The values of a house in which people live again after two weeks are not flagged.
func TestUsualIsBelieved(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		usual, value float32
		want         meter.Flag
	}{
		"home again":           {0.6, 2.9, meter.Fine},
		"nothing known":        {0, 2.9, meter.Spike},
		"beyond all":           {0.55, 3.4, meter.Spike},
		"a thousand times":     {0.6, 100, meter.Factor},
		"a thousand, once was": {60, 100, meter.Fine},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStrip(24, 1000)
			for n := range 400 {
				s.put(float32(0.08+0.04*noise(3, n)), meter.OK)
			}
			if s.Usual = c.usual; s.Judge(c.value) != c.want {
				t.Errorf("%v is %q, want %q", c.value, s.Judge(c.value), c.want)
			}
		})
	}
}

// In its second week a series may do what it did not do in the first: people come back to an empty
// house and charge a car. What lies far beyond that is a spike, and so is the same value later.
func TestSpikesOfTheSecondWeek(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		days  int
		value float32
		want  meter.Flag
	}{
		"a car in the second week":  {9, 8, meter.Fine},
		"a hundredfold of it":       {9, 120, meter.Spike},
		"a car after three weeks":   {21, 8, meter.Spike},
		"a day of it in the second": {9, 2.5, meter.Fine},
	} {
		s := newStrip(24, 0)
		for n := range c.days * 24 {
			v := 0.4 + house(n)/3
			if n%5 == 0 { // something is switched on
				v++
			}
			s.take(v)
		}
		if got := s.Judge(c.value); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

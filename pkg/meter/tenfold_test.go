package meter_test

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// A meter that shows a tenth, or ten times as much, for days is BAD from the sixth hour on, by one flag
// or another, for a day; then the level is believed. The way back is true.
func TestTenfoldIsFlaggedForADay(t *testing.T) {
	t.Parallel()
	const begin, days = 21 * 24, 5
	steady := func(n int) float32 { return 0.3 + house(n)/2 }
	for name, c := range map[string]struct {
		series load
		factor float32
		least  int // flags of the first 30 hours
	}{
		"a tenth of a house": {steady, 0.1, 10}, "ten times a house": {steady, 10, 20},
		"a tenth of a zone": {zone, 0.1, 20}, "ten times a zone": {zone, 10, 24},
		"half of a house": {steady, 0.5, 0}, "twice a house": {steady, 2, 0},
	} {
		s := newStrip(24, 0)
		first, later, back := 0, 0, 0
		for n := range begin + 10*24 {
			v := c.series(n)
			if n >= begin && n < begin+days*24 {
				v *= c.factor
			}
			bad := s.take(v) != meter.Fine
			switch {
			case !bad:
			case n < begin:
				t.Errorf("%s: cell %d is flagged before", name, n)
			case n < begin+30:
				first++
			case n < begin+days*24:
				later++
			default:
				back++
			}
		}
		if first < c.least || c.least == 0 && first > 0 || first+later > 24 || back > 0 {
			t.Errorf("%s: %d flags in 30 hours, %d later, %d afterwards", name, first, later, back)
		}
	}
}

// An empty house is no wrong unit, though it uses a tenth of what it did: its standby is that of its
// nights. Nor is an hour or two of a tenth.
func TestEmptyHouseIsNotTenfold(t *testing.T) {
	t.Parallel()
	for name, l := range map[string]load{
		"left": func(n int) float32 {
			if n > 21*24 {
				return 0.08 + 0.06*float32(noise(2, n))
			}
			return house(n)
		},
		"five hours": func(n int) float32 {
			if n >= 21*24 && n < 21*24+5 {
				return zone(n)/1e6 + 0.03*house(n)
			}
			return 0.3 + house(n)
		},
	} {
		s := newStrip(24, 0)
		for n := range 25 * 24 {
			if reason := s.take(l(n)); reason == meter.Tenfold {
				t.Errorf("%s: cell %d is %s", name, n, reason)
			}
		}
	}
}

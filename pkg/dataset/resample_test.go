package dataset

import (
	"math"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestFinerReadingsBecomeHours(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind meter.Kind
		unit string
		sum  bool
	}{
		"energy by kind": {meter.Energy, "", true}, "energy by unit": {0, "kWh", true},
		"power by unit": {0, "kW", false},
		"power by kind": {meter.Power, "m3", false}, "neither said": {0, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := NewBuilder()
			add := func(id meter.ID, unit string, second int64, value float64) {
				b.AddReading(id, Reading{Kind: c.kind, Unit: unit, Second: second, Value: value})
			}
			id := meter.ID{Site: "north", Meter: "m1"}
			const first = 1_700_006_400 / 3600 * 3600
			// quarters of 40 hours, shuffled; one of hour 7 is missing, one of hour 9 comes twice
			for i := range 40 * 4 {
				k := i * 37 % 160
				if k == 7*4+2 {
					continue
				}
				if k == 9*4 {
					add(id, c.unit, int64(first+k*900), 1e6)
				}
				add(id, c.unit, int64(first+k*900), float64(k))
			}
			h := b.Build()
			if len(h) != 1 || h[0].Ring.Known != 40 {
				t.Fatalf("%d histories", len(h))
			}
			for hour := range int64(40) {
				v, q := h[0].Ring.At(first/3600 + hour)
				want := float64(4*hour*4 + 6)
				if !c.sum {
					want /= 4
				}
				quality := meter.OK
				if hour == 7 { // it lacks the third quarter: the one before stands for it
					want, quality = 28+29+29+31, meter.Estimated
					if !c.sum {
						want /= 4
					}
				}
				if math.Abs(float64(v)-want) > 1e-3 || q != quality {
					t.Errorf("hour %d is %v (%s), want %v", hour, v, q, want)
				}
			}
		})
	}
}

// Quarter-hours cannot be joined to 20 minutes. They do not come more rarely, and the words say so.
func TestStepThatDoesNotDivideTheInterval(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	b.At(1200)
	for i := range int64(200) {
		b.Add(meter.ID{Site: "a", Meter: "fine"}, "kWh", i*900, 1+float64(i%32))
	}
	histories := b.Build()
	want := "1 of 1 series come at a step that does not divide 20 minutes and are left out: " +
		"a.fine (every 15m)"
	if text := b.Coarse(); text != want || len(histories) != 0 {
		t.Errorf("%d histories, told %q, want %q", len(histories), text, want)
	}
}

func TestCoarseSeriesAreLeftOut(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	for i := range 10 {
		b.Add(meter.ID{Site: "a", Meter: "fine"}, "", int64(i)*1800, 1)
		b.Add(meter.ID{Site: "a", Meter: "daily"}, "", int64(i)*86400, 1)
	}
	if all := b.Build(); len(all) != 1 || all[0].ID.Meter != "fine" {
		t.Errorf("%d histories", len(all))
	}
	if text := b.Coarse(); !strings.Contains(text, "1 of 2 series") ||
		!strings.Contains(text, "a.daily (every 24h)") {
		t.Errorf("%q", text)
	}
}

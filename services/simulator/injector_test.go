package simulator

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

func faultsOf(t interface{ Fatal(...any) }, spec string) Faults {
	f, err := ParseFaults(spec)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// wave returns a load with another value in each hour of a month.
func wave(cell int64) float64 {
	return rounded(10 + 3*math.Sin(2*math.Pi*float64(cell)/24) + float64(cell%701)/1000)
}

// played returns the arrivals of n cells in their order.
func played(in *injector, n int64, truth func(int64) float64) []arrival {
	var all []arrival
	for cell := int64(0); cell < n || in.busy(); cell++ {
		if cell < n {
			in.accept(cell, truth(cell))
		}
		for _, a := range in.due(cell) {
			a.due = cell
			all = append(all, a)
		}
	}
	return all
}

// Each fault does what its line in the table says, about as often as it says, and changes nothing
// else.
func TestEachFault(t *testing.T) {
	t.Parallel()
	const n = 24 * 365
	count := func(all []arrival, is func(arrival) bool) int {
		k := 0
		for _, a := range all {
			if is(a) {
				k++
			}
		}
		return k
	}
	for _, c := range []struct {
		spec        string
		least, most int // arrivals that are as they should be
		is          func(all []arrival, a arrival) bool
	}{
		{"lost=2%", 130, 220, func(_ []arrival, a arrival) bool { return a.never }},
		{"gap=1d/30d", 24 * 12, 24 * 13, func(_ []arrival, a arrival) bool { return a.never }},
		{"garbage=2%", 130, 220, func(_ []arrival, a arrival) bool { return a.text != "" }},
		{"late=2%", 130, 220, func(_ []arrival, a arrival) bool {
			by := a.due - a.second/3600
			return by >= 1 && by <= mostLate && a.value == a.truth
		}},
		{"burst=1d/30d", 24 * 12, 24 * 13, func(_ []arrival, a arrival) bool {
			by := a.due - a.second/3600
			return by >= leastHeld && by <= 24+mostHeld && a.value == a.truth
		}},
		{"frozen=1d", 24, 24, func(all []arrival, a arrival) bool {
			first := slices.IndexFunc(all, func(b arrival) bool { return b.fault == Frozen })
			return a.value == wave(all[first].due-1) && a.due < all[first].due+24
		}},
		{
			"flat=1d/30d", 24 * 12, 24 * 13,
			func(_ []arrival, a arrival) bool { return math.Abs(a.value-10.35) < 0.5 },
		},
		{"zero=12h/30d", 12 * 12, 12 * 13, func(_ []arrival, a arrival) bool { return a.value == 0 }},
		{
			"sign=1d/30d", 24 * 12, 24 * 13,
			func(_ []arrival, a arrival) bool { return a.value == -a.truth },
		},
		{
			"factor=6h/30d", 6 * 12, 6 * 13,
			func(_ []arrival, a arrival) bool { return a.value == 1000*a.truth },
		},
		{
			"spikes=2%", 130, 220,
			func(_ []arrival, a arrival) bool { return math.Abs(a.value-a.truth) > 4*a.truth },
		},
		{"years=1%", 60, 115, func(_ []arrival, a arrival) bool {
			return math.IsNaN(a.truth) && a.second > (n+24*364)*3600-n*3600 && a.value == wave(a.due)
		}},
		{"double=1%", 60, 115, func(_ []arrival, a arrival) bool {
			return !a.never && a.second/3600 == a.due-1 && a.value == wave(a.due) && a.truth == wave(a.due-1)
		}},
		{"corrected=2%", 130, 220, func(all []arrival, a arrival) bool {
			return a.value != a.truth && slices.ContainsFunc(all, func(b arrival) bool {
				return b.second == a.second && b.due > a.due && b.due <= a.due+mostAgain && b.value == b.truth
			})
		}},
		{"repeated=2%", 130, 220, func(all []arrival, a arrival) bool {
			return a.due*3600 > a.second && a.value == a.truth &&
				slices.ContainsFunc(all, func(b arrival) bool { return b.second == a.second && b.due < a.due })
		}},
		{"total=3h", 3, 3, func(all []arrival, a arrival) bool {
			return a.value >= 24*365/2*10 && a.due < 3 && (a.due == 0 || a.value > all[a.due-1].value)
		}},
		{"watthours=6h", 6, 6, func(_ []arrival, a arrival) bool {
			return a.due < 6 && math.Abs(a.value-1000*a.truth) < 1e-6
		}},
		{"hundredfold=7d", 1, 1, func(_ []arrival, a arrival) bool {
			return a.due < 7*24 && a.value >= 90*a.truth && a.value <= 2000
		}},
		{"unnamed=1d", 24, 24, func(_ []arrival, a arrival) bool { return a.value == a.truth }},
		{"reversed=2d", 48, 48, func(all []arrival, a arrival) bool {
			return a.due == 47 && a.value == a.truth && all[47-a.second/3600].second == a.second
		}},
		{"overdue=1d/30d", 24 * 12, 24 * 13, func(all []arrival, a arrival) bool {
			by := a.due - a.second/3600
			older := slices.ContainsFunc(all, func(b arrival) bool {
				return b.fault == Overdue && b.due < a.due && b.second/3600 > a.second/3600 &&
					b.second/3600 < a.second/3600+24
			})
			return by >= 24*leastOverdue && by <= 24*(mostOverdue+1) && a.value == a.truth && !older
		}},
		{"tenth=4d/30d", 24 * 48, 24 * 52, func(_ []arrival, a arrival) bool {
			return math.Abs(a.value-a.truth/10) < 0.001
		}},
		{"tenfold=12h/30d", 12 * 12, 12 * 13, func(_ []arrival, a arrival) bool {
			return a.value == 10*a.truth
		}},
		{"ahead=1d/30d", 24 * 12, 24 * 13, func(_ []arrival, a arrival) bool {
			return !a.never && a.second/3600 == a.due+1 && a.value == wave(a.due) && math.IsNaN(a.truth)
		}},
		{"unfinished=2%", 130, 220, func(all []arrival, a arrival) bool {
			own := slices.IndexFunc(all, func(b arrival) bool {
				return b.fault == "" && b.second == a.second-3600
			})
			return a.second/3600 == a.due+1 && a.value > 0 && a.value < 0.33*wave(a.due) && own >= 0
		}},
		{"gathered=6h/30d", 12, 13, func(_ []arrival, a arrival) bool {
			sum := 0.0
			for back := range int64(7) {
				sum += wave(a.due - back)
			}
			return !a.never && math.Abs(a.value-sum) < 1e-9
		}},
	} {
		t.Run(c.spec, func(t *testing.T) {
			t.Parallel()
			all := played(newInjector(faultsOf(t, c.spec), 5, 3600, 0, n, 0), n, wave)
			hit := count(all, func(a arrival) bool { return a.fault != "" && c.is(all, a) })
			if hit < c.least || hit > c.most {
				t.Errorf("%d arrivals are as they should be, want %d to %d", hit, c.least, c.most)
			}
			for _, a := range all {
				if a.fault == "" && (a.never || a.text != "" || a.value != a.truth ||
					a.value != wave(a.second/3600) || a.due != a.second/3600) {
					t.Fatalf("without a fault: %+v", a)
				}
			}
		})
	}
}

func TestRegisterFaults(t *testing.T) {
	t.Parallel()
	const n = 24 * 365
	register := func(cell int64) float64 { return float64(5000 + cell) }
	for _, c := range []struct {
		spec        string
		fault       Fault
		least, most int
		start       float64 // most that the register shows when it begins again
	}{
		{
			"reset=90d", Reset, 3, 5, 1,
		}, {"exchange=90d", Exchange, 3, 5, 1001}, {"rollover", Rollover, 8, 9, 1},
	} {
		t.Run(c.spec, func(t *testing.T) {
			t.Parallel()
			all := played(newInjector(faultsOf(t, c.spec), 5, 3600, 0, n, 1000), n, register)
			events := 0
			for i, a := range all {
				switch {
				case a.truth != register(int64(i)):
					t.Fatalf("truth %g of cell %d", a.truth, i)
				case a.fault == c.fault:
					events++
					if a.value < 0 || a.value > c.start {
						t.Errorf("begins again at %g", a.value)
					}
				case a.fault != "" || i > 0 && a.value != all[i-1].value+1:
					t.Fatalf("cell %d: %+v after %+v", i, a, all[i-1])
				}
			}
			if events < c.least || events > c.most {
				t.Errorf("%d events", events)
			}
		})
	}
}

// A register that shows another number goes on from where it was, and a new one may begin with 0.
func TestRegisterShowsAnotherNumber(t *testing.T) {
	t.Parallel()
	const n = 24 * 365
	register := func(cell int64) float64 { return float64(5000 + cell) }
	for _, c := range []struct {
		spec         string
		hit          int     // readings
		least, zeros float64 // least and most share of them that is 0
	}{{"blank=3h/10d", 3 * 36, 0.2, 0.8}, {"unset=2h", 2, 1, 1}} {
		all := played(newInjector(faultsOf(t, c.spec), 5, 3600, 0, n, 1000), n, register)
		hit, zeros := 0, 0.0
		for i, a := range all {
			switch {
			case a.truth != register(int64(i)) || a.due != int64(i):
				t.Fatalf("%s: cell %d: %+v", c.spec, i, a)
			case a.fault == "" && a.value != a.truth:
				t.Fatalf("%s: cell %d without a fault: %+v", c.spec, i, a)
			case a.fault != "":
				hit++
				if a.value == 0 {
					zeros++
				} else if all[i-1].fault != "" && a.value != all[i-1].value {
					t.Errorf("%s: cell %d: another number than before: %+v", c.spec, i, a)
				}
			}
		}
		share := zeros / float64(hit)
		if hit < c.hit || hit > c.hit+3 || share < c.least || share > c.zeros {
			t.Errorf("%s: %d readings, %g of them 0", c.spec, hit, share)
		}
	}
}

// Property: every cell keeps its truth under any fault, and nothing comes before its time. The same
// seed gives the same arrivals. An injector that begins late gives the arrivals of one from the
// start.
func TestInjectorProperties(t *testing.T) {
	t.Parallel()
	all := faultsOf(t, "all")
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 1500).Draw(t, "cells")
		k := key(rapid.Uint64().Draw(t, "key"))
		rolls := rapid.SampledFrom([]float64{0, 1000}).Draw(t, "rolls")
		truth := func(cell int64) float64 {
			if rolls > 0 {
				return float64(100_000 + 7*cell)
			}
			return wave(cell)
		}
		arrivals := played(newInjector(all, k, 3600, 0, n, rolls), n, truth)
		has := make([]bool, n)
		due := int64(0)
		for _, a := range arrivals {
			if a.due < due {
				t.Fatalf("%+v comes after one of %d", a, due)
			}
			due = a.due
			if !math.IsNaN(a.truth) {
				cell := a.second / 3600
				if a.truth != truth(cell) || a.due < cell {
					t.Fatalf("%+v: the truth is %g", a, truth(cell))
				}
				has[cell] = true
			}
			if a.text == "" && !a.never && (math.IsNaN(a.value) || math.Abs(a.value) >= meter.MaxValue) {
				t.Fatalf("%+v has no value that a reader takes", a)
			}
		}
		if at := slices.Index(has, false); at >= 0 {
			t.Fatalf("cell %d has no row with its truth", at)
		}
		from := rapid.Int64Range(0, n).Draw(t, "from") + 24*400
		const once = int64(onceEvery / time.Hour)
		early := newInjector(all, k, 3600, 0, once, rolls)
		late := newInjector(all, k, 3600, 0, once, rolls)
		early.first = from - rapid.Int64Range(-10, 24*20).Draw(t, "first")
		late.first = early.first
		for cell := from - 2*early.lookback(); cell < from+50; cell++ {
			early.accept(cell, truth(cell))
			one := slices.Clone(early.due(cell))
			if cell < from-late.lookback() {
				continue
			}
			late.accept(cell, truth(cell))
			if other := late.due(cell); cell >= from && !slices.EqualFunc(one, other, same) {
				t.Fatalf("cell %d: %+v, begun late %+v", cell, one, other)
			}
		}
	})
}

func same(a, b arrival) bool {
	both := math.IsNaN(a.truth) && math.IsNaN(b.truth)
	a.order, b.order = 0, 0
	if both {
		a.truth, b.truth = 0, 0
	}
	return a == b
}

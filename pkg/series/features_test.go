package series

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

const hour = meter.HourSeconds

// plain is the reference: the features written down once more over a whole
// history, with nothing of the ring or the window. z of cell first+i is z[i], and
// t is the index of the newest known value.
type plain struct {
	z      []float64
	t      int
	second int64 // at which z[0] starts
}

// at is z[i], or where that is not known the nearest whole day that is.
func (p plain) at(i int) float64 {
	for i > p.t {
		i -= 24
	}
	for i < 0 {
		i += 24
	}
	return p.z[min(i, p.t)]
}

func (p plain) calendar(i int, yearly bool) []float64 {
	hours := float64(p.second)/hour + float64(i)
	hr, dow, doy := math.Mod(hours, 24), math.Mod(math.Floor(hours/24)+3, 7), math.Mod(hours/24/365.25, 1)
	w := 2 * math.Pi
	weekend := func(day float64) float64 {
		if dow == day {
			return 1
		}
		return 0
	}
	cal := []float64{
		math.Sin(w * hr / 24), math.Cos(w * hr / 24), math.Sin(2 * w * hr / 24), math.Cos(2 * w * hr / 24),
		math.Sin(w * dow / 7), math.Cos(w * dow / 7), weekend(5), weekend(6),
	}
	if yearly {
		cal = append(cal, math.Sin(w*doy), math.Cos(w*doy))
	}
	return cal
}

func (p plain) input(yearly bool) []float64 {
	return slices.Concat([]float64{p.z[p.t]}, p.calendar(p.t, yearly), []float64{p.at(p.t + 1 - 24), p.at(p.t + 1 - 168)})
}

func (p plain) current() []float64 {
	z := p.z[p.t]
	return []float64{z, p.at(p.t - 1), z - p.at(p.t-24), z - p.at(p.t-168)}
}

// lead k. Beyond a day the lags of one and two days and the mean take the latest
// days that are known at the hour of the target.
func (p plain) lead(k int, yearly bool) []float64 {
	tau := p.t + k
	known := tau
	for known > p.t {
		known -= 24
	} // the latest known value at the target's hour
	mean := 0.0
	for d := range 7 {
		mean += p.at(known-24*d) / 7
	}
	return slices.Concat([]float64{p.at(known), p.at(known - 24), p.at(tau - 168), p.at(tau - 336), mean}, p.calendar(tau, yearly), []float64{float64(k) / 24})
}

func compare(
	t interface{ Fatalf(string, ...any) }, what string, names []string, got []float32, want []float64,
) {
	if len(got) != len(want) || len(got) != len(names) {
		t.Fatalf("%s: %d numbers, %d names, reference has %d", what, len(got), len(names), len(want))
	}
	for i, name := range names {
		if math.Abs(float64(got[i])-want[i]) > 2e-6*(1+math.Abs(want[i])) {
			t.Fatalf("%s: %s is %v, want %v", what, name, got[i], want[i])
		}
	}
}

// Whatever the length of the history, the phase, the horizon and the place in the
// ring: the features are those of the reference.
func TestFeaturesAreThoseOfTheReference(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.OneOf(rapid.IntRange(1, 50), rapid.IntRange(150, 180), rapid.IntRange(320, 460)).Draw(t, "cells")
		firstCell := rapid.Int64Range(0, 600_000).Draw(t, "first cell")
		phase := 300 * rapid.Int64Range(0, 11).Draw(t, "phase")
		horizon := rapid.SampledFrom([]int{1, 24, 48, 168}).Draw(t, "horizon")
		yearly := rapid.Bool().Draw(t, "yearly")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))

		ring := newRing(ringCells)
		reference := plain{second: firstCell*hour + phase}
		scaler := Scaler{Center: 2, Scale: 4} // powers of two: the reference divides without rounding
		for i := range cells {
			v := float32(random.NormFloat64())
			ring.Put(firstCell+int64(i), v, meter.OK)
			reference.z = append(reference.z, float64((v-2)/4))
		}
		dropped := max(cells-featureCells, 0) // what the features cannot look back on
		reference.z, reference.second = reference.z[dropped:], reference.second+int64(dropped)*hour
		reference.t = len(reference.z) - 1

		w := WindowOf(make([]float32, featureCells), &ring, scaler, ring.Newest, phase, hour)
		if w.Known != min(cells, featureCells) || w.Start != ring.Newest*hour+phase ||
			w.Interval != hour {
			t.Fatalf("window of %d cells starts z_t at %d, known %d", len(w.Z), w.Start, w.Known)
		}
		layout := DefaultLayout(yearly)
		input := make([]float32, len(layout.InputNames()))
		layout.Input(input, &w)
		compare(t, "input", layout.InputNames(), input, reference.input(yearly))
		current := make([]float32, len(layout.CurrentNames()))
		layout.Current(current, &w)
		compare(t, "current", layout.CurrentNames(), current, reference.current())
		width := len(layout.LeadNames())
		lead := make([]float32, horizon*width)
		layout.Lead(lead, &w, horizon)
		for k := 1; k <= horizon; k++ {
			compare(t, "lead", layout.LeadNames(), lead[(k-1)*width:k*width], reference.lead(k, yearly))
		}
	})
}

// With a fortnight behind it every lag is the very value of its cell.
func TestLagsAreTheirCells(t *testing.T) {
	t.Parallel()
	ring := newRing(ringCells)
	for n := int64(1000); n < 1000+ringCells; n++ {
		ring.Put(n, float32(n), meter.OK)
	}
	now := float32(ring.Newest)
	w := WindowOf(make([]float32, featureCells), &ring, Scaler{Scale: 1}, ring.Newest, 0, hour)
	layout := DefaultLayout(false)
	input := make([]float32, len(layout.InputNames()))
	layout.Input(input, &w)
	if got, want := []float32{input[0], input[9], input[10]}, []float32{now, now - 23, now - 167}; !slices.Equal(got, want) {
		t.Errorf("z_t and the lags of the next interval are %v, want %v", got, want)
	}
	lead := make([]float32, 48*len(layout.LeadNames()))
	layout.Lead(lead, &w, 48)
	for _, k := range []float32{1, 7, 24} {
		tau := now + k
		want := []float32{tau - 24, tau - 48, tau - 168, tau - 336, tau - 96}
		if got := lead[(int(k)-1)*len(layout.LeadNames()):][:5]; !slices.Equal(got, want) {
			t.Errorf("lead %v: %v, want %v", k, got, want)
		}
	}
	// Tomorrow's days are not known at lead 30: the two before them are.
	tau := now + 30
	want := []float32{tau - 48, tau - 72, tau - 168, tau - 336, tau - 120}
	if got := lead[29*len(layout.LeadNames()):][:5]; !slices.Equal(got, want) {
		t.Errorf("lead 30: %v, want %v", got, want)
	}
	current := make([]float32, 4)
	layout.Current(current, &w)
	if !slices.Equal(current, []float32{now, now - 1, 24, 168}) {
		t.Errorf("current %v", current)
	}
}

// A window moved back is the window that ended there: the warm-up after a swap
// sees what the steps saw.
func TestBackIsTheWindowThatEndedThere(t *testing.T) {
	t.Parallel()
	layout := DefaultLayout(true)
	rapid.Check(t, func(t *rapid.T) {
		cells := rapid.IntRange(100, 500).Draw(t, "cells")
		back := rapid.IntRange(0, ringCells-featureCells).Draw(t, "back")
		ring, random := newRing(ringCells), rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 2))
		for n := range int64(cells) {
			ring.Put(n, float32(random.NormFloat64()), meter.OK)
		}
		scaler := Scaler{Center: 0.3, Scale: 1.7}
		moved := WindowOf(make([]float32, ringCells), &ring, scaler, ring.Newest, 900, hour).Back(back)
		ended := WindowOf(make([]float32, ringCells), &ring, scaler, ring.Newest-int64(back), 900, hour)
		if moved.Start != ended.Start || moved.Interval != ended.Interval ||
			moved.Known != min(cells, ringCells)-back {
			t.Fatalf("start %d known %d; want %d", moved.Start, moved.Known, ended.Start)
		}
		for _, write := range []func([]float32, *Window){
			layout.Input, layout.Current, func(dst []float32, w *Window) { layout.Lead(dst, w, 24) },
		} {
			a, b := make([]float32, 24*len(layout.LeadNames())), make([]float32, 24*len(layout.LeadNames()))
			write(a[:cap(a)], &moved)
			write(b[:cap(b)], &ended)
			if !slices.Equal(a, b) {
				t.Fatalf("%d back: %v\nended there: %v", back, a, b)
			}
		}
	})
}

func TestLayoutNamesRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		calendar := rapid.SliceOfNDistinct(rapid.IntRange(0, int(calendarFeatures)-1), 0, int(calendarFeatures), rapid.ID[int]).Draw(t, "calendar")
		var l Layout
		for _, f := range calendar {
			l.calendar = append(l.calendar, CalendarFeature(f))
		}
		got, err := LayoutOf(l.InputNames(), l.LeadNames(), l.CurrentNames())
		if err != nil || !slices.Equal(got.calendar, l.calendar) {
			t.Fatalf("%v came back as %v, %v", l.InputNames(), got.InputNames(), err)
		}
	})
	want := []string{"z", "hour_sin", "hour_cos", "hour2_sin", "hour2_cos", "weekday_sin", "weekday_cos", "saturday", "sunday", "lag_1d", "lag_7d"}
	if got := DefaultLayout(false).InputNames(); !slices.Equal(got, want) {
		t.Errorf("inputs %v", got)
	}
	if n := len(DefaultLayout(true).InputNames()); n != len(want)+2 {
		t.Errorf("%d inputs with the year", n)
	}
}

func TestLayoutOfRefuses(t *testing.T) {
	t.Parallel()
	with := func(list []string, i int, name string) []string {
		list = slices.Clone(list)
		list[i] = name
		return list
	}
	good := DefaultLayout(true)
	in, lead, current := good.InputNames(), good.LeadNames(), good.CurrentNames()
	for name, c := range map[string]struct {
		in, lead, current []string
		says              string
	}{
		"unknown calendar": {with(in, 3, "temperature"), lead, current, `"temperature" is not known`},
		"unknown lag":      {with(in, len(in)-1, "lag_3d"), lead, current, "lag_3d"},
		"no z":             {with(in, 0, "y"), lead, current, "input features"},
		"no inputs":        {nil, lead, current, "input features"},
		"two inputs":       {[]string{"z", "lag_1d"}, lead, current, "input features"},
		"calendars differ": {in, DefaultLayout(false).LeadNames(), current, "lead features"},
		"lead swapped":     {in, with(with(lead, 0, lead[1]), 1, lead[0]), current, "lead features"},
		"lead missing":     {in, lead[1:], current, "lead features"},
		"unknown lead":     {in, with(lead, len(lead)-1, "temperature"), current, "temperature"},
		"current more":     {in, lead, append(slices.Clone(current), "z_2"), "current features"},
		"no current":       {in, lead, nil, "current features"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := LayoutOf(c.in, c.lead, c.current)
			if err == nil || !strings.Contains(err.Error(), c.says) ||
				!strings.Contains(err.Error(), "train the model anew") {
				t.Errorf("%v", err)
			}
		})
	}
}

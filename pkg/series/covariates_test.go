package series

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// day keeps the tables below short.
const day = meter.DaySeconds / meter.HourSeconds

var nan = float32(math.NaN())

func TestHoursAt(t *testing.T) {
	t.Parallel()
	values := make([]float32, 20*day)
	for i := range values {
		values[i] = float32(i)
	}
	for _, i := range []int{50, 50 - day, 300} {
		values[i] = nan
	}
	for i := 400; i < 400+14*day; i++ { // longer than is looked back
		if i < len(values) {
			values[i] = nan
		}
	}
	h := Hours{First: 1000, Values: values}
	for name, c := range map[string]struct {
		hour  int64
		want  float32
		knows bool
	}{
		"known":                        {1010, 10, true},
		"first":                        {1000, 0, true},
		"yesterday stands in":          {1300, 300 - day, false},
		"two days before":              {1050, 50 - 2*day, false},
		"none before":                  {1000 - 1, nan, false},
		"long before":                  {3, nan, false},
		"after the end":                {1000 + 20*day, 20*day - 4*day, false},
		"too long after":               {1000 + 40*day, nan, false},
		"a later day does not stand":   {1000 - day + 5, nan, false},
		"first hour of a long hole":    {1400, 400 - day, false},
		"its second day takes the 1st": {1400 + day, 400 - day, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := h.At(c.hour); got != c.want &&
				!(math.IsNaN(float64(got)) && math.IsNaN(float64(c.want))) {
				t.Errorf("%v, want %v", got, c.want)
			}
			if h.Knows(c.hour) != c.knows {
				t.Errorf("knows it: %v", !c.knows)
			}
		})
	}
}

// covariateWindow is a window of noise that ends two hours before the end of the
// day 10 since the epoch, with temperatures from day 0 on.
func covariateWindow(values []float32) Window {
	ring := newRing(ringCells)
	for n := range int64(10*day - 2) {
		ring.Put(n, float32(n%7), meter.OK)
	}
	w := WindowOf(make([]float32, featureCells), &ring, Scaler{Scale: 1}, ring.Newest, 0, hour)
	w.Ahead = Ahead{"temperature": {Values: values}}
	return w
}

func TestCovariateFeatures(t *testing.T) {
	t.Parallel()
	values := make([]float32, 12*day)
	for i := range values {
		values[i] = 20 + float32(i)
	}
	values[10*day] = nan
	values[10*day+5] = 1e9
	layout := DefaultLayout(false).WithCovariates([]meter.Covariate{{Name: "wind", Center: 5, Scale: 1}, {Name: "temperature", Center: 250, Scale: 100}})
	w := covariateWindow(values)
	z := func(i int) float32 { return (20 + float32(i) - 250) / 100 }

	names := layout.InputNames()
	x := make([]float32, len(names))
	layout.Input(x, &w)
	at := func(list []string, name string) int {
		i := slices.Index(list, name)
		if i < 0 {
			t.Fatalf("no feature %s in %v", name, list)
		}
		return i
	}
	if got, want := x[at(names, "covariate_temperature")], z(10*day-3); got != want {
		t.Errorf("input %v, want %v", got, want)
	}
	if got := x[at(names, "covariate_wind")]; got != 0 {
		t.Errorf("unknown wind is %v, want its mean, 0", got)
	}

	names = layout.LeadNames()
	lead := make([]float32, 30*len(names))
	layout.Lead(lead, &w, 30)
	row := func(k int, name string) float32 { return lead[(k-1)*len(names)+at(names, name)] }
	if got := row(1, "covariate_temperature"); got != z(10*day-2) {
		t.Errorf("lead 1: %v, want %v", got, z(10*day-2))
	}
	if got := row(3, "covariate_temperature"); got != z(9*day) {
		t.Errorf("missing hour: %v, want yesterday's %v", got, z(9*day))
	}
	if got := row(8, "covariate_temperature"); got != covariateClip {
		t.Errorf("broken thermometer: %v", got)
	}
	var mean float64
	for i := 10*day - 2 - 23; i <= 10*day-2; i++ {
		mean += float64(z(i)) / day
	}
	if got := row(1, "daymean_temperature"); math.Abs(float64(got)-mean) > 1e-5 {
		t.Errorf("mean of the day %v, want %v", got, mean)
	}
	if got := row(2, "change_1d_temperature"); math.Abs(float64(got)-0.24) > 1e-5 {
		t.Errorf("change %v, want 0.24", got)
	}
	// Beyond a day the lags are two days back, and so is what the change is from.
	if got := row(26, "change_1d_temperature"); math.Abs(float64(got)-0.48) > 1e-5 {
		t.Errorf("change at lead 26: %v, want 0.48", got)
	}
	if got := row(30, "lead"); got != 30.0/day {
		t.Errorf("lead %v is last", got)
	}
}

// A lead sees covariates up to its own hour and none after it.
func TestNoCovariateAfterTheLead(t *testing.T) {
	t.Parallel()
	layout := DefaultLayout(false).WithCovariates([]meter.Covariate{{Name: "temperature", Scale: 10}})
	width := len(layout.LeadNames())
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, day).Draw(t, "lead")
		values := make([]float32, 12*day)
		for i := range values {
			values[i] = float32(i % 31)
			if rapid.IntRange(0, 9).Draw(t, "missing") == 0 {
				values[i] = nan
			}
		}
		w := covariateWindow(values)
		before, after := make([]float32, day*width), make([]float32, day*width)
		layout.Lead(before, &w, day)
		for i := 10*day - 3 + k + 1; i < len(values); i++ {
			values[i] = -50
		}
		layout.Lead(after, &w, day)
		if !slices.Equal(before[:k*width], after[:k*width]) {
			t.Fatalf("leads up to %d changed", k)
		}
	})
}

func TestLayoutOfCovariates(t *testing.T) {
	t.Parallel()
	all := []meter.Covariate{{Name: "temperature", Center: 1, Scale: 2}, {Name: "wind", Scale: 1}}
	want := DefaultLayout(true).WithHolidays().WithCovariates(all)
	got, err := LayoutOf(want.InputNames(), want.LeadNames(), want.CurrentNames(), all...)
	if err != nil || !slices.Equal(got.Covariates(), all) ||
		!slices.Equal(got.LeadNames(), want.LeadNames()) {
		t.Fatalf("%v, %v", got.Covariates(), err)
	}
	for name, covariates := range map[string][]meter.Covariate{"none": nil, "one of two": all[:1], "another order": {all[1], all[0]}} {
		if _, err := LayoutOf(want.InputNames(), want.LeadNames(), want.CurrentNames(), covariates...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

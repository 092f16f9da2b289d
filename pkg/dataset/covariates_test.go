package dataset

import (
	"math"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

const firstHour = 480_000

// add gives a builder n values of a covariate, one every step seconds.
func addCovariate(b *Builder, site, name string, n int, step int64, value func(i int) float64) {
	for i := range n {
		b.Add(meter.ID{Site: site, Meter: name}, "", firstHour*meter.HourSeconds+int64(i)*step,
			value(i))
	}
}

func covariates(t testing.TB, b *Builder) *Covariates {
	t.Helper()
	c, err := b.Covariates()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func of(site string) meter.ID { return meter.ID{Site: site, Meter: "m1"} }

func TestWhoseCovariate(t *testing.T) {
	t.Parallel()
	value := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	for name, c := range map[string]struct {
		add  map[string]float64 // by <site>.<name>
		site string
		want float32 // of temperature, NaN for none
	}{
		"its own site": {map[string]float64{"north.temperature": 1,
			"south.temperature": 2}, "south", 2},
		"of another site": {map[string]float64{"north.temperature": 1,
			"south.temperature": 2}, "west", nan},
		"default for all": {map[string]float64{"default.temperature": 1,
			"south.temperature": 2}, "west", 1},
		"own before default": {map[string]float64{"default.temperature": 1,
			"south.temperature": 2}, "south", 2},
		"default beside own": {map[string]float64{"default.temperature": 1, "south.wind": 2},
			"south", 1},
		"the one site for all":     {map[string]float64{"station7.temperature": 3}, "south", 3},
		"the one site for default": {map[string]float64{"station7.temperature": 3}, "default", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := NewBuilder()
			for id, v := range c.add {
				site, name, _ := strings.Cut(id, ".")
				addCovariate(b, site, name, 5, meter.HourSeconds, value(v))
			}
			got := covariates(t, b).Of(of(c.site))["temperature"].At(firstHour + 2)
			if got != c.want && !(math.IsNaN(float64(got)) && math.IsNaN(float64(c.want))) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

var nan = float32(math.NaN())

func TestCovariatesComeByTheHour(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	addCovariate(b, "default", "temperature", 4*10, 900, func(i int) float64 { return float64(i) })
	// again: the first counts
	b.Add(meter.ID{Site: "default", Meter: "temperature"}, "", firstHour*meter.HourSeconds+1800,
		1e6)
	b.Add(meter.ID{Site: "default", Meter: "temperature"}, "",
		(firstHour+20)*meter.HourSeconds+600, 7)
	h := covariates(t, b).Of(of("x"))["temperature"]
	for hour := range int64(10) {
		if got, want := h.At(firstHour+hour), float32(4*hour)+1.5; got != want {
			t.Errorf("hour %d is %v, want the mean %v", hour, got, want)
		}
	}
	if h.Knows(firstHour+15) || h.At(firstHour+20) != 7 {
		t.Errorf("hour 15 is known: %v; hour 20 is %v, want what there is of it, 7",
			h.Knows(firstHour+15), h.At(firstHour+20))
	}
}

func TestStandardisedLooksAtTheTrainingRangeAlone(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	addCovariate(b, "north", "temperature", 100, meter.HourSeconds, func(i int) float64 {
		if i >= 50 {
			return 1e6 // after the training range
		}
		return float64(10 + i%2)
	})
	addCovariate(b, "south", "temperature", 50, meter.HourSeconds,
		func(i int) float64 { return float64(20 + i%2) })
	addCovariate(b, "south", "constant", 50, meter.HourSeconds, func(int) float64 { return 0 })
	all, err := covariates(t, b).Standardised((firstHour + 50) * meter.HourSeconds)
	if err != nil || len(all) != 2 {
		t.Fatal(all, err)
	}
	if c := all[0]; c.Name != "constant" || c.Center != 0 || c.Scale <= 0 {
		t.Errorf("%+v", c)
	}
	if c := all[1]; c.Name != "temperature" || c.Center != 15.5 ||
		math.Abs(float64(c.Scale)-math.Sqrt(25.25)) > 1e-4 {
		t.Errorf("%+v", c)
	}
	if _, err := covariates(t, b).Standardised(firstHour * meter.HourSeconds); err == nil ||
		!strings.Contains(err.Error(), "constant has no value in the training range") {
		t.Errorf("%v", err)
	}
}

func TestCovariatesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	flat := func(int) float64 { return 1 }
	for name, c := range map[string]struct {
		add  func(b *Builder)
		says string
	}{
		"coarse": {func(b *Builder) {
			addCovariate(b, "north", "temperature", 9,
				3*meter.HourSeconds, flat)
		}, "covariate north.temperature has a value every 3 h"},
		"long name": {func(b *Builder) {
			addCovariate(b, "north", strings.Repeat("x", 60), 9,
				meter.HourSeconds, flat)
		}, "60 bytes: 54 are the most"},
		"too much": {func(b *Builder) {
			for i := range 20 {
				name := string(rune('a' + i))
				for _, second := range []int64{0, meter.HourSeconds, 7_200_000_000} {
					b.Add(meter.ID{Site: "s", Meter: name}, "", second, 1)
				}
			}
		}, "20000000 are the most"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := NewBuilder()
			c.add(b)
			if _, err := b.Covariates(); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestGapsInWords(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	addCovariate(b, "default", "temperature", 100, meter.HourSeconds,
		func(int) float64 { return 1 })
	c := covariates(t, b)
	histories := []*History{{ID: of("a")}, {ID: of("b")}}
	if got := c.Gaps(histories, []string{"temperature"}, firstHour*meter.HourSeconds,
		(firstHour+100)*meter.HourSeconds); got != "" {
		t.Errorf("nothing is missing: %q", got)
	}
	want := "temperature is missing in 20 of 120 hours (10 take the same hour of a day before, " +
		"10 the mean)"
	if got := c.Gaps(histories, []string{"temperature"}, (firstHour-10)*meter.HourSeconds,
		(firstHour+110)*meter.HourSeconds); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	var none *Covariates
	if none.Gaps(histories, []string{"temperature"}, 0, 7200) != "" || none.Of(of("a")) != nil ||
		none.Names() != nil {
		t.Error("no covariates at all must be possible")
	}
}

// Training windows read covariates by the function that serving calls.
func TestWindowsReadCovariates(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	addCovariate(b, "north", "temperature", 1000, meter.HourSeconds,
		func(i int) float64 { return float64(i) })
	cfg := smallWindows()
	h := noise(700, 5, 0)
	cfg.Ahead = covariates(t, b)
	all, err := cfg.Ahead.Standardised(math.MaxInt64 / 2)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Layout = cfg.Layout.WithCovariates(all)
	s, err := NewSampler(cfg, []*History{h}, h.Start(h.Ring.First()), h.Start(h.Ring.Newest+1), 1)
	if err != nil {
		t.Fatal(err)
	}
	var batch Batch
	s.Next(&batch)
	names := cfg.Layout.LeadNames()
	column := -1
	for i, name := range names {
		if name == "covariate_temperature" {
			column = i
		}
	}
	for k := 1; k < cfg.Horizon; k++ { // an hour later is one degree more
		step := batch.Lead[k*len(names)+column] - batch.Lead[(k-1)*len(names)+column]
		if math.Abs(float64(step*all[0].Scale)-1) > 1e-2 {
			t.Fatalf("lead %d is %v degrees above the one before", k+1, step*all[0].Scale)
		}
	}
}

package evaluate

import (
	"math"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	hours = 700
	from  = 500 // hour of the first origin
	until = 650
	every = 5
)

func config() Config {
	return Config{From: epoch + from*hour, Until: epoch + until*hour,
		Every: every}
}

// origins of a meter: the first one is that of the cell that ends with From, a
// forecast is due when its last reading came and a day lies in the range.
func (m metered) origins() (last []int) {
	first := from - 1
	if m.phase > 0 {
		first-- // the cell that holds From has begun before it
	}
	for i := first; i+horizon < hours; i += every {
		if m.second(i)+(horizon+1)*hour <= epoch+until*hour+m.phase && !math.IsNaN(m.values[i]) {
			last = append(last, i)
		}
	}
	return last
}

// past gives the readings with their holes filled by the day before, the index of
// the first one, and that of the first cell of the test.
func (m metered) past() (filled []float64, begin, test int) {
	filled = slices.Clone(m.values)
	begin = slices.IndexFunc(filled, func(v float64) bool { return !math.IsNaN(v) })
	for i := begin; i < hours; i++ {
		if !math.IsNaN(filled[i]) {
			continue
		}
		if filled[i] = filled[i-1]; i >= begin+24 {
			filled[i] = filled[i-24]
		}
	}
	if m.phase > 0 {
		return filled, begin, from - 1 // the cell that holds From has begun before it
	}
	return filled, begin, from
}

// scores of a rule on a meter: of its quantiles, and of its plain value.
func (m metered) scores(rule func(y []float64, i int) float64) (spread, plain sums) {
	filled, begin, test := m.past()
	errors := func(hour, k int) (e []float64) {
		for o := begin + 168; o <= test-1-horizon; o++ {
			if o%24 == hour && !math.IsNaN(m.values[o+k]) {
				e = append(e, m.values[o+k]-rule(filled, o+k))
			}
		}
		slices.Sort(e)
		return e
	}
	for _, last := range m.origins() {
		for k := 1; k <= horizon && last-168 >= begin; k++ {
			y := m.values[last+k]
			if math.IsNaN(y) {
				continue
			}
			value, past := rule(filled, last+k), errors(last%24, k)
			q := []float64{value, value, value, value, value}
			plain.add(y, q)
			for i, level := range fiveLevels {
				if len(past) > 0 {
					q[i] += typeSeven(past, level)
				}
			}
			spread.add(y, q)
		}
	}
	return spread, plain
}

// The rules computed once more from the readings alone.
func TestRulesAreThoseOfPlainCode(t *testing.T) {
	t.Parallel()
	all := meters(hours)
	both := measure(t, randomModel(1), histories(all), config())
	report, baselines := both.Report, both.Baselines
	mean := func(y []float64, i int) float64 {
		return (y[i-24] + y[i-48] + y[i-72] + y[i-96] + y[i-120] + y[i-144] + y[i-168]) / 7
	}
	for name, rule := range map[Rule]func(y []float64, i int) float64{
		"seasonal_naive_day":  func(y []float64, i int) float64 { return y[i-24] },
		"seasonal_naive_week": func(y []float64, i int) float64 { return y[i-168] },
		"mean_7_days":         mean,
		"mix": func(y []float64, i int) float64 {
			return mean(y, i)/2 +
				y[i-168]/2
		},
	} {
		var total, flat sums
		var mase, mase24 float64
		for _, m := range all {
			spread, plain := m.scores(rule)
			total.join(spread)
			flat.join(plain)
			filled, begin, test := m.past()
			lag := func(season int) (sum float64) {
				for i := begin + season; i < test; i++ {
					sum += math.Abs(filled[i]-filled[i-season]) / float64(test-begin-season)
				}
				return sum
			}
			mae := plain.err / float64(plain.n)
			if mase24 += mae / lag(24); test-begin > 168 {
				mase += mae / lag(168)
			}
		}
		also := flat.measures() // point measures are those of the plain value
		for _, ofQuantiles := range []string{"pinball", "nd_p10", "nd_p90", "coverage80",
			"interval_score80"} {
			delete(also, ofQuantiles)
		}
		// the young series has no week before the test
		also["mase"], also["mase24"] = mase/2, mase24/3
		got := baselines.Overall[name]
		check(t, string(name), got.N, got.Map(), &total, also)
	}
	if got, want := baselines.SeasonalNaive(), baselines.Overall[SeasonalNaiveDay]; got != want ||
		len(baselines.Overall) != len(Rules()) {
		t.Errorf("seasonal naive %+v, want %+v of %d rules", got, want, len(baselines.Overall))
	}
	origins := 0
	for _, m := range all {
		origins += len(m.origins())
	}
	if report.Forecasts != origins || report.Series != len(all) {
		t.Errorf("%d forecasts of %d series, want %d of %d", report.Forecasts, report.Series,
			origins, len(all))
	}
}

// The network's measures are those of a forecaster that is fed the same readings
// one by one, each series alone.
func TestModelMeasuresAreThoseOfServing(t *testing.T) {
	t.Parallel()
	all, m := meters(hours), randomModel(2)
	both := measure(t, m, histories(all), config())
	report, naive := both.Report, both.Baselines.SeasonalNaive()
	var total sums
	leads := make([]sums, horizon)
	for _, one := range all {
		e := engine.New()
		if err := e.SetModel(m); err != nil {
			t.Fatal(err)
		}
		origins := one.origins()
		for i, v := range one.values {
			if math.IsNaN(v) {
				continue
			}
			f := e.Step([]engine.Reading{{Series: one.id(), Second: one.second(i), Value: v,
				Quality: meter.OK}}).Forecasts[0]
			if !slices.Contains(origins, i) {
				continue
			}
			for k := range horizon {
				y := one.values[i+1+k]
				if math.IsNaN(y) {
					continue
				}
				var q []float64
				for _, v := range f.Quantiles[5*k : 5*k+5] {
					q = append(q, float64(v))
				}
				total.add(y, q)
				leads[k].add(y, q)
			}
		}
	}
	check(t, "overall", report.Overall.N, report.Overall.Map(), &total, nil)
	if len(report.ByLead) != horizon {
		t.Fatalf("%d leads", len(report.ByLead))
	}
	for k := range leads {
		check(t, "lead", report.ByLead[k].N, report.ByLead[k].Map(), &leads[k], nil)
	}
	if got, want := Skill(report.Overall,
		naive), 1-report.Overall.Pinball/naive.Pinball; got != want {
		t.Errorf("skill %v, want %v", got, want)
	}
}

package evaluate

import (
	"math"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/series"
)

const (
	hours = 700
	from  = 500 // hour of the first origin
	until = 650
	every = 5
)

func config() Config { return Config{From: epoch + from*hour, Until: epoch + until*hour, Every: every} }

// origins of a meter: the first one is that of the cell that ends with From, a
// forecast is due when its last reading came and a day lies in the range.
func (m meter) origins() (last []int) {
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

// The seasonal naive rule computed once more from the readings alone.
func TestNaiveMeasuresAreThoseOfPlainCode(t *testing.T) {
	t.Parallel()
	all := meters(hours)
	report, err := Backtest(t.Context(), randomModel(1), histories(all), config())
	if err != nil {
		t.Fatal(err)
	}
	var total, flat tally // of the quantiles, of the plain value
	var mase, mase24 float64
	forecasts := 0
	for _, m := range all {
		filled := slices.Clone(m.values)
		begin := slices.IndexFunc(filled, func(v float64) bool { return !math.IsNaN(v) })
		for i := begin; i < hours; i++ {
			if math.IsNaN(filled[i]) {
				filled[i] = filled[max(i-24, begin)]
				if i < begin+24 {
					filled[i] = filled[i-1]
				}
			}
		}
		var mine, plain tally
		test := from
		if m.phase > 0 {
			test-- // the cell that holds From has begun before it
		}
		residuals := func(hour, k int) (r []float64) {
			for o := begin + 168; o <= test-1-horizon; o++ {
				if o%24 == hour && !math.IsNaN(m.values[o+k]) {
					r = append(r, m.values[o+k]-filled[o+k-24])
				}
			}
			slices.Sort(r)
			return r
		}
		for _, last := range m.origins() {
			forecasts++
			if last-168 < begin {
				continue
			}
			for k := 1; k <= horizon; k++ {
				if math.IsNaN(m.values[last+k]) {
					continue
				}
				value := filled[last+k-24]
				past := residuals(last%24, k)
				var q []float64
				for _, level := range engine.NaiveLevels() {
					spread := 0.0
					if len(past) > 0 {
						spread = typeSeven(past, level)
					}
					q = append(q, value+spread)
				}
				mine.add(m.values[last+k], q)
				plain.add(m.values[last+k], []float64{value, value, value, value, value})
			}
		}
		var week, day float64
		past := filled[begin:from]
		if m.phase > 0 {
			past = filled[begin : from-1]
		}
		for i := 24; i < len(past); i++ {
			day += math.Abs(past[i]-past[i-24]) / float64(len(past)-24)
		}
		for i := 168; i < len(past); i++ {
			week += math.Abs(past[i]-past[i-168]) / float64(len(past)-168)
		}
		mae := plain.err / float64(plain.n)
		if len(past) > 168 {
			mase += mae / week
		}
		if plain.n > 0 {
			mase24 += mae / day
		}
		total.join(mine)
		flat.join(plain)
	}
	also := flat.measures()
	for _, name := range []string{"pinball", "nd_p10", "nd_p90", "coverage80", "interval_score80"} {
		delete(also, name)
	}
	also["mase"], also["mase24"] = mase/2, mase24/3
	if len(all[2].values)/2 < from-168 {
		t.Fatal("the young series has a week before the first origin: its MASE counts too")
	}
	check(t, "seasonal naive", report.SeasonalNaive().N, report.SeasonalNaive().Map(), &total, also)
	if report.Forecasts != forecasts || report.Series != 3 {
		t.Errorf("%d forecasts of %d series, want %d of 3", report.Forecasts, report.Series, forecasts)
	}
}

// The network's measures are those of a forecaster that is fed the same readings
// one by one, each series alone.
func TestModelMeasuresAreThoseOfServing(t *testing.T) {
	t.Parallel()
	all, m := meters(hours), randomModel(2)
	report, err := Backtest(t.Context(), m, histories(all), config())
	if err != nil {
		t.Fatal(err)
	}
	var total tally
	leads := make([]tally, horizon)
	for _, meter := range all {
		e := engine.New()
		if err := e.SetModel(m); err != nil {
			t.Fatal(err)
		}
		origins := meter.origins()
		for i, v := range meter.values {
			if math.IsNaN(v) {
				continue
			}
			f := e.Step([]engine.Reading{{Series: meter.id(), Second: meter.second(i), Value: v, Quality: series.OK}}).Forecasts[0]
			if !slices.Contains(origins, i) {
				continue
			}
			for k := range horizon {
				y := meter.values[i+1+k]
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
	if got, want := report.Skill(), 1-report.Overall.Pinball/report.SeasonalNaive().Pinball; got != want {
		t.Errorf("skill %v, want %v", got, want)
	}
}

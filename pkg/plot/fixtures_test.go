package plot

import (
	"math"
	"time"
)

// origin of all fixtures: the end of a Monday's 14th hour.
func origin() time.Time { return time.Date(2017, 11, 13, 14, 0, 0, 0, time.UTC) }

// dailyFan is three days of an hourly load and a forecast of a day, which the actuals follow.
func dailyFan(title, unit string, scale, offset float64) Fan {
	at := func(k int) float64 {
		t := origin().Add(time.Duration(k) * time.Hour)
		hour := float64(t.Hour())
		wave := 1 + 0.5*math.Sin((hour-9)/24*2*math.Pi) + 0.25*math.Sin((hour-3)/12*2*math.Pi)
		noise := 0.08 * math.Sin(float64(k)*2.399+float64(k*k%7))
		return offset + scale*(wave+noise)
	}
	f := Fan{
		Title: title, Subtitle: "wQL 0.028, same hour yesterday 0.050; 80 % band held 79 of 100",
		Unit: unit, Origin: origin(), Interval: time.Hour, NaiveName: "same hour yesterday",
	}
	for k := -72; k < 0; k++ {
		f.Readings = append(f.Readings, Point{origin().Add(time.Duration(k) * time.Hour), at(k)})
	}
	for k := range 24 {
		width := scale * (0.05 + 0.012*float64(k))
		median := at(k) + 0.4*width*math.Sin(float64(k)*1.7)
		f.Median = append(f.Median, median)
		f.Lower50 = append(f.Lower50, median-0.5*width)
		f.Upper50 = append(f.Upper50, median+0.6*width)
		f.Lower80 = append(f.Lower80, median-1.1*width)
		f.Upper80 = append(f.Upper80, median+1.3*width)
		f.Actual = append(f.Actual, at(k))
		f.Naive = append(f.Naive, at(k-24))
	}
	return f
}

// risingErrors are four rules and ours.
func risingErrors() ByLead {
	rule := func(name string, from, by float64) Rule {
		r := Rule{Name: name}
		for k := range 24 {
			e := from + by*math.Sqrt(float64(k)) + 0.002*math.Sin(float64(k))
			r.WQL = append(r.WQL, 0.7*e)
			r.WAPE = append(r.WAPE, e)
		}
		return r
	}
	return ByLead{
		Title: "Better than every simple rule at all 24 leads", Subtitle: "145 origins, 8 series",
		Interval: time.Hour,
		Ours:     rule("load-1h v1", 0.012, 0.009),
		Naive: []Rule{
			rule("same hour yesterday", 0.066, 0.001), rule("same hour last week", 0.107, 0.0004),
			rule("mean of 7 days", 0.083, 0.001), rule("mix of simple rules", 0.076, 0.002),
		},
	}
}

// weekAhead are errors of a week of hours, by lead and by day.
func weekAhead() ByLead {
	b := risingErrors()
	b.Title = "Better than every simple rule on all 7 days"
	rules := append([]Rule{b.Ours}, b.Naive...)
	for i := range rules {
		r := &rules[i]
		wql, wape := r.WQL, r.WAPE
		r.WQL, r.WAPE = nil, nil
		for d := range 7 {
			for k := range wql {
				r.WQL = append(r.WQL, wql[k]+0.004*float64(d))
				r.WAPE = append(r.WAPE, wape[k]+0.006*float64(d))
			}
			r.DayWQL = append(r.DayWQL, wql[len(wql)/2]+0.004*float64(d))
			r.DayWAPE = append(r.DayWAPE, wape[len(wape)/2]+0.006*float64(d))
		}
	}
	b.Ours, b.Naive = rules[0], rules[1:]
	return b
}

func honest() Calibration {
	return Calibration{
		Title: "The 80 % band held 80.1 % of the actuals", Subtitle: "27840 actuals, bars are the 95 % " +
			"range by weeks",
		Levels: []float64{0.1, 0.25, 0.5, 0.75, 0.8, 0.9},
		Held:   []float64{0.112, 0.262, 0.491, 0.744, 0.801, 0.887},
		Low:    []float64{0.08, 0.22, 0.45, 0.71, 0.77, 0.86},
		High:   []float64{0.14, 0.30, 0.54, 0.78, 0.83, 0.92},
	}
}

func report() Report {
	weak := dailyFan("Worst: zone.EKPC, 21 % better than same hour yesterday", "MW", 2400, -2100)
	weak.Readings = append(weak.Readings[:20:20], weak.Readings[29:]...)
	weak.Readings[50].Value = math.NaN()
	return Report{
		Title: "load-1h v1 is 44 % better than the same hour yesterday; its 80 % band held 80.1 %",
		Subtitle: "pjm.csv.gz, 8 series, 2017-08-08 to 2017-12-31, 145 origins x 24 leads x 8 series = " +
			"27840 forecasts",
		Fans: []Fan{
			dailyFan("Best: zone.AEP, 61 % better than same hour yesterday", "MW", 12000, 0),
			dailyFan("Median: zone.DOM, 43 % better", "MW", 900, 0), weak,
		},
		ByLead: risingErrors(), Calibration: honest(),
	}
}

package plot

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestFaultsNameFieldAndValue(t *testing.T) {
	t.Parallel()
	fan := func(change func(*Fan)) Chart {
		f := dailyFan("", "kWh", 1, 0)
		change(&f)
		return f
	}
	week := func(change func(*ByLead)) Chart {
		b := weekAhead()
		change(&b)
		return b
	}
	lead := func(change func(*ByLead)) Chart {
		b := risingErrors()
		change(&b)
		return b
	}
	calibration := func(change func(*Calibration)) Chart {
		c := honest()
		change(&c)
		return c
	}
	whole := func(change func(*Report)) Chart {
		r := report()
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		chart Chart
		want  []string
	}{
		"no origin": {
			fan(func(f *Fan) { f.Origin = time.Time{} }), []string{"Origin is not set"},
		},
		"no interval": {fan(func(f *Fan) { f.Interval = 0 }), []string{"Interval is 0s"}},
		"backward interval": {
			fan(func(f *Fan) { f.Interval = -time.Hour }), []string{"Interval is -1h0m0s"},
		},
		"endless interval": {
			fan(func(f *Fan) { f.Interval = math.MaxInt64 }), []string{"Interval is 2562047h", "century"},
		},
		"no median": {fan(func(f *Fan) { f.Median = nil }), []string{"Median is empty"}},
		"short band": {
			fan(func(f *Fan) { f.Lower80 = f.Lower80[:23] }),
			[]string{"Lower80 has 23 values", "Median has 24"},
		},
		"no band": {
			fan(func(f *Fan) { f.Upper50 = nil }), []string{"Upper50 has 0 values", "Median has 24"},
		},
		"long actual": {
			fan(func(f *Fan) { f.Actual = append(f.Actual, 1) }), []string{"Actual has 25 values"},
		},
		"short naive":   {fan(func(f *Fan) { f.Naive = f.Naive[:1] }), []string{"Naive has 1 values"}},
		"gap in median": {fan(func(f *Fan) { f.Median[3] = math.NaN() }), []string{"Median[3] is NaN"}},
		"gap in naive":  {fan(func(f *Fan) { f.Naive[0] = math.NaN() }), []string{"Naive[0] is NaN"}},
		"infinite band": {
			fan(func(f *Fan) { f.Upper80[23] = math.Inf(1) }), []string{"Upper80[23] is +Inf"},
		},
		"infinite actual": {
			fan(func(f *Fan) { f.Actual[2] = math.Inf(-1) }), []string{"Actual[2] is -Inf", "NaN for a gap"},
		},
		"huge reading": {
			fan(func(f *Fan) { f.Readings[1].Value = 1e300 }), []string{"Readings[1] is 1e+300", "1e+30"},
		},
		"crossed": {
			fan(func(f *Fan) { f.Lower50[5] = 99 }), []string{"Lower50[5] is 99", "Median[5]", "cross"},
		},
		"half of an inner band": {
			fan(func(f *Fan) { f.Upper50 = nil }), []string{"Upper50 has 0 values"},
		},
		"crossed without an inner band": {
			fan(func(f *Fan) { f.Lower50, f.Upper50, f.Lower80[5] = nil, nil, 99 }),
			[]string{"Lower80[5] is 99", "Median[5]", "cross"},
		},
		"reading after now": {
			fan(func(f *Fan) { f.Readings[71].Time = origin() }),
			[]string{"Readings[71].Time is 2017-11-13T14:00:00Z", "after Origin"},
		},
		"reading across now": {
			fan(func(f *Fan) { f.Readings[71].Time = origin().Add(-time.Minute) }),
			[]string{"Readings[71].Time is 2017-11-13T13:59:00Z", "after Origin"},
		},
		"repeated reading": {
			fan(func(f *Fan) { f.Readings[9].Time = f.Readings[8].Time }),
			[]string{"Readings[9].Time is 2017-11-10T22:00:00Z", "sort readings"},
		},
		"ancient reading": {
			fan(func(f *Fan) { f.Readings[0].Time = time.Time{} }),
			[]string{"Readings[0].Time is 0001-01-01T00:00:00Z", "century"},
		},
		"no fans":        {Fans{}, []string{"Fans is 0 charts"}},
		"too many fans":  {Fans{Fans: make([]Fan, 13)}, []string{"Fans is 13 charts", "1 to 12"}},
		"second fan":     {Fans{Fans: []Fan{dailyFan("", "", 1, 0), {}}}, []string{"Fans[1]: Origin"}},
		"no leads":       {lead(func(b *ByLead) { b.Ours.WQL = nil }), []string{"Ours.WQL is empty"}},
		"no lead length": {lead(func(b *ByLead) { b.Interval = 0 }), []string{"Interval is 0s"}},
		"short WAPE": {
			lead(func(b *ByLead) { b.Ours.WAPE = b.Ours.WAPE[:2] }),
			[]string{"Ours.WAPE has 2 values", "24"},
		},
		"short rule": {
			lead(func(b *ByLead) { b.Naive[1].WQL = nil }), []string{"Naive[1].WQL has 0 values"},
		},
		"days of a day": {
			lead(func(b *ByLead) { b.Naive[1].DayWQL = []float64{1} }),
			[]string{"Naive[1].DayWQL has 1 values", "the horizon in days has 0"},
		},
		"short days": {
			week(func(b *ByLead) { b.Ours.DayWAPE = b.Ours.DayWAPE[:6] }),
			[]string{"Ours.DayWAPE has 6 values", "the horizon in days has 7"},
		},
		"rule without days": {
			week(func(b *ByLead) { b.Naive[0].DayWQL = nil }), []string{"Naive[0].DayWQL has 0 values"},
		},
		"unknown day": {
			week(func(b *ByLead) { b.Ours.DayWQL[3] = math.Inf(1) }), []string{"Ours.DayWQL[3] is +Inf"},
		},
		"unknown score": {
			lead(func(b *ByLead) { b.Naive[2].WAPE[7] = math.Inf(1) }), []string{"Naive[2].WAPE[7] is +Inf"},
		},
		"nameless rule": {
			lead(func(b *ByLead) { b.Naive[0].Name = "" }), []string{"Naive[0].Name is empty"},
		},
		"too many rules": {
			lead(func(b *ByLead) { b.Naive = make([]Rule, 6) }), []string{"Naive is 6 rules", "at most 5"},
		},
		"no levels": {calibration(func(c *Calibration) { c.Levels = nil }), []string{"Levels is empty"}},
		"short held": {
			calibration(func(c *Calibration) { c.Held = c.Held[1:] }),
			[]string{"Held has 5 values", "Levels has 6"},
		},
		"level in percent": {
			calibration(
				func(c *Calibration) { c.Levels[2] = 50 },
			), []string{"Levels[2] is 50", "from 0 to 1"},
		},
		"unknown held": {
			calibration(func(c *Calibration) { c.Held[0] = math.NaN() }), []string{"Held[0] is NaN"},
		},
		"low without": {
			calibration(func(c *Calibration) { c.High = nil }), []string{"High has 0 values"},
		},
		"range reversed": {
			calibration(func(c *Calibration) { c.Low[1] = 0.9 }), []string{"Low[1] is 0.9", "High[1]"},
		},
		"report fans": {
			whole(func(r *Report) { r.Fans[2].Median = nil }), []string{"Fans[2]: Median is empty"},
		},
		"report leads": {
			whole(func(r *Report) { r.ByLead = ByLead{} }), []string{"ByLead: Interval is 0s"},
		},
		"report shares": {
			whole(func(r *Report) { r.Calibration = Calibration{} }),
			[]string{"Calibration: Levels is empty"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			picture, err := Encode(SVG, Size{}, c.chart)
			if err == nil || picture != nil {
				t.Fatalf("drawn, want an error with %q", c.want)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
		})
	}
}

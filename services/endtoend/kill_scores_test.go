package endtoend

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// scored holds SCORES against FORECASTS and the logs, without any of the forecaster's code: every
// forecast of a lead that is scored must be there once its actual came, with the numbers that the
// two messages give. A score may stand there twice, under one id.
func (l *ledger) scored(forecasts []bus.Message) {
	l.t.Helper()
	type interval struct {
		series meter.ID
		start  time.Time
	}
	actuals := map[interval]float64{}
	for _, log := range l.logs {
		for _, m := range log {
			input, err := streams.ParseInput(m.Subject)
			if err != nil || input.Control != "" {
				continue
			}
			readings, _ := streams.DecodeReadings(m.Data)
			for _, r := range readings {
				actuals[interval{input.Series, r.Time.UTC()}] = r.Value
			}
		}
	}
	scores, ids := map[interval]streams.Score{}, map[string]string{}
	for _, m := range readStream(l.t, l.conn, topology.Scores) {
		if before, twice := ids[m.ID]; twice && before != string(m.Data) || m.ID == "" {
			l.t.Fatalf("SCORES says %q again otherwise:\n%s\n%s", m.ID, before, m.Data)
		}
		ids[m.ID] = string(m.Data)
		s, err := streams.DecodeScore(m.Data)
		if err != nil {
			l.t.Fatal(err)
		}
		scores[interval{s.Series, s.Target}] = s
	}
	made, checked := map[interval]streams.Forecast{}, 0 // the last forecast of each origin
	for _, m := range forecasts {
		f, err := streams.DecodeForecast(m.Data)
		if err != nil {
			l.t.Fatal(err)
		}
		made[interval{f.Series, f.Origin}] = f
	}
	for origin, f := range made {
		// The forecast that ends with this interval says what was thought of its reading.
		target := interval{f.Series, f.Origin.Add(-f.Interval)}
		actual, ok := actuals[target]
		if !ok || f.Quality != meter.OK.String() {
			continue
		}
		for _, lead := range []int{1, 6, 12, 24} {
			before, ok := made[interval{f.Series, origin.start.Add(-time.Duration(lead) * f.Interval)}]
			if !ok {
				continue
			}
			s := scores[target]
			i := slices.IndexFunc(s.Leads, func(l streams.LeadScore) bool { return l.Lead == lead })
			if i < 0 {
				l.t.Fatalf("%s at %s: the forecast of lead %d is not scored: %+v", target.series, target.start, lead, s)
			}
			if fault := scoreFault(&s, &s.Leads[i], &before, actual); fault != "" {
				l.t.Fatalf("%s at %s, lead %d: %s", target.series, target.start, lead, fault)
			}
			checked++
		}
	}
	if checked < len(made)/2 {
		l.t.Errorf("%d scores of %d forecasts: this tests little", checked, len(made))
	}
	l.t.Logf("%d forecasts of a lead hold what SCORES says", checked)
}

// scoreFault says where a score is another than its forecast and its actual give.
func scoreFault(
	s *streams.Score, l *streams.LeadScore, f *streams.Forecast, actual float64,
) string {
	quantiles := f.Quantiles[(l.Lead-1)*len(f.Levels):][:len(f.Levels)]
	var pinball float64
	for i, level := range f.Levels {
		d := actual - float64(quantiles[i])
		pinball += max(level*d, (level-1)*d) / float64(len(f.Levels))
	}
	version := ""
	if f.Model != nil {
		version = f.Model.Version
	}
	size := math.Abs(actual) // numbers are given to five digits
	for _, q := range quantiles {
		size = max(size, math.Abs(float64(q)))
	}
	near := func(a float32, b float64) bool { return math.Abs(float64(a)-b) <= 1e-4*size }
	switch {
	case s.Unit != f.Unit || l.Source != f.Source || l.Version != version:
		return fmt.Sprintf("%+v of %s, the forecast is of %s %q", l, s.Unit, f.Source, version)
	case math.Abs(s.Actual-actual) > 1e-6*(1+math.Abs(actual)):
		return fmt.Sprintf("actual %v, the log says %v", s.Actual, actual)
	case !near(l.Pinball, pinball) || !near(l.Error, actual-float64(quantiles[len(quantiles)/2])):
		return fmt.Sprintf("%+v, the forecast %v gives %v", l, quantiles, pinball)
	}
	return ""
}

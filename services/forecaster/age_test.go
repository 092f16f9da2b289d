package forecaster

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

// The age is measured when the forecast of a reading is stored. History asks for no forecast, a
// tick is no reading, and a replay is not counted.
func TestAgeIsOfReadingsThatAreForecast(t *testing.T) {
	t.Parallel()
	bubble(t, func(t *testing.T, p *pure) {
		p.logEnd = 2
		p.log.reading(m1, hour(0))
		p.log.reading(m1, hour(1))
		for n := range 5 {
			p.log.reading(m1, past(2+n))
		}
		p.take(t, 0)
		ages := func(forecasts int, count uint64, sum time.Duration) {
			t.Helper()
			var m dto.Metric
			if err := p.metrics.age.Write(&m); err != nil {
				t.Fatal(err)
			}
			h := m.GetHistogram()
			if h.GetSampleCount() != count || h.GetSampleSum() != sum.Seconds() ||
				len(p.forecasts.ids) != forecasts ||
				len(p.awaiting) != 0 {
				t.Errorf(
					"%d ages of %v s, %d forecasts, %d still waited for; want %d of %s and %d",
					h.GetSampleCount(),
					h.GetSampleSum(),
					len(p.forecasts.ids),
					len(p.awaiting),
					count,
					sum,
					forecasts,
				)
			}
		}
		ages(2, 0, 0)

		p.log.clock = time.Now()
		p.log.reading(m1, hour(22))
		p.log.reading(m1, hour(23))
		p.give(1)
		time.Sleep(3 * time.Second)
		p.must(t)
		ages(4, 2, 3*time.Second+2*time.Second)

		p.log.clock = bubbleStart.Add(2 * time.Hour)
		p.tick(1)
		p.take(t, 0)
		ages(5, 2, 5*time.Second)
		if n := testutil.ToFloat64(p.metrics.skipped); n != 0 {
			t.Errorf("%v forecasts passed over", n)
		}
	})
}

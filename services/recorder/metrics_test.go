package recorder_test

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/loadtide/loadtide/pkg/influx/influxtest"
	"github.com/loadtide/loadtide/services/recorder"
)

// TestMetricsFollowTheRules: names are as Prometheus wants them, and all series are there from the
// start, of closed sets.
func TestMetricsFollowTheRules(t *testing.T) {
	t.Parallel()
	b := newBench(
		t, influxtest.Start(t).Config(),
		&fakeNATS{open: func(int64) (recorder.Consumer, error) { return nothing{}, nil }},
	)
	b.run()()
	families, err := b.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v %v", problems, err)
	}
	want := map[string]int{
		"loadtide_recorder_messages_total": 4 * 3, "loadtide_recorder_points_total": 4 * 3,
		"loadtide_recorder_writes_total":              4,
		"loadtide_recorder_consumer_pending_messages": 4,
	}
	for _, f := range families {
		if n := want[f.GetName()]; n > 0 && len(f.GetMetric()) != n {
			t.Errorf("%s has %d series, want %d", f.GetName(), len(f.GetMetric()), n)
		}
		delete(want, f.GetName())
		if f.GetName() == "loadtide_recorder_forecast_age_seconds" {
			var bounds []float64
			for _, bucket := range f.GetMetric()[0].GetHistogram().GetBucket() {
				bounds = append(bounds, bucket.GetUpperBound())
			}
			if !slices.Contains(bounds, 300) {
				t.Errorf("bounds %v have no 300: the service level is five minutes", bounds)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("no %v", want)
	}
}

package engine

import (
	"github.com/loadtide/loadtide/pkg/meter"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/model"
)

// A model that cannot serve is refused by name and reason, and the one in force
// stays.
func TestModelsThatCannotServe(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(s *model.Spec)
		says   string
	}{
		"another interval": {func(s *model.Spec) { s.Interval = "12m" }, "model load-1h v3 forecasts intervals of 12m: series are forecast at 5, 10,"},
		"unknown zone":     {func(s *model.Spec) { s.Zone = "Mars/Base" }, `model load-1h v3: zone "Mars/Base" is not known`},
		"unknown feature":  {func(s *model.Spec) { s.Inputs = append([]string{"z", "moon"}, s.Inputs[2:]...) }, `"moon" is not known`},
		"no median":        {func(s *model.Spec) { s.Levels = []float64{0.1, 0.25, 0.45, 0.75, 0.9} }, "have no 0.5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, randomModel(1, 8))
			before := e.Model(meter.HourSeconds)
			m := randomModel(1, 8).WithVersion("3")
			c.change(&m.Spec)
			if err := e.SetModel(m); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if e.Model(meter.HourSeconds) != before {
				t.Error("the model in force is gone")
			}
		})
	}
}

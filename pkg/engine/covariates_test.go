package engine

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/series"
)

// warmModel is a random model that reads the temperature.
func warmModel(seed uint64) *model.Model {
	m := randomModel(seed, 8)
	layout := series.DefaultLayout(false).WithCovariates([]meter.Covariate{{Name: "temperature", Center: 10, Scale: 5}})
	m.Spec.Inputs, m.Spec.LeadFeatures = layout.InputNames(), layout.LeadNames()
	m.Spec.Covariates = []meter.Covariate{{Name: "temperature", Center: 10, Scale: 5}}
	shape := m.Spec.Shape()
	weights := func(n int) []float32 {
		w := make([]float32, n)
		for i := range w {
			w[i] = 0.1 * float32(i%7-3)
		}
		return w
	}
	m.LSTM, m.Head = nn.NewLSTM(shape, weights(shape.LSTMParams())), nn.NewHead(shape, weights(shape.HeadParams()))
	return m
}

// temperatures are known from the day before the epoch until cell last.
func temperatures(last int64, value func(cell int64) float32) func(meter.ID) series.Ahead {
	h := series.Hours{First: epoch/3600 - 24}
	for i := int64(-24); i <= last; i++ {
		h.Values = append(h.Values, value(i))
	}
	return func(meter.ID) series.Ahead { return series.Ahead{"temperature": h} }
}

func TestCovariatesMustBeKnown(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(1, 8))
	before := e.Model(meter.HourSeconds)
	err := e.SetModel(warmModel(2))
	if !errors.Is(err, ErrCovariates) || !strings.Contains(err.Error(), "load-1h reads covariates (temperature)") {
		t.Errorf("%v", err)
	}
	if e.Model(meter.HourSeconds) != before {
		t.Error("the model in force is gone")
	}
}

// A forecast follows the covariates of its own hours, and of none after them.
func TestForecastFollowsCovariates(t *testing.T) {
	t.Parallel()
	const now = 200
	forecast := func(value func(cell int64) float32) []float32 {
		e := New()
		e.Foresee(temperatures(now+48, value))
		if err := e.SetModel(warmModel(2)); err != nil {
			t.Fatal(err)
		}
		all := feed(e, 0, now).Forecasts
		last := all[len(all)-1]
		if last.Source != meter.SourceLSTM {
			t.Fatalf("source %s", last.Source)
		}
		return last.Quantiles
	}
	mild := func(cell int64) float32 { return float32(10 + cell%5) }
	base := forecast(mild)
	later := func(from int64) []float32 {
		return forecast(func(cell int64) float32 {
			if cell >= from {
				return 35
			}
			return mild(cell)
		})
	}
	if !slices.Equal(base, later(now+horizon)) {
		t.Error("covariates after the horizon changed the forecast")
	}
	const k = 3
	levels := len(naiveLevels)
	hot := later(now + k)
	if !slices.Equal(base[:k*levels], hot[:k*levels]) {
		t.Error("leads before the heat changed")
	}
	if slices.Equal(base[k*levels:(k+1)*levels], hot[k*levels:(k+1)*levels]) {
		t.Error("the heat changed nothing")
	}
}

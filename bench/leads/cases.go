package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// one is what is measured: models of an interval and a horizon.
type one struct {
	Interval time.Duration
	Leads    int
}

// cases are measured in this order. The first one is the reference of the ratios.
var cases = []one{
	{time.Hour, 24}, {time.Hour, 48}, {time.Hour, 168}, {15 * time.Minute, 96},
}

func (c one) String() string {
	if c.Interval == time.Hour {
		return fmt.Sprintf("%d leads of 1h", c.Leads)
	}
	return fmt.Sprintf("%d leads of %dm", c.Leads, c.Interval/time.Minute)
}

// name is that of the registered model.
func (c one) name() string {
	if c.Interval == time.Hour {
		return "load-1h"
	}
	return fmt.Sprintf("load-%dm", c.Interval/time.Minute)
}

// spread is the standard deviation of the random weights.
const spread = 0.1

// artifact is a model of the default shape with random weights.
func (c one) artifact() model.Artifact {
	layout := series.DefaultLayout(true)
	if c.Interval < time.Hour {
		layout = layout.Finer()
	}
	spec := model.Spec{
		Schema: model.SpecSchema, Name: c.name(), Interval: c.Interval.String(),
		Hidden: cycle.DefaultConfig().Hidden, Width: cycle.Width, Horizon: c.Leads,
		Levels: model.DefaultLevels(), Scale: model.ScalePlain, Inputs: layout.InputNames(),
		LeadFeatures: layout.LeadNames(), CurrentFeatures: layout.CurrentNames(),
	}
	shape, random := spec.Shape(), rand.New(rand.NewPCG(1, 2))
	weights := func(n int) []float32 {
		w := make([]float32, n)
		for i := range w {
			w[i] = float32(spread * random.NormFloat64())
		}
		return w
	}
	return model.Artifact{
		Spec: spec, LSTM: weights(shape.LSTMParams()), Head: weights(shape.HeadParams()),
	}
}

// value is a load of a home with a day in it: that of a series in the interval from a time on.
func value(number int, at time.Time) float64 {
	hour := float64(at.Unix()%86400) / 3600
	noise := rand.New(rand.NewPCG(uint64(number), uint64(at.Unix()))).Float64()
	return 0.2 + 0.1*float64(number%7) + 0.4*math.Pow(math.Sin(math.Pi*hour/24), 2) + 0.3*noise
}

func subject(number int) string { return fmt.Sprintf("r.0.bench.m%d", number) }

// reading is a message with one reading.
func (c one) reading(number int, at time.Time, history bool) []byte {
	text := fmt.Sprintf(`{"ts":%q,"value":%.3f,"unit":"kWh"`, at.Format(time.RFC3339),
		value(number, at))
	if history {
		text += `,"history":true`
	}
	return []byte(text + "}")
}

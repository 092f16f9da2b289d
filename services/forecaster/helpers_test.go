package forecaster

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/streams"
)

// testModel returns a small network for hours with random weights. Its forecasts mean nothing, but
// every bit of them depends on the state.
func testModel(t testing.TB, seed uint64) *model.Model {
	t.Helper()
	return testModelOf(t, seed, time.Hour)
}

// testModelOf is a small network for an interval.
func testModelOf(t testing.TB, seed uint64, interval time.Duration) *model.Model {
	t.Helper()
	layout := series.DefaultLayout(false)
	spec := model.Spec{
		Schema: model.SpecSchema, Name: registry.ModelName(interval),
		Interval: meter.IntervalName(interval),
		Hidden:   4, Width: 4, Horizon: int(24 * time.Hour / interval),
		Levels: []float64{
			0.1, 0.25, 0.5, 0.75, 0.9,
		}, Inputs: layout.InputNames(), LeadFeatures: layout.LeadNames(),
		CurrentFeatures: layout.CurrentNames(), Scale: model.ScalePlain, Seed: seed,
	}
	shape := spec.Shape()
	rng := rand.New(rand.NewPCG(seed, 7))
	random := func(n int) []float32 {
		w := make([]float32, n)
		for i := range w {
			w[i] = float32(rng.NormFloat64()) * 0.3
		}
		return w
	}
	return &model.Model{
		Spec: spec, Version: fmt.Sprint(seed), Digest: testDigest(interval, seed),
		LSTM: nn.NewLSTM(
			shape, random(shape.LSTMParams()),
		), Head: nn.NewHead(shape, random(shape.HeadParams())),
	}
}

// testDigest is the digest of a testModelOf.
func testDigest(interval time.Duration, seed uint64) string {
	return fmt.Sprintf(
		"sha256:%s%060d",
		strings.Repeat("0", 4-len(meter.IntervalName(interval)))+meter.IntervalName(interval), seed,
	)
}

// testLog is one partition's log in memory.
type testLog struct {
	messages []bus.Message
	models   map[string]*model.Model // those that the log names, by digest
	clock    time.Time               // broker's time of the next message
}

var logCreated = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newTestLog() *testLog {
	return &testLog{
		models: map[string]*model.Model{}, clock: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC),
	}
}

func (l *testLog) add(subject string, data []byte) {
	l.messages = append(
		l.messages,
		bus.Message{Subject: subject, Seq: uint64(len(l.messages) + 1), Time: l.clock, Data: data},
	)
	l.clock = l.clock.Add(time.Second)
}

func (l *testLog) reading(id meter.ID, readings ...streams.Reading) {
	l.add(streams.ReadingSubject(0, id), streams.AppendReadings(nil, readings))
}

func (l *testLog) model(m *model.Model) {
	record := streams.ModelControl{Name: m.Spec.Name, Version: m.Version, Digest: m.Digest}
	l.models[m.Digest] = m
	l.add(streams.ControlSubject(0, streams.ControlModel), record.AppendJSON(nil))
}

// step takes the messages from..to-1 through a pipeline, with the models that they may name.
func (l *testLog) step(p *Pipeline, from, to int) (Result, error) {
	for _, m := range l.models {
		p.Use(m.Digest, m)
	}
	return p.Step(l.messages[from:to])
}

// testValue returns a load with a daily course and some noise.
func testValue(seed, hour int64) float64 {
	rng := rand.New(rand.NewPCG(uint64(seed), uint64(hour)))
	h := hour % 24
	base := 1.0
	if h >= 7 && h < 22 {
		base = 2
	}
	return float64(int((base+0.2*rng.NormFloat64())*1000)) / 1000
}

// hourly returns the model for hours in the status.
func hourly(b *statusBoard) *model.Model { return b.modelsInForce()[role{interval: time.Hour}].model }

// m1 is the series of most tests.
var m1 = meter.ID{Site: "north", Meter: "m1"}

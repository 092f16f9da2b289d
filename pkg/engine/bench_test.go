package engine

import (
	"fmt"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
)

// benchModel is of the default shape: 64 units, a day ahead.
func benchModel() *model.Model {
	m := randomModel(2, 64)
	m.Spec.Horizon, m.Spec.Width = NaiveHours, 64
	shape := m.Spec.Shape()
	m.LSTM, m.Head = nn.NewLSTM(shape, make([]float32, shape.LSTMParams())), nn.NewHead(shape, make([]float32, shape.HeadParams()))
	return m
}

// BenchmarkStep is one reading of each series in one batch, in steady state: a
// step of both states, head, forecast. The variants ask for no forecast, or
// correct a reading of a day ago.
func BenchmarkStep(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		for _, kind := range []string{"reading", "history", "late"} {
			b.Run(fmt.Sprintf("%s/series=%d", kind, n), func(b *testing.B) {
				e := newEngine(b, benchModel())
				batch := make([]Reading, n)
				next := int64(0)
				fill := func() {
					for k := range batch {
						batch[k] = at(next)
						batch[k].Series.Meter, batch[k].Message = fmt.Sprint("m", k), k
					}
				}
				for ; next < 170; next++ {
					fill()
					e.Step(batch)
				}
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					fill()
					for k := range batch {
						batch[k].History = kind == "history"
						if kind == "late" {
							batch[k].Second = at(170 - 24).Second
							batch[k].Value += float64(next)
						}
					}
					next++
					b.StartTimer()
					e.Step(batch)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/reading")
			})
		}
	}
}

// BenchmarkDelete forgets the first of a hundred thousand series: the rows behind it
// move up.
func BenchmarkDelete(b *testing.B) {
	e := newEngine(b, randomModel(41, 64))
	batch := make([]Reading, 100_000)
	for i := range batch {
		batch[i] = Reading{Series: id(fmt.Sprint("m", i)), Second: epoch, Value: 1, Quality: meter.OK, Message: i, History: true}
	}
	e.Step(batch)
	for i := 0; b.Loop(); i++ {
		e.Delete(id(fmt.Sprint("m", i)))
	}
}

package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// sender is how a meter sends in a test.
type sender struct {
	unit   string
	kind   meter.Kind
	step   int64 // seconds
	later  int64 // step from the middle on
	phase  int64
	jitter int64   // most seconds that a reading is off its moment
	silent float64 // share of the readings that are lost
	hole   int64   // seconds without a reading, in the last third
	days   int64
	seed   uint64
}

func (s sender) readings() []engine.Reading {
	random := rand.New(rand.NewPCG(s.seed, 7))
	var all []engine.Reading
	register, level := 5000.0, 1.0
	end := epoch + s.phase + s.days*meter.DaySeconds
	hole := epoch + s.days*meter.DaySeconds*2/3
	for second := epoch + s.phase; second < end; second += s.stepAt(second) {
		step := s.stepAt(second)
		level *= 1 + 0.002*random.NormFloat64()
		value := level * (2 + math.Sin(2*math.Pi*float64(second%meter.DaySeconds)/meter.DaySeconds) + 0.2*random.Float64())
		if s.kind == meter.Energy {
			value *= float64(step) / meter.HourSeconds
		}
		if register += value * float64(step) / meter.HourSeconds; s.kind == meter.Register {
			value = register
		}
		at := second + random.Int64N(s.jitter+1)
		lost := random.Float64() < s.silent
		if lost && second > epoch+2*meter.DaySeconds || second >= hole && second < hole+s.hole {
			continue
		}
		all = append(all, engine.Reading{
			Series: meter.ID{
				Site:  "s",
				Meter: "m",
			}, Second: at, Value: value, Unit: s.unit, Kind: s.kind, Quality: meter.OK,
		})
	}
	return all
}

// stepAt is the seconds from a reading to the next one.
func (s sender) stepAt(second int64) int64 {
	if second >= epoch+s.phase+s.days*meter.DaySeconds/2 {
		return s.later
	}
	return s.step
}

func drawSender(t *rapid.T) sender {
	s := sender{
		step:   rapid.SampledFrom([]int64{60, 300, 600, 900, 1200, 1800, 3600}).Draw(t, "step"),
		phase:  rapid.SampledFrom([]int64{0, 0, 900}).Draw(t, "phase"),
		jitter: rapid.SampledFrom([]int64{0, 0, 5}).Draw(t, "jitter"),
		silent: rapid.SampledFrom([]float64{0, 0.03}).Draw(t, "silent"),
		hole: rapid.SampledFrom([]int64{0, 2 * meter.HourSeconds, 30 * meter.HourSeconds, 3 * meter.DaySeconds}).
			Draw(t, "hole"),
		days: rapid.SampledFrom([]int64{9, 20}).Draw(t, "days"),
		seed: rapid.Uint64().Draw(t, "seed"),
	}
	s.later = s.step
	s.kind = rapid.SampledFrom([]meter.Kind{meter.Energy, meter.Power, meter.Register}).
		Draw(t, "kind")
	s.unit = "kWh"
	if s.kind == meter.Power {
		s.unit = "kW"
	}
	return s
}

// Readings that come through the stream and readings of a file are the same cells with the same
// flags, and give the same forecast to the bit, at the interval of the series.
func TestStreamAndFileAgree(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { agree(t, drawSender(t), 0) })
}

// The same holds where a model of hours serves a series of a finer interval.
func TestStreamAndFileAgreeOnJoinedHours(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { agree(t, drawSender(t), meter.HourSeconds) })
}

// The cells are the same where the step changes in the middle. The forecasts are not held to each
// other: the stream finds the scale again from the ring that it brings over.
func TestCellsAgreeWhereTheStepChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		s.silent, s.hole, s.jitter = 0, 0, 0
		s.later = rapid.SampledFrom([]int64{300, 900, 1800, 3600}).Draw(t, "later")
		agree(t, s, 0)
	})
}

// agree takes readings both ways: with a model of the interval, or of the series' own when it is 0.
func agree(t *rapid.T, s sender, interval int64) {
	readings := s.readings()
	b := dataset.NewBuilder()
	b.At(interval)
	for _, r := range readings {
		b.AddReading(
			r.Series,
			dataset.Reading{Kind: r.Kind, Unit: r.Unit, Second: r.Second, Value: r.Value},
		)
	}
	histories := b.Build()
	if len(histories) == 0 {
		t.Fatalf("%+v: no history", s)
	}
	h := histories[len(histories)-1]
	m := randomModelOf(b.Interval(), 11)
	e := engine.New()
	if err := e.SetModel(m); err != nil {
		t.Fatal(err)
	}
	var served *engine.Forecast
	for _, r := range readings {
		if all := e.Step([]engine.Reading{r}).Forecasts; len(all) > 0 {
			served = &all[len(all)-1]
		}
	}
	if interval == 0 {
		sameCells(t, s, e, h)
	}
	if s.later != s.step {
		return
	}
	origin := h.Start(h.Ring.Newest + 1)
	filed, err := ForecastAt(m, histories, nil, origin)
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	if filed == nil { // the day that ends at the origin is in the hole
		for n := h.Ring.Newest; h.Start(n+1) > origin-meter.DaySeconds; n-- {
			if value, q := h.Raw.At(n); q.Accepted() {
				t.Fatalf("%+v: no forecast, and the cell of %d is %v, %v", s, h.Start(n), value, q)
			}
		}
		return
	}
	sameForecast(t, s, served, filed)
}

// sameCells compares the ring of the one series of an engine with a history.
func sameCells(t *rapid.T, s sender, e *engine.Engine, h *dataset.History) {
	state, curve, _ := e.Extract(h.ID)
	portable, err := engine.ReadState(state, curve)
	if err != nil {
		t.Fatal(err)
	}
	in := portable.Inside()
	if last := in.Cells[len(in.Cells)-1].Second; last != h.Start(h.Ring.Newest) {
		t.Fatalf(
			"%+v: the newest cell starts at %d in the stream, at %d in the file",
			s,
			last-epoch,
			h.Start(h.Ring.Newest)-epoch,
		)
	}
	for _, c := range in.Cells {
		n := h.Cell(c.Second)
		if n < h.Ring.First() {
			continue
		}
		value, quality := h.Ring.At(n)
		if h.Start(n) != c.Second || quality != c.Quality ||
			quality.Accepted() && value != c.Value {
			t.Fatalf("%+v: cell at %d is %v %s in the stream, %v %s in the file at %d",
				s, c.Second-epoch, c.Value, c.Quality, value, quality, h.Start(n)-epoch)
		}
	}
}

func sameForecast(t *rapid.T, s sender, served, filed *engine.Forecast) {
	if served == nil || served.Origin != filed.Origin || served.Interval != filed.Interval ||
		served.Source != filed.Source || served.Quality != filed.Quality {
		t.Fatalf("%+v: the stream forecasts %s, the file %s", s, about(served), about(filed))
	}
	for i, q := range served.Quantiles {
		if q != filed.Quantiles[i] {
			t.Fatalf(
				"%+v: %s: quantile %d is %v in the stream, %v in the file",
				s,
				about(served),
				i,
				q,
				filed.Quantiles[i],
			)
		}
	}
}

// about is a forecast in words, without its quantiles.
func about(f *engine.Forecast) any {
	if f == nil {
		return "nothing"
	}
	return []any{f.Origin - epoch, f.Interval, f.Source, f.Quality}
}

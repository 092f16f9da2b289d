package evaluate

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
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
	bad    float64 // share of the readings that the sender calls bad
	says   int64   // seconds from the start until which readings say neither unit nor kind
	hole   int64   // seconds without a reading, in the last third
	after  int64   // seconds from the hole to the end; 0 for a hole that begins with the last third
	days   int64
	wrong  string // "first": the first value is what a register shows; "thousand": those of three days
	zone   string // of the model; hours are joined in it
	seed   uint64
	marks  []meter.Mark // of the series, there before the readings
}

func (s sender) readings() []engine.Reading {
	random := rand.New(rand.NewPCG(s.seed, 7))
	var all []engine.Reading
	register, level := 5000.0, 1.0
	end := epoch + s.phase + s.days*meter.DaySeconds
	hole := epoch + s.days*meter.DaySeconds*2/3
	if s.after > 0 {
		hole = end - s.after - s.hole
	}
	for second := epoch + s.phase; second < end; second += s.stepAt(second) {
		step := s.stepAt(second)
		level *= 1 + 0.002*random.NormFloat64()
		ofDay := float64(second%meter.DaySeconds) / meter.DaySeconds
		value := level * (2 + math.Sin(2*math.Pi*ofDay) + 0.2*random.Float64())
		if s.kind == meter.Energy {
			value *= float64(step) / meter.HourSeconds
		}
		if register += value * float64(step) / meter.HourSeconds; s.kind == meter.Register {
			value = register
		}
		switch {
		case s.wrong == "first" && len(all) == 0 && s.kind != meter.Register:
			value = 12345
		case s.wrong == "thousand" && second < epoch+3*meter.DaySeconds && s.kind != meter.Register:
			value *= 1000
		}
		at := second + random.Int64N(s.jitter+1)
		lost := random.Float64() < s.silent
		if lost && second > epoch+2*meter.DaySeconds || second >= hole && second < hole+s.hole {
			continue
		}
		r := engine.Reading{
			Series: meter.ID{Site: "s", Meter: "m"}, Second: at, Value: value,
			Unit: s.unit, Kind: s.kind, Quality: meter.OK,
		}
		if second < epoch+s.says {
			r.Unit, r.Kind = "", meter.KindUnknown
		}
		if bad := random.Float64() < s.bad; bad && s.kind != meter.Register {
			r.Quality = meter.Bad
		}
		all = append(all, r)
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
		phase:  rapid.SampledFrom([]int64{0, 0, 900, 720}).Draw(t, "phase"),
		jitter: rapid.SampledFrom([]int64{0, 0, 5}).Draw(t, "jitter"),
		silent: rapid.SampledFrom([]float64{0, 0.03}).Draw(t, "silent"),
		hole: rapid.SampledFrom([]int64{0, 2, 30, 3 * 24}).Draw(t, "hours of the hole") *
			meter.HourSeconds,
		after: rapid.SampledFrom([]int64{0, 0, 900, 3600, 3 * 3600}).Draw(t, "after"),
		bad:   rapid.SampledFrom([]float64{0, 0.02}).Draw(t, "bad"),
		days:  rapid.SampledFrom([]int64{9, 20}).Draw(t, "days"),
		wrong: rapid.SampledFrom([]string{"", "", "first", "thousand"}).Draw(t, "wrong"),
		seed:  rapid.Uint64().Draw(t, "seed"),
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
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		s.zone = rapid.SampledFrom([]string{"", "Asia/Kolkata", "Asia/Kathmandu"}).Draw(t, "zone")
		agree(t, s, meter.HourSeconds)
	})
}

// The same holds where nearly all of the last day was silent: the forecast is of a MISSING
// interval, or of one that the sender has just come back with.
func TestStreamAndFileAgreeAfterASilentDay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		s.step = rapid.SampledFrom([]int64{900, 1800}).Draw(t, "quarters or halves")
		s.later, s.days = s.step, 9
		s.hole = rapid.SampledFrom([]int64{25, 30, 47, 48, 49, 72}).Draw(t, "hours") * meter.HourSeconds
		s.after = rapid.SampledFrom([]int64{900, 2700, 2 * meter.HourSeconds}).Draw(t, "back for")
		agree(t, s, rapid.SampledFrom([]int64{0, meter.HourSeconds}).Draw(t, "interval"))
	})
}

// The same holds where a unit is said later: what was taken for power is energy then.
func TestStreamAndFileAgreeWhereTheUnitIsSaidLater(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		s.kind, s.unit = meter.Energy, "kWh"
		s.says = rapid.Int64Range(1, 4*24).Draw(t, "hours without") * meter.HourSeconds
		agree(t, s, rapid.SampledFrom([]int64{0, meter.HourSeconds}).Draw(t, "interval"))
	})
}

// The same holds where the step changes in the middle.
func TestStreamAndFileAgreeWhereTheStepChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		s.later = rapid.SampledFrom([]int64{300, 900, 1800, 3600}).Draw(t, "later")
		agree(t, s, rapid.SampledFrom([]int64{0, 0, meter.HourSeconds}).Draw(t, "interval"))
	})
}

// The same holds where the first days are found to be wrong when the step changes, so that the hours
// are joined anew without them.
func TestStreamAndFileAgreeWhereTheFirstDaysAreWrong(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := sender{
			unit: "kW", kind: meter.Power, days: 15, wrong: "thousand",
			step: rapid.SampledFrom([]int64{900, 1800}).Draw(t, "step"),
			bad:  rapid.SampledFrom([]float64{0, 0.02}).Draw(t, "bad"),
			seed: rapid.Uint64Range(0, 50).Draw(t, "seed"),
		}
		s.later = 2700 - s.step
		agree(t, s, meter.HourSeconds)
	})
}

// The same holds where the phase changes with the step, so that the last interval before the change
// reaches into the first one after it.
func TestStreamAndFileAgreeWhereThePhaseChanges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		agree(t, sender{
			unit: "kWh", kind: meter.Energy, step: 300, later: 900, phase: 720, after: 10800,
			days: 20, seed: rapid.Uint64Range(60, 70).Draw(t, "seed"),
		}, 0)
	})
}

// The same holds where power comes at a step that does not divide the hour, before the middle or
// after it.
func TestStreamAndFileAgreeOnOddStepsOfPower(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		s.kind, s.unit = meter.Power, "kW"
		s.later = rapid.SampledFrom([]int64{420, 480, 780, 1020, 1500}).Draw(t, "later")
		if rapid.Bool().Draw(t, "before") {
			s.step, s.later = s.later, s.step
		}
		agree(t, s, rapid.SampledFrom([]int64{0, 0, meter.HourSeconds}).Draw(t, "interval"))
	})
}

// The same holds where periods are marked.
func TestStreamAndFileAgreeOnMarks(t *testing.T) {
	t.Parallel()
	marked := 0
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		if rapid.Bool().Draw(t, "changes its step") {
			s.later = rapid.SampledFrom([]int64{300, 900, 1800, 3600}).Draw(t, "later")
		}
		for range rapid.IntRange(1, 4).Draw(t, "marks") {
			from := epoch + rapid.Int64Range(0, s.days*meter.DaySeconds-1).Draw(t, "from")
			lasts := rapid.SampledFrom([]int64{1, 900, 5400, 20_000, 90_000, 400_000}).Draw(t, "lasts")
			s.marks = append(s.marks, meter.Mark{From: from, Until: from + lasts, Reason: meter.Exclude})
		}
		marked += agree(t, s, rapid.SampledFrom([]int64{0, 0, meter.HourSeconds}).Draw(t, "interval"))
	})
	if marked < 100 {
		t.Errorf("%d cells of all files are marked: this tests little", marked)
	}
}

// The same holds where the first mark ends within an interval that is parted later: what of it lies
// behind the mark counts again.
func TestStreamAndFileAgreeOnAnIntervalThatIsMarkedInPart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		end := epoch + 99_000 + rapid.Int64Range(1, 899).Draw(t, "end")
		agree(t, sender{
			unit: "kWh", kind: meter.Energy, step: 60, later: 300, days: 9,
			marks: []meter.Mark{{From: end - 90_000, Until: end, Reason: meter.Exclude}},
		}, 0)
	})
}

// agree takes readings both ways: with a model of the interval, or of the series' own when it is 0. It
// returns how many intervals of the file are marked.
func agree(t *rapid.T, s sender, interval int64) (marked int) {
	readings := s.readings()
	b := dataset.NewBuilder()
	b.At(interval)
	b.In(s.zone)
	for _, r := range readings {
		b.AddReading(
			r.Series,
			dataset.Reading{
				Kind: r.Kind, Unit: r.Unit, Second: r.Second, Value: r.Value, Quality: r.Quality,
			},
		)
	}
	for _, mark := range s.marks {
		b.Mark(readings[0].Series, mark)
	}
	histories := b.Build()
	if len(histories) == 0 {
		t.Fatalf("%+v: no history", s)
	}
	h := histories[len(histories)-1]
	m := randomModelOf(b.Interval(), 11)
	m.Spec.Zone = s.zone
	e := engine.New()
	if err := e.SetModel(m); err != nil {
		t.Fatal(err)
	}
	for _, mark := range s.marks {
		if _, _, err := e.Mark(readings[0].Series, mark, 0); err != nil {
			t.Fatal(err)
		}
	}
	var served *engine.Forecast
	live := map[int64]*engine.Forecast{} // by origin
	for _, r := range readings {
		for _, f := range e.Step([]engine.Reading{r}).Forecasts {
			served, live[f.Origin] = &f, &f
		}
	}
	if interval == 0 {
		sameCells(t, s, e, h)
	}
	filed, err := ForecastAt(m, histories, nil, h.Start(h.Ring.Newest+1))
	if err != nil || filed == nil {
		t.Fatalf("%+v: %v %v", s, filed, err)
	}
	sameForecast(t, s, served, filed)
	// A cell that closes with some of its readings missing, or of a step that does not divide the
	// hour, may be another when more is known of the step: the stream has forecast by then. So it has
	// before the values of new meters are judged: of those, joined hours have what was found.
	whole := (interval == 0 || s.wrong == "") && s.jitter == 0 && s.silent == 0 && s.bad == 0 && s.hole == 0 &&
		meter.HourSeconds%s.step == 0 && meter.HourSeconds%s.later == 0
	if whole && s.later != s.step {
		sameBacktest(t, s, m, histories, live)
	}
	return dataset.Marked(histories, 0, meter.LastMark)
}

// sameBacktest compares the forecasts of a backtest with those of the stream at the same origin.
func sameBacktest(
	t *rapid.T, s sender, m *model.Model, histories []*dataset.History,
	live map[int64]*engine.Forecast,
) {
	h := histories[len(histories)-1]
	var tested []engine.Forecast
	_, err := Backtest(context.Background(), m, histories, Config{
		From: h.Start(h.Own), Until: h.Start(h.Ring.Newest + 1), Every: 7,
		Each: func(f engine.Forecast) { tested = append(tested, f) },
	})
	if err != nil && !errors.Is(err, ErrNoOrigins) {
		t.Fatalf("%+v: %v", s, err)
	}
	for i := range tested {
		// A register that was silent makes several cells at once.
		if f, ok := live[tested[i].Origin]; ok {
			sameForecast(t, s, f, &tested[i])
		}
	}
}

// sameCells compares the ring of the one series of an engine with a history.
func sameCells(t rapid.TB, s sender, e *engine.Engine, h *dataset.History) {
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

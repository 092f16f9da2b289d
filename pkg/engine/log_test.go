package engine

import (
	"fmt"
	"math/rand/v2"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// log is a partition's log: messages in order, and before some of them a model.
type log struct {
	messages [][]Reading
	models   map[int]*model.Model // in force from this message on
	marks    map[int]logMark      // in force from this message on
}

// logMark is a mark of a pattern.
type logMark struct {
	pattern meter.ID
	meter.Mark
}

// randomMarks are marks of one series or of all, that begin around the newest cell of a meter or up
// to two weeks before.
func randomMarks(random *rand.Rand, meters, first, messages int) map[int]logMark {
	marks := map[int]logMark{}
	for range random.IntN(6) {
		m := logMark{pattern: id(fmt.Sprint("m", random.IntN(meters)))}
		if random.IntN(3) == 0 {
			m.pattern = []meter.ID{{Site: meter.Any, Meter: meter.Any}, id(meter.Any)}[random.IntN(2)]
		}
		back := []int{0, 30, 60, 300}[random.IntN(4)]
		m.From = epoch + int64(random.IntN(420)-back)*meter.HourSeconds + int64(random.IntN(3))*900
		m.Until = m.From + int64(1+random.IntN(90))*meter.HourSeconds/2
		m.Reason = meter.MarkReason(random.IntN(4))
		marks[first+random.IntN(messages)] = m
	}
	return marks
}

// randomLog is what meters send on bad days: gaps, repeats, corrections, strays,
// other units, bad values, arrays, history, holes; and two changes of the model.
func randomLog(t *rapid.T, meters, messages int) log {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed of the log"), 5))
	l := log{models: map[int]*model.Model{}}
	next := make([]int64, meters) // the next cell of each
	add := func(readings []Reading) {
		for i := range readings {
			readings[i].Message = len(l.messages)
		}
		l.messages = append(l.messages, readings)
	}
	register := rapid.IntRange(0, 3*meters).Draw(t, "which is a register")
	reading := func(which int, cell int64) Reading {
		r := at(cell)
		r.Series.Meter = fmt.Sprint("m", which)
		r.Second += int64(which) * 300
		if next[which] > 200 {
			r.Value *= 6 // so that scales change
		}
		r.Value += float64(which)
		if r.Received = r.Second + meter.HourSeconds + int64(random.IntN(2*meter.HourSeconds)); which == register {
			r.Kind, r.Value = meter.Register, r.Value+3*float64(cell%1000) // it is reset now and then
		}
		return r
	}
	for m := range meters {
		var past []Reading
		for range rapid.SampledFrom([]int{1, 20, 166, 220, 356}).Draw(t, "past") {
			r := reading(m, next[m])
			r.History = true
			past = append(past, r)
			next[m]++
		}
		add(past)
	}
	l.models[rapid.IntRange(0, meters).Draw(t, "first model at")] = randomModel(random.Uint64(), 4)
	l.models[rapid.IntRange(meters+1, meters+messages).Draw(t, "second model at")] = randomModel(random.Uint64(), 4+random.IntN(2))
	l.marks = randomMarks(random, meters, meters, messages)
	for range messages {
		m := random.IntN(meters)
		r := reading(m, next[m])
		var readings []Reading
		switch p := random.IntN(100); {
		case p < 8: // a gap
			next[m] += int64(1 + random.IntN(9))
			readings = append(readings, reading(m, next[m]))
		case p < 10: // a hole
			next[m] += int64(300 + random.IntN(200))
			readings = append(readings, reading(m, next[m]))
		case p < 15:
			readings = append(readings, reading(m, max(next[m]-1, 0)))
			next[m]--
		case p < 18:
			r = reading(m, max(next[m]-1-int64(random.IntN(3)), 0))
			r.Value++
			readings = append(readings, r)
			next[m]--
		case p < 20:
			r.Second += []int64{60, 900, 1800}[random.IntN(3)]
			readings = append(readings, r)
		case p < 22: // finer readings, said or not
			step := []int64{900, 1800}[random.IntN(2)]
			for k := range meter.HourSeconds / step {
				part := r
				part.Second += k * step
				if random.IntN(2) == 0 {
					part.Interval = int32(step)
				}
				if random.IntN(5) > 0 {
					readings = append(readings, part)
				}
			}
			readings = append(readings, r)
		case p < 24:
			r.Unit = []string{"W", "Wh", "m3"}[random.IntN(3)]
			readings = append(readings, r)
		case p < 32:
			r.Quality = []meter.Quality{meter.Bad, meter.Missing, meter.Estimated}[random.IntN(3)]
			readings = append(readings, r)
		case p < 52:
			for range 2 + random.IntN(4) {
				r := reading(m, next[m])
				r.History, r.Unit = random.IntN(6) == 0, []string{"kWh", "kWh", "", "W"}[random.IntN(4)]
				readings = append(readings, r)
				next[m] += int64(random.IntN(3))
			}
		default:
			r.History = random.IntN(10) == 0
			readings = append(readings, r)
		}
		next[m]++
		add(readings)
	}
	return l
}

// outcome is what a log came to, in an order that does not depend on how it was
// cut: forecasts by message, rejections and counts.
type outcome struct {
	forecasts                   []Forecast
	scores                      []Score
	events, rejections          []string
	applied, repeated, unscored int
}

func (o *outcome) add(batch []Reading, r Result) {
	o.forecasts = append(o.forecasts, r.Forecasts...)
	o.scores = append(o.scores, r.Scores...)
	for _, event := range r.Events {
		o.events = append(o.events, eventText(&event))
	}
	for _, x := range r.Rejections {
		at := batch[x.Reading]
		o.rejections = append(o.rejections, fmt.Sprintf("message %d at %d: %s: %s", at.Message, at.Second, x.Reason, x.Detail))
	}
	o.applied += r.Applied
	o.repeated += r.Repeated
	o.unscored += r.Unscored
}

// eventText is an event with all that it says.
func eventText(e *Event) string {
	text := fmt.Sprintf("%d %s %s %q", e.Message, e.Series, e.Kind, e.Text)
	if e.Limit != nil {
		text += fmt.Sprintf(" %+v", *e.Limit)
	}
	return text
}

// limited is an engine whose series all have a limit that forecasts of a log pass now and then.
func limited(t interface{ Fatal(...any) }) *Engine {
	e := New()
	every := meter.ID{Site: meter.Any, Meter: meter.Any}
	set := Setting{Limit: meter.Quantity{Value: 3, Unit: "kW"}, LimitChance: 0.6}
	if _, err := e.Configure(every, set); err != nil {
		t.Fatal(err)
	}
	return e
}

// run feeds messages from up to before to of the log, size() messages at a time,
// and only readings that keep wants.
func (l log) run(t *rapid.T, e *Engine, from, to int, size func() int, keep func(Reading) bool) outcome {
	var o outcome
	var batch []Reading
	step := func() {
		o.add(batch, e.Step(batch))
		batch = batch[:0]
	}
	left := size()
	for i := from; i < to; i++ {
		if m := l.models[i]; m != nil {
			step()
			if err := e.SetModel(m); err != nil {
				t.Fatal(err)
			}
		}
		if m, ok := l.marks[i]; ok {
			step()
			_, result, err := e.Mark(m.pattern, m.Mark, i)
			if err != nil {
				t.Fatal(err)
			}
			o.add(nil, result)
		}
		for _, r := range l.messages[i] {
			if keep(r) {
				batch = append(batch, r)
			}
		}
		if left--; left <= 0 {
			step()
			left = size()
		}
	}
	step()
	return o
}

func all(Reading) bool { return true }

func of(id meter.ID) func(Reading) bool { return func(r Reading) bool { return r.Series == id } }

func one() int { return 1 }

// sameScores says where two lists of scores part, to the bit.
func sameScores(a, b []Score) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d scores and %d", len(a), len(b))
	}
	for i := range a {
		if x, y := fmt.Sprintf("%+v", a[i]), fmt.Sprintf("%+v", b[i]); x != y {
			return fmt.Sprintf("score %d: %s\n%s", i, x, y)
		}
	}
	return ""
}

// sameForecasts says where two lists of forecasts part.
func sameForecasts(a, b []Forecast) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d forecasts and %d", len(a), len(b))
	}
	for i := range a {
		if d := differ(&a[i], &b[i]); d != "" {
			return fmt.Sprintf("forecast %d (message %d, %s): %s", i, a[i].Message, a[i].Source, d)
		}
	}
	return ""
}

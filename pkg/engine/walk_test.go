package engine

import (
	"math"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// late is the reading of cell i, changed, as a message of history.
func late(i int64, message int, change float64) Reading {
	r := history(at(i))
	r.Message, r.Value = message, r.Value+change
	return r
}

// A late reading that makes the first scale of a series makes it at once: what comes later
// in the same batch does not take part, just as when it comes in another batch (I4).
func TestFirstScaleOfLateReadings(t *testing.T) {
	t.Parallel()
	const n = scaleCells
	begin := func() *Engine {
		e := newEngine(t, randomModel(45, 4))
		feed(e, 0, n-3)
		e.Step([]Reading{at(n - 1)})
		if e.hours().slabs.scale(0).Ready {
			t.Fatal("the scale is known too early")
		}
		return e
	}
	one, burst := begin(), begin()
	batch := []Reading{late(n-3, 1, 0), late(n-2, 2, 0), late(n-9, 3, 40)}
	for i := range batch {
		one.Step(batch[i : i+1])
		if ready := one.hours().slabs.scale(0).Ready; ready != (i > 0) {
			t.Errorf("after %d late readings the scale is known: %v", i+1, ready)
		}
	}
	burst.Step(batch)
	if a, b := one.hours().slabs.scale(0).Scaler, burst.hours().slabs.scale(0).Scaler; a != b {
		t.Errorf("one by one the scale is %+v, at once %+v", a, b)
	}
	if !sameSections(one.Snapshot(), burst.Snapshot()) {
		t.Error("the states differ")
	}
	if f := last(t, one, at(n)); f.Source != meter.SourceLSTM {
		t.Errorf("forecast by %s", f.Source)
	}
}

// A late reading that asks for a forecast and brings the first scale is forecast by the
// network.
func TestForecastOfTheReadingThatBringsTheScale(t *testing.T) {
	t.Parallel()
	const n = scaleCells
	e := newEngine(t, randomModel(45, 4))
	feed(e, 0, n-2)
	e.Step([]Reading{at(n - 1)})
	if f := last(t, e, at(n-2)); f.Source != meter.SourceLSTM || f.Revision != 1 {
		t.Errorf("%s, revision %d", f.Source, f.Revision)
	}
}

// What late history changed is in the snapshot that is taken after its batch.
func TestSnapshotOfLateHistory(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(46, 4))
	feed(e, 0, 300)
	e.Step([]Reading{late(290, 0, 1)})
	restored := newEngine(t, e.Model(meter.HourSeconds))
	if err := restored.Restore(e.Snapshot()); err != nil {
		t.Fatal(err)
	}
	want, got := last(t, e, at(300)), last(t, restored, at(300))
	if d := differ(&want, &got); d != "" {
		t.Errorf("a forecast after the restore differs: %s", d)
	}
}

// A burst of late history is walked once, at the end of its batch; a series whose open
// cells nothing has changed is not walked again at all. Both are seen by a settled state
// that is spoilt: whoever goes back to it spoils the live one.
func TestNothingIsWalkedInVain(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(47, 4))
	feed(e, 0, 300)
	settled := e.hours().slabs.settled.row(0)
	kept := append([]float32(nil), settled...)
	for i := range settled {
		settled[i] = float32(math.NaN())
	}
	h, _ := live(e, 0)
	if feed(e, 300, 301); math.IsNaN(float64(h[0])) {
		t.Error("a reading in order led back to the settled state")
	}
	batch := []Reading{late(295, 0, 1), late(296, 1, 1)}
	e.rounds.cut(batch)
	for e.rounds.next() {
		var result Result
		e.observe(batch, &result)
		e.forward(&result)
		if math.IsNaN(float64(h[0])) {
			t.Fatal("late history is walked before its batch ends")
		}
	}
	copy(settled, kept)
	if e.settleDown(); e.hours().slabs.record(0).dirty {
		t.Error("late history is not walked")
	}
}

// A series may begin with the first hour there is.
func TestSeriesOfTheEpoch(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(48, 4))
	for i := range int64(60) {
		r := at(i)
		r.Second = i * meter.HourSeconds
		if f := last(t, e, r); f.Origin != (i+1)*meter.HourSeconds || sound(&f) != "" {
			t.Fatalf("cell %d: %+v", i, f)
		}
	}
}

// A message may tell that its series is of another interval: what is known is brought over, and the
// forecast is that of the newest hour that is whole.
func TestMessageThatChangesTheInterval(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(49, 4))
	shifted := func(i int64) Reading {
		r := at(i)
		r.Second += 1500
		return r
	}
	for i := range int64(30) {
		last(t, e, shifted(i))
	}
	finer := at(31)
	finer.Interval = 900
	result := e.Step(message(0, shifted(30), finer))
	if len(result.Forecasts) != 1 || result.Applied != 2 || len(result.Rejections) != 0 || e.Series() != 1 {
		t.Errorf("%+v, %d cells", result, e.hours().slabs.record(0).known)
	}
}

// The readings of a message that come late are scored together, by the message that
// brought them, whichever number it has.
func TestLateActualsOfOneMessage(t *testing.T) {
	t.Parallel()
	for _, number := range []int{0, 3} {
		e, out := newEngine(t, randomModel(50, 4)), ledger{}
		out.note(feed(e, 0, 200).Forecasts)
		out.note(e.Step([]Reading{at(203)}).Forecasts)
		result := e.Step(message(number, at(201), at(202)))
		if len(result.Scores) != 2 || len(result.Forecasts) != 1 {
			t.Fatalf(
				"message %d: %d scores, %d forecasts",
				number,
				len(result.Scores),
				len(result.Forecasts),
			)
		}
		for i, s := range result.Scores {
			if s.Message != number || s.Target != epoch+int64(201+i)*meter.HourSeconds {
				t.Errorf("message %d: %+v", number, s)
			}
		}
	}
}

// Late history in a message is no actual, whatever else the message brings.
func TestLateHistoryIsNoActual(t *testing.T) {
	t.Parallel()
	for name, readings := range map[string][]Reading{
		"history first": {history(at(201)), at(202)}, "history between": {at(200), history(at(201)), at(202)},
	} {
		e := newEngine(t, randomModel(50, 4))
		feed(e, 0, 200)
		e.Step([]Reading{at(203)})
		result := e.Step(message(1, readings...))
		if len(result.Forecasts) != 1 || len(result.Scores) != len(readings)-1 {
			t.Fatalf("%s: %d forecasts, %d scores", name, len(result.Forecasts), len(result.Scores))
		}
		for _, s := range result.Scores {
			if s.Target == epoch+201*meter.HourSeconds {
				t.Errorf("%s: %+v", name, s)
			}
		}
	}
}

// The number of a message is its number and nothing else: the forecast of late readings
// is the same.
func TestNumberOfAMessage(t *testing.T) {
	t.Parallel()
	m := randomModel(51, 4)
	run := func(number int) Forecast {
		e := newEngine(t, m)
		feed(e, 0, 200)
		r := at(195)
		r.Value, r.Message = r.Value+1, number
		return last(t, e, r)
	}
	a, b := run(0), run(3)
	b.Message = a.Message
	if d := differ(&a, &b); d != "" {
		t.Errorf("message 0 and message 3: %s", d)
	}
}

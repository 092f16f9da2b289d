package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// outage is a mark of hours after the epoch.
func outage(from, until int64) meter.Mark {
	return meter.Mark{
		From: epoch + from*meter.HourSeconds, Until: epoch + until*meter.HourSeconds,
		Reason: meter.Outage,
	}
}

func unmark(m meter.Mark) meter.Mark {
	m.Reason = meter.Unmarked
	return m
}

// mark puts a mark on m17.
func mark(t testing.TB, e *Engine, m meter.Mark) (Marked, Result) {
	t.Helper()
	done, result, err := e.Mark(m17, m, 0)
	if err != nil {
		t.Fatal(err)
	}
	return done, result
}

// bare is the state without the marks themselves.
func bare(e *Engine) []meter.Section {
	return slices.DeleteFunc(pristine(e), func(s meter.Section) bool { return s.Name == sectionMarks })
}

// A planned outage: its readings are BAD, and the states are those of a meter that called them BAD
// itself.
func TestPlannedOutage(t *testing.T) {
	t.Parallel()
	m := randomModel(41, 4)
	marked, honest := newEngine(t, m), newEngine(t, m)
	if done, result := mark(t, marked, outage(200, 210)); done.Series+done.Cells+done.Returned > 0 || len(result.Forecasts) > 0 {
		t.Errorf("%+v before the first reading", done)
	}
	for i := range int64(300) {
		r := at(i)
		if i >= 200 && i < 210 {
			r.Value = 0
		}
		f := last(t, marked, r)
		if i >= 200 && i < 210 {
			r.Quality = meter.Bad
			if f.Quality != meter.Bad {
				t.Errorf("hour %d: the forecast has quality %s", i, f.Quality)
			}
		} else if f.Quality != meter.OK {
			t.Errorf("hour %d: the forecast has quality %s", i, f.Quality)
		}
		g := last(t, honest, r)
		if d := differ(&f, &g); d != "" {
			t.Fatalf("hour %d: %s", i, d)
		}
	}
	// A meter that calls a value bad keeps none that could come back.
	drop := func(e *Engine) []meter.Section {
		return slices.DeleteFunc(bare(e), func(s meter.Section) bool { return s.Name == sectionAside })
	}
	if !sameSections(drop(marked), drop(honest)) {
		t.Error("the states differ")
	}
}

// A mark that comes while its cells can still change leaves what it leaves when it is there before
// them. Taken away again, it leaves what never was marked.
func TestMarkOfOpenCells(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := randomModel(rapid.Uint64Range(0, 200).Draw(t, "model"), 4)
		total := rapid.Int64Range(230, 420).Draw(t, "readings")
		from := rapid.Int64Range(total-lateHours, total-1).Draw(t, "from")
		until := rapid.Int64Range(from+1, total+20).Draw(t, "until")
		period := outage(from, until)
		before, after, plain := newEngine(t, m), newEngine(t, m), newEngine(t, m)
		if _, _, err := before.Mark(m17, period, 0); err != nil {
			t.Fatal(err)
		}
		for _, e := range []*Engine{before, after, plain} {
			feed(e, 0, total)
		}
		done, _, err := after.Mark(m17, period, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := min(until, total) - from; int64(done.Cells) > want || done.Series != 1 {
			t.Fatalf("%+v of %d cells", done, want)
		}
		back := newEngine(t, m)
		if err := back.Restore(after.Snapshot()); err != nil {
			t.Fatal(err)
		}
		if d := differStates(before, after); d != "" {
			t.Fatalf("before and after its readings: %s", d)
		}
		if _, _, err := back.Mark(m17, unmark(period), 0); err != nil {
			t.Fatal(err)
		}
		if d := differStates(back, plain); d != "" {
			t.Fatalf("taken away and never there: %s", d)
		}
	})
}

// differStates feeds both engines the next reading and compares forecasts and states.
func differStates(a, b *Engine) string {
	next := a.hours().slabs.record(a.hours().slabs.index[m17]).newest + 1 - epoch/meter.HourSeconds
	fa, fb := a.Step([]Reading{at(next)}).Forecasts, b.Step([]Reading{at(next)}).Forecasts
	if len(fa) != 1 || len(fb) != 1 {
		return "no forecast"
	}
	if d := differ(&fa[0], &fb[0]); d != "" {
		return d
	}
	if !sameSections(bare(a), bare(b)) {
		return "states"
	}
	return ""
}

// Late readings and corrections of a marked period are kept from the model too, and come back with
// the end of the mark.
func TestLateReadingIntoAMark(t *testing.T) {
	t.Parallel()
	m := randomModel(42, 4)
	e, plain := newEngine(t, m), newEngine(t, m)
	mark(t, e, outage(280, 290))
	for _, e := range []*Engine{e, plain} {
		feed(e, 0, 284)
		feed(e, 285, 300)
		wrong := at(282)
		wrong.Value += 1
		e.Step([]Reading{wrong})
		e.Step([]Reading{at(284)})
		e.Step([]Reading{at(282)})
	}
	for i := int64(280); i < 290; i++ {
		if _, q := cellAt(t, e, i); q != meter.Bad {
			t.Errorf("hour %d is %s", i, q)
		}
	}
	if done, _ := mark(t, e, unmark(outage(280, 290))); done.Returned != 10 {
		t.Errorf("%+v, want 10 cells returned", done)
	}
	if d := differStates(e, plain); d != "" {
		t.Errorf("%s differ", d)
	}
}

// An outage of last week, told today: its cells are BAD and filled, the states are computed anew, and
// the ring comes back when the mark is taken away.
func TestMarkOfClosedCells(t *testing.T) {
	t.Parallel()
	m := randomModel(43, 4)
	e, plain := newEngine(t, m), newEngine(t, m)
	feed(e, 0, 400)
	feed(plain, 0, 400)
	done, result := mark(t, e, outage(200, 230))
	if done.Cells != 30 || done.Returned != 0 {
		t.Errorf("%+v, want 30 cells", done)
	}
	if len(result.Forecasts) != 1 || result.Forecasts[0].Revision != 1 {
		t.Errorf("%d forecasts after the mark, want the next revision", len(result.Forecasts))
	}
	for i := int64(200); i < 230; i++ {
		v, q := cellAt(t, e, i)
		if day, _ := cellAt(t, e, i-24); q != meter.Bad || v != day {
			t.Errorf("hour %d is %v %s, the day before %v", i, v, q, day)
		}
	}
	settled := e.hours().slabs.record(0)
	if !settled.fresh {
		t.Error("the states are not computed")
	}
	restored := newEngine(t, m)
	if err := restored.Restore(e.Snapshot()); err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Engine{e, restored} {
		if done, _ := mark(t, e, unmark(outage(200, 230))); done.Returned != 30 {
			t.Errorf("%+v, want 30 cells returned", done)
		}
		for i := int64(20); i < 400; i++ {
			v, q := cellAt(t, e, i)
			if want, same := cellAt(t, plain, i); v != want || q != same {
				t.Errorf("hour %d is %v %s, want %v %s", i, v, q, want, same)
			}
		}
	}
	if !sameSections(e.Snapshot(), restored.Snapshot()) {
		t.Error("the restored engine went another way")
	}
}

// Scores of a marked period are taken back, and none are taken while it lasts.
func TestScoresOfAMark(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(44, 4))
	feed(e, 0, 300)
	_, result := mark(t, e, outage(298, 305))
	void := 0
	for _, s := range result.Scores {
		if !s.Void || s.Target < epoch+298*meter.HourSeconds {
			t.Errorf("score %+v", s)
		}
		void++
	}
	if void != 2 {
		t.Errorf("%d scores taken back, want those of two hours", void)
	}
	for i := int64(300); i < 305; i++ {
		if scores := feed(e, i, i+1).Scores; len(scores) > 0 {
			t.Errorf("hour %d is scored: %+v", i, scores)
		}
	}
	if scores := feed(e, 305, 306).Scores; len(scores) != 1 {
		t.Errorf("%d scores after the mark", len(scores))
	}
	_, result = mark(t, e, unmark(outage(298, 305)))
	if len(result.Scores) == 0 || result.Scores[0].Void {
		t.Errorf("%d scores after the mark was taken away", len(result.Scores))
	}
}

// Marks of patterns, of series that come later and of no series.
func TestMarksOfPatterns(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(45, 4))
	feed(e, 0, 200)
	for _, c := range []struct {
		pattern meter.ID
		series  int
		cells   int
	}{
		{meter.ID{Site: "south", Meter: meter.Any}, 0, 0},
		{meter.ID{Site: meter.Any, Meter: meter.Any}, 1, 5},
		{id(meter.Any), 1, 0}, // they are marked already
	} {
		done, result, err := e.Mark(c.pattern, outage(190, 195), 0)
		if err != nil || done.Series != c.series || done.Cells != c.cells || len(result.Forecasts) > 0 {
			t.Errorf("%s: %+v, %d forecasts, %v", c.pattern, done, len(result.Forecasts), err)
		}
	}
	late := Reading{
		Series: meter.ID{Site: "south", Meter: "new"}, Second: epoch + 192*meter.HourSeconds,
		Value: 1, Quality: meter.OK,
	}
	if f := e.Step([]Reading{late}).Forecasts; len(f) != 1 || f[0].Quality != meter.Bad {
		t.Errorf("a new series in the mark: %+v", f)
	}
	// The mark of the site is still there when that of all goes.
	every := meter.ID{Site: meter.Any, Meter: meter.Any}
	if done, _, _ := e.Mark(every, unmark(outage(0, 500)), 0); done.Returned != 0 || done.Series != 2 {
		t.Errorf("%+v", done)
	}
	if done, _, _ := e.Mark(id(meter.Any), unmark(outage(0, 500)), 0); done.Returned != 5 {
		t.Errorf("%+v, want 5 cells of the site returned", done)
	}
	if done, _, _ := e.Mark(late.Series, unmark(outage(0, 500)), 0); done.Returned != 0 {
		t.Errorf("%+v: the mark is that of the site", done)
	}
	if _, _, err := e.Mark(m17, outage(5, 5), 0); err == nil {
		t.Error("an empty period was taken")
	}
}

// A deleted series begins again without its marks.
func TestDeletedSeriesHasNoMarks(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	feed(e, 0, 10)
	mark(t, e, outage(0, 50))
	e.Delete(m17)
	if f := feed(e, 0, 10).Forecasts; f[9].Quality != meter.OK {
		t.Errorf("quality %s", f[9].Quality)
	}
	if slices.ContainsFunc(e.Snapshot(), func(s meter.Section) bool { return s.Name == sectionMarks }) {
		t.Error("the checkpoint has a section of no marks")
	}
}

// The view of a finer series has the cells of the series joined, whatever is marked, and keeps the
// forecasts that wait.
func TestViewOfMarkedSeries(t *testing.T) {
	t.Parallel()
	const quarter = meter.HourSeconds / 4
	e := newEngine(t, randomModel(46, 4))
	e.Step(script(0, quarter, 1500, 1))
	if compareView(t, e) == 0 {
		t.Fatal("the series has no view")
	}
	waiting := func() int {
		view := e.hours().slabs.index[m17]
		return e.hours().slabs.waiting.Unscored(e.hours().slabs.held.row(view))
	}
	held := waiting()
	for _, period := range []meter.Mark{outage(370, 373), outage(100, 130), outage(365, 400)} {
		done, result := mark(t, e, period)
		if compareView(t, e); done.Cells == 0 || len(result.Forecasts) != 1 {
			t.Errorf("%+v, %d forecasts", done, len(result.Forecasts))
		}
	}
	if waiting() < held-2 || held == 0 {
		t.Errorf("%d forecasts wait, before the marks %d", waiting(), held)
	}
	mark(t, e, unmark(outage(0, 400)))
	compareView(t, e)
	ring := e.hours().slabs.ring(e.hours().slabs.index[m17])
	for n := ring.First(); n <= ring.Newest; n++ {
		if _, q := ring.At(n); q == meter.Bad {
			t.Errorf("cell %d of the view is still BAD", n)
		}
	}
}

// An engine that is stored and read back between any two records goes on with the same bytes.
func TestMarksSurviveARestart(t *testing.T) {
	t.Parallel()
	cases, marks := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		cases++
		l := randomLog(t, 3, 30)
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "marks"), 8))
		for at, m := range randomMarks(random, 3, 3, 30) {
			l.marks[at] = m
		}
		marks += len(l.marks)
		whole, first := New(), New()
		at := rapid.IntRange(4, len(l.messages)-1).Draw(t, "restart at")
		want := l.run(t, whole, 0, len(l.messages), one, all)
		got := l.run(t, first, 0, at, one, all)
		second := New()
		for _, m := range first.Models() {
			if err := second.SetModel(m); err != nil {
				t.Fatal(err)
			}
		}
		if err := second.Restore(first.Snapshot()); err != nil {
			t.Fatal(err)
		}
		rest := l.run(t, second, at, len(l.messages), one, all)
		if d := sameForecasts(want.forecasts, append(got.forecasts, rest.forecasts...)); d != "" {
			t.Fatal(d)
		}
		if d := sameScores(want.scores, append(got.scores, rest.scores...)); d != "" {
			t.Fatal(d)
		}
		if !sameSections(whole.Snapshot(), second.Snapshot()) {
			t.Fatal("the states differ")
		}
	})
	if marks < 2*cases {
		t.Errorf("%d marks in %d cases: this tests little", marks, cases)
	}
}

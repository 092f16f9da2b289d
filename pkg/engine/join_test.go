package engine

import (
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// compareView fails when the view of m17 has other cells than those of its series joined. It
// returns how many cells the view has.
func compareView(t *testing.T, e *Engine) (cells int) {
	t.Helper()
	co, slot, ok := e.find(m17)
	if !ok || co.joins == nil { // it is taken for an hourly one as yet
		return 0
	}
	to, own, ring := co.joins, co.slabs.record(slot), co.slabs.ring(slot)
	view, ok := to.slabs.index[m17]
	if !ok || ring.Known == 0 {
		return 0
	}
	rec, joined := to.slabs.record(view), to.slabs.ring(view)
	if want := rec.Cell(own.Start(ring.Newest+1)) - 1; rec.known > 0 && rec.newest != want {
		t.Fatalf("the view has cells up to %d, want %d", rec.newest, want)
	}
	first := max(co.firstJoined(slot, view), joined.First())
	for n := co.firstJoined(slot, view); to.slabs.young(view) && n < first; n++ {
		c := grid.Join(own.Grid, rec.Grid, own.Kind, n, cellsOf(&ring))
		if c.Quality.Accepted() {
			t.Fatalf("the view begins with cell %d, cell %d is %v %v", first, n, c.Value, c.Quality)
		}
	}
	if _, quality := joined.At(first); rec.known > 0 && to.slabs.young(view) &&
		!to.slabs.said(view, first).quality.Accepted() {
		t.Fatalf("the view begins with cell %d, which is %v", first, quality)
	}
	for n := first; rec.known > 0 && n <= joined.Newest; n++ {
		got := to.slabs.said(view, n)
		want := grid.Join(own.Grid, rec.Grid, own.Kind, n, cellsOf(&ring))
		if got.quality != want.Quality || want.Quality.Accepted() && got.value != want.Value {
			t.Fatalf("cell %d of the view is %v %v, want %v %v",
				n, got.value, got.quality, want.Value, want.Quality)
		}
	}
	return joined.Known
}

// What is kept aside of cells goes up to the cell that can no longer change, and with it, once a
// series spans more than two weeks.
func TestFlaggedCellsSettle(t *testing.T) {
	t.Parallel()
	for settled, want := range map[int64][]int64{
		2: {3, 5, 6}, 3: {5, 6}, 4: {5, 6}, 5: {6}, 6: nil, 9: nil,
	} {
		s := newSlabs(&series.Hourly, naiveWaiting(&series.Hourly))
		slot := s.add(m17, "kWh")
		s.record(slot).Pattern = grid.Pattern{Grid: grid.Grid{Interval: meter.HourSeconds}}
		s.record(slot).newest, s.record(slot).known, s.record(slot).since = 9, 10, 9-ringCells
		for _, cell := range []int64{5, 3, 6, 3} {
			s.flagged.put(slot, raw{cell: cell})
		}
		for cell := range settled + 1 {
			s.settleAside(slot, cell)
		}
		var got []int64
		for _, r := range s.flagged[slot] {
			got = append(got, r.cell)
		}
		if _, there := s.flagged[slot]; !slices.Equal(got, want) || there != (len(want) > 0) {
			t.Errorf("settled up to %d: %v is kept, want %v", settled, got, want)
		}
	}
}

// asHistory makes readings that are history.
func asHistory(readings []Reading) []Reading {
	for i := range readings {
		readings[i].History = true
	}
	return readings
}

// The view of a series has the cells of the series joined, after new and late readings, corrections
// of value or quality alone, bad and missing ones, history and silence.
func TestViewHasTheCellsOfItsSeries(t *testing.T) {
	t.Parallel()
	const quarter = meter.HourSeconds / 4
	e := newEngine(t, randomModel(1, 4))
	message, compared := 0, 0
	for _, readings := range [][]Reading{
		called(meter.Bad, single(-1, 0)), single(0.5, 1), script(0.75, quarter, 250, 1), single(0.25, 2),
		single(62.25, 3), called(meter.Estimated, single(61.5, 1)), called(meter.Bad, single(62, 0)),
		called(meter.Bad, single(60, 0)), called(meter.Bad, single(60.25, 0)),
		called(meter.Bad, single(60.5, 0)), single(60.25, 2), single(66, 1), single(66.5, 2),
		single(66.75, 2), script(67, quarter, 20, 1),
		called(meter.Bad, script(72, quarter, 4, 0)), single(73.5, 1), single(64, 1), single(64.25, 1),
		single(64.5, 2), single(23.75, 5), asHistory(single(70.25, 4)),
		asHistory(script(74, quarter, 30, 2)), asHistory(single(76, 7)), script(81.5, quarter, 10, 1),
		single(600, 1), single(600.25, 1), script(600.5, quarter, 20, 1),
	} {
		for _, r := range readings {
			r.Message = message
			message++
			e.Step([]Reading{r})
			compared += compareView(t, e)
		}
	}
	if compared < 1000 || compareView(t, e) < 5 {
		t.Errorf("%d cells were compared, %d in the end", compared, compareView(t, e))
	}
}

// A view begins with the first cell of which half was measured, also where another one was the first
// before: what was scored in that one is taken back.
func TestFirstCellOfAView(t *testing.T) {
	t.Parallel()
	const quarter = meter.HourSeconds / 4
	e := newEngine(t, randomModel(1, 4))
	check := func(when string, want int64) {
		t.Helper()
		ring := e.hours().slabs.ring(0)
		got := ring.First() - epoch/meter.HourSeconds
		if _, q := ring.At(ring.First()); !q.Accepted() || got != want {
			t.Errorf("%s: the first cell of the view is %d, %s, want %d", when, got, q, want)
		}
		compareView(t, e)
	}
	begin := append(script(0, quarter, 1, 1), called(meter.Bad, script(0.25, quarter, 3, 0))...)
	for _, r := range append(begin, script(1, quarter, 12, 1)...) {
		r.Interval = quarter
		each(t, e, []Reading{r})
	}
	check("after a bad hour", 1)
	var back []int64
	for _, score := range e.Step(called(meter.Bad, script(1, quarter, 7, 0))).Scores {
		if score.Void {
			back = append(back, (score.Target-epoch)/meter.HourSeconds)
		}
	}
	check("after two hours were called bad", 3)
	if !slices.Equal(back, []int64{2}) {
		t.Errorf("scores of hours %d are taken back, want 2", back)
	}
	each(t, e, script(2, quarter, 3, 1))
	check("after one of them was right again", 2)
}

// A series that is there when a model of a coarser interval comes has a view at once, and is
// forecast at that interval; a model whose interval is no multiple of its own does not serve it.
func TestViewsComeWithTheirModel(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	each(t, e, script(0, 1200, 150, 1))
	for _, c := range []struct {
		interval string
		serving  int32
	}{{"30m", 1200}, {"1h", 3600}} {
		m := randomModel(1, 4)
		m.Spec.Name, m.Spec.Interval = "load-"+c.interval, c.interval
		if err := e.SetModel(m); err != nil {
			t.Fatal(err)
		}
		if s, _ := e.Summary(m17); s.Serving != c.serving {
			t.Errorf("with a model of %s the series is forecast at %d s, want %d",
				c.interval, s.Serving, c.serving)
		}
	}
	if compareView(t, e) == 0 {
		t.Error("the view has no cell")
	}
}

// The unit of a series stays that of its first reading.
func TestUnitOfASeriesStays(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	feed(e, 0, 30)
	r := at(30)
	r.Unit, r.Value = "Wh", 1500
	if f := last(t, e, r); f.Unit != "kWh" {
		t.Errorf("the forecast is in %s", f.Unit)
	}
	if value, quality := cellAt(t, e, 30); value != 1.5 || quality != meter.OK {
		t.Errorf("cell %v %v, want 1.5", value, quality)
	}
}

// A view that loses its only cell, because its readings are taken back, is as it was before it; a
// snapshot of that can be restored, and the series goes on.
func TestViewThatLosesItsOnlyCell(t *testing.T) {
	t.Parallel()
	champion := randomModel(7, 4).WithVersion("3")
	e := newEngine(t, champion)
	quarter := func(i int64, value float64, q meter.Quality) Result {
		return e.Step([]Reading{{
			Series: m17, Second: epoch + i*900, Value: value, Unit: "kWh", Kind: meter.Energy, Quality: q,
			Interval: 900,
		}})
	}
	for i := range int64(4) {
		quarter(i, 1, meter.OK)
	}
	if compareView(t, e) != 1 {
		t.Fatal("the view does not have the first hour")
	}
	for i := range int64(4) {
		quarter(i, 1, meter.Bad)
	}
	if compareView(t, e) != 0 {
		t.Fatal("the view still has the first hour")
	}
	next := newEngine(t, champion)
	if err := next.Restore(e.Snapshot()); err != nil {
		t.Fatal(err)
	}
	for i := int64(4); i < 12; i++ {
		want := quarter(i, 2, meter.OK)
		e, next = next, e
		got := quarter(i, 2, meter.OK)
		e, next = next, e
		if len(want.Forecasts) != len(got.Forecasts) ||
			len(want.Forecasts) > 0 && !slices.Equal(want.Forecasts[0].Quantiles, got.Forecasts[0].Quantiles) {
			t.Fatalf("quarter %d: %+v after the restore, want %+v", i, got.Forecasts, want.Forecasts)
		}
	}
	if compareView(t, e) != 2 {
		t.Error("the view does not go on")
	}
}

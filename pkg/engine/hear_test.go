package engine

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// strip has the cells of one series by pkg/grid alone, without an end.
type strip struct {
	state  grid.State
	cells  map[int64]grid.Cell
	first  int64
	newest int64
	known  bool
	out    grid.Outcome
}

func newStrip(kind meter.Kind) *strip {
	l := &strip{cells: map[int64]grid.Cell{}}
	l.state.Kind = kind
	return l
}

func (l *strip) Bounds() (first, newest int64, ok bool) { return l.first, l.newest, l.known }

func (l *strip) Said(n int64) (float32, meter.Quality) {
	if c, ok := l.cells[n]; ok {
		return c.Value, c.Quality
	}
	return 0, meter.Missing
}

func (l *strip) put(r Reading) {
	l.state.Put(grid.Point{
		Second: r.Second, Value: r.Value, Quality: r.Quality, Span: r.Interval,
	}, l, &l.out)
	l.take()
}

func (l *strip) take() {
	if l.out.Rebuilt {
		l.cells, l.known = map[int64]grid.Cell{}, false
	}
	if l.out.Was != (grid.Grid{}) {
		first, newest := l.first, l.newest
		if !l.known {
			first, newest = 0, -1
		}
		l.out.Bring(l.state.Grid, l.state.Kind, first, newest, l.Said)
		l.cells, l.known = map[int64]grid.Cell{}, false
	}
	for _, c := range l.out.Cells {
		l.write(c)
	}
	if l.known {
		l.state.Settle(l.newest - l.state.LateCells() - 1)
	}
}

// write takes a cell over. A missing one is not the first.
func (l *strip) write(c grid.Cell) {
	if c.Quality == meter.Missing && (!l.known || c.N < l.first) {
		return
	}
	if !l.known {
		l.first, l.newest, l.known = c.N, c.N, true
	}
	l.first, l.newest = min(l.first, c.N), max(l.newest, c.N)
	if l.cells[c.N] = c; c.Quality == meter.Missing {
		delete(l.cells, c.N)
	}
}

// compare fails when the ring of a series has other cells than the strip. A cell that nobody
// measured has a fill in the ring.
func (l *strip) compare(t *testing.T, e *Engine, id meter.ID) {
	t.Helper()
	co, slot, ok := e.find(id)
	if !ok || !l.known {
		if known := ok && co.slabs.record(slot).known > 0; known != l.known {
			t.Fatalf("the series has cells: %v, want %v", known, l.known)
		}
		return
	}
	ring := co.slabs.ring(slot)
	if g := co.slabs.record(slot).Grid; g != l.state.Grid || ring.Newest != l.newest {
		t.Fatalf("grid %+v up to %d, want %+v up to %d", g, ring.Newest, l.state.Grid, l.newest)
	}
	if want := max(l.first, l.newest-int64(co.len.Ring)+1); ring.First() != want {
		t.Fatalf("the ring begins with cell %d, want %d of %d to %d",
			ring.First(), want, l.first, l.newest)
	}
	closed := 0 // accepted cells that can no longer change, as far as the first scale needs them
	for n := ring.First(); n <= ring.Newest; n++ {
		_, q := ring.At(n)
		if q.Accepted() && n <= ring.Newest-int64(co.len.Open) && closed < co.len.Scale {
			closed++
		}
		value, quality := co.slabs.said(slot, n).value, co.slabs.said(slot, n).quality
		want, wanted := l.Said(n)
		if quality != wanted || quality.Accepted() && value != want {
			t.Fatalf("cell %d is %v %v, want %v %v", n, value, quality, want, wanted)
		}
	}
	if r := co.slabs.states[slot].raw; r != nil && len(r.Points) != len(l.state.Raw.Points) {
		t.Fatalf("%d readings are kept, want %d", len(r.Points), len(l.state.Raw.Points))
	}
	// Those that have left the ring were counted, too.
	if got := int(co.slabs.record(slot).accepted); got != closed && ring.Known < co.len.Ring {
		t.Fatalf("%d accepted cells count for the first scale, want %d", got, closed)
	}
}

// script makes readings of a series: count of them, step seconds apart.
func script(from float64, step int64, count int, value float64) []Reading {
	readings := make([]Reading, count)
	for i := range readings {
		r := at(0)
		r.Second += int64(from*meter.HourSeconds) + int64(i)*step
		r.Value = value * (1 + float64(i%5)/10)
		readings[i] = r
	}
	return readings
}

// single is one reading.
func single(hours, value float64) []Reading { return script(hours, 0, 1, value) }

// called makes readings that their sender calls something.
func called(quality meter.Quality, readings []Reading) []Reading {
	for i := range readings {
		readings[i].Quality = quality
	}
	return readings
}

// The ring of a series has the cells that pkg/grid makes of its readings, in every way in which a
// series can begin, change its grid, and begin anew. No forecast is of an origin before that of the
// last one.
func TestRingHasTheCellsOfTheGrid(t *testing.T) {
	t.Parallel()
	const hour, half, quarter = meter.HourSeconds, meter.HourSeconds / 2, meter.HourSeconds / 4
	for name, parts := range map[string][][]Reading{
		"hours, halves, hours": {
			script(0, hour, 500, 1), script(500, half, 60, 0.5), script(530, hour, 40, 1),
			script(568, hour, 1, 2), script(600, half, 60, 0.5),
		},
		"quarters, then hours": {script(0, quarter, 1700, 1), script(425, hour, 60, 4)},
		"quarters that begin late in an hour": {
			script(0.75, quarter, 97, 1), script(25, hour, 24, 4),
		},
		"another phase": {script(0, hour, 100, 1), script(100.5, hour, 40, 1)},
		"a phase in its first day": {
			script(0, hour, 6, 1), script(6.5, hour, 8, 1), single(2, 9), script(15.5, hour, 40, 1),
		},
		"a first reading that is off": {single(0.6, 1), script(1, hour, 40, 1)},
		"minutes in its first day":    {script(0, hour, 3, 1), script(3, 60, 300, 0.02)},
		"earlier and earlier": {
			script(20, hour, 10, 1), single(19, 2), single(10, 2), called(meter.Bad, single(15, 0)),
			called(meter.Bad, single(9, 0)), single(5, 3), script(30, hour, 40, 1), single(12, 3),
		},
		"a long silence": {
			script(0, hour, 60, 1), single(600, 2), single(601, 2), script(602, hour, 30, 1),
			called(meter.Bad, single(600, 0)), single(599, 2),
		},
		"a silence of two weeks": {script(0, hour, 60, 1), single(400, 2), script(401, hour, 30, 1)},
		"late and bad": {
			script(0, hour, 60, 1), called(meter.Bad, single(60, 0)), single(63, 1), single(61, 2),
			called(meter.Bad, single(58, 0)), single(58, 3), called(meter.Estimated, single(59, 3)),
		},
		"quarters, late and lost": {
			script(0, quarter, 200, 1), single(50.5, 1), single(51, 1), single(51.75, 2),
			single(50.25, 3), single(50, 2), called(meter.Bad, single(50.75, 0)), single(52, 1),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, m := range []bool{false, true} {
				e, l := newEngine(t, nil), newStrip(meter.Energy)
				if m {
					e = newEngine(t, randomModel(1, 4))
				}
				message, before := 0, Forecast{}
				for _, readings := range parts {
					for _, r := range readings {
						r.Message = message
						message++
						for _, f := range e.Step([]Reading{r}).Forecasts {
							if f.Origin < before.Origin ||
								f.Origin == before.Origin && f.Revision != before.Revision+1 {
								t.Fatalf("forecast from %d, revision %d, after %d, revision %d",
									f.Origin, f.Revision, before.Origin, before.Revision)
							}
							before = f
						}
						l.put(r)
						l.compare(t, e, m17)
					}
				}
			}
		})
	}
}

// A guess about a series in its first day is told to nobody; a change after it is.
func TestChangesAreToldAfterTheFirstDay(t *testing.T) {
	t.Parallel()
	const hour, half = meter.HourSeconds, meter.HourSeconds / 2
	e := newEngine(t, nil)
	count := func(readings []Reading) (texts []string) {
		for _, r := range readings {
			for _, event := range e.Step([]Reading{r}).Events {
				texts = append(texts, event.Text)
			}
		}
		return texts
	}
	if told := count(append(script(0, half, 10, 0.5), script(5, hour, 30, 1)...)); len(told) > 0 {
		t.Errorf("in the first day: %q", told)
	}
	for _, c := range []struct {
		readings []Reading
		want     string
	}{
		{script(35, half, 60, 0.5), "the series has intervals of 30 minutes now, before it had 60: " +
			"readings come every 30 minutes"},
		{script(65, half/2, 120, 0.5), "the series has intervals of 15 minutes now, before it had 30: " +
			"readings come every 15 minutes"},
		{script(95, 40, 2160, 0.5), "readings come every 40 s now, before it was every 15 minutes; " +
			"intervals stay at 15 minutes"},
	} {
		if told := count(c.readings); len(told) != 1 || told[0] != c.want {
			t.Errorf("told %q, want %q", told, c.want)
		}
	}
	e = newEngine(t, nil)
	var told []string
	for _, r := range append(script(0, 17*60, 90, 1), script(25.6, 12*60, 130, 1)...) {
		r.Unit = "kW"
		for _, event := range e.Step([]Reading{r}).Events {
			told = append(told, event.Text)
		}
	}
	want := "readings come every 12 minutes now, before it was at irregular moments; " +
		"intervals stay at 60 minutes"
	if len(told) != 1 || told[0] != want {
		t.Errorf("told %q, want %q", told, want)
	}
}

// Forecasts are void where the message that corrects a series is history: only readings of today
// are held against them.
func TestHistoryTakesNoCorrectionBack(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	feed(e, 0, 100)
	corrected, old := at(98), at(97)
	corrected.Value, old.Value, old.History = corrected.Value+1, old.Value+1, true
	corrected.Message, old.Message = 0, 0
	next := at(100)
	next.Message = 0
	scores := e.Step([]Reading{corrected, old, next}).Scores
	var targets []int64
	for _, s := range scores {
		targets = append(targets, (s.Target-epoch)/meter.HourSeconds)
	}
	if len(targets) != 2 || targets[0] != 100 || targets[1] != 98 {
		t.Errorf("scores of the cells %v, want 100 and 98", targets)
	}
	// A message that ends with history asks for no forecast, and the next one scores nothing of it.
	corrected, old = at(99), at(101)
	corrected.Value, old.History = corrected.Value+1, true
	corrected.Message, old.Message = 1, 1
	next = at(102)
	next.Message = 2
	for _, s := range e.Step([]Reading{corrected, old, next}).Scores {
		if target := (s.Target - epoch) / meter.HourSeconds; target != 102 {
			t.Errorf("a score of cell %d by message %d", target, s.Message)
		}
	}
}

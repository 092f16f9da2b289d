package engine

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// bears is a quarter-hour that bears its end, or its start.
func bears(i int64, end bool) Reading {
	r := part(i, 900)
	r.Unit, r.Received = "kWh", r.Second+900+5
	if end {
		r.Second += 900
	}
	return r
}

// A series whose readings bear the end of their interval is to the bit that of readings that bear
// the start, across restarts.
func TestLabelEnd(t *testing.T) {
	t.Parallel()
	starts, ends := newEngine(t, nil), newEngine(t, nil)
	configure(t, ends, meter.ID{Site: meter.Any, Meter: meter.Any}, Setting{Label: meter.LabelEnd})
	for i := range int64(5 * 96) {
		a, b := starts.Step([]Reading{bears(i, false)}), ends.Step([]Reading{bears(i, true)})
		if i < 4 {
			continue // the interval is not known
		}
		if len(a.Forecasts) != len(b.Forecasts) || len(b.Events) > 0 {
			t.Fatalf("reading %d: %+v, want %+v", i, b, a)
		}
		for k := range a.Forecasts {
			if a.Forecasts[k].Origin != b.Forecasts[k].Origin {
				t.Fatalf("reading %d: origin %d, want %d", i, b.Forecasts[k].Origin, a.Forecasts[k].Origin)
			}
		}
		if i%100 == 50 {
			ends = restored(t, ends, nil)
		}
	}
	configure(t, ends, meter.ID{Site: meter.Any, Meter: meter.Any}, Setting{})
	if !sameSections(pristine(starts), pristine(ends)) {
		t.Error("the states differ")
	}
}

// A setting of the label that comes in the first day holds for the readings before it, too.
func TestLabelThatIsSetInTheFirstDay(t *testing.T) {
	t.Parallel()
	starts, ends := newEngine(t, nil), newEngine(t, nil)
	for i := range int64(3 * 96) {
		if i == 20 {
			configure(t, ends, m17, Setting{Label: meter.LabelEnd})
		}
		starts.Step([]Reading{bears(i, false)})
		ends.Step([]Reading{bears(i, true)})
	}
	ring := func(e *Engine) series.Ring {
		co, slot, _ := e.find(m17)
		return co.slabs.ring(slot)
	}
	a, b := ring(starts), ring(ends)
	for n := a.First(); n <= a.Newest; n++ {
		v, q := a.At(n)
		if w, p := b.At(n); v != w || q != p {
			t.Fatalf("cell %d is %v %s, want %v %s", n, w, p, v, q)
		}
	}
}

func TestLabelOfARegisterIsRefused(t *testing.T) {
	t.Parallel()
	set := Setting{Kind: meter.Register, Label: meter.LabelEnd}
	if _, err := New().Configure(m17, set); err == nil {
		t.Error("taken")
	}
}

// Energy of intervals that are not over by the log's clock is told after three in a row, and not
// again before long; what is told and what is not.
func TestEnergyOfIntervalsThatAreNotOver(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step  int64
		after int64 // seconds from the start of the interval until it comes
		each  int64 // one of so many comes when it is over
		edit  func(*Reading)
		told  bool
	}{
		"hours by their ends":      {3600, 5, 0, nil, true},
		"quarters by their ends":   {900, 5, 0, nil, true},
		"hours when they are over": {3600, 3605, 0, nil, false},
		"within the tolerance":     {3600, 2705, 0, nil, false},
		"beyond it":                {3600, 2695, 0, nil, true},
		"now and then":             {3600, 5, 3, nil, false},
		"history":                  {3600, 5, 0, func(r *Reading) { r.History = true }, false},
		"no log":                   {3600, 5, 0, func(r *Reading) { r.Received = 0 }, false},
		"power":                    {3600, 5, 0, func(r *Reading) { r.Unit = "kW" }, false},
		"a register": {3600, 5, 0, func(r *Reading) {
			r.Kind, r.Value = meter.Register, float64(r.Second)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, told, last := newEngine(t, nil), 0, int64(0)
			for i := range int64(200) {
				r := part(i, c.step)
				r.Unit, r.Interval, r.Received = "kWh", int32(c.step), r.Second+c.after
				if c.each > 0 && i%c.each == 0 {
					r.Received = r.Second + c.step
				}
				if c.edit != nil {
					c.edit(&r)
				}
				for _, kind := range kinds(e.Step([]Reading{r, r})) {
					if kind != IntervalNotOver {
						t.Fatalf("event %s", kind)
					}
					if told++; i-last < 2 || told > 1 && i-last < earlyQuiet {
						t.Errorf("told at reading %d, before at %d", i, last)
					}
					last = i
				}
				if i%7 == 0 {
					e = restored(t, e, nil)
				}
			}
			if want := map[bool]int{true: 2}[c.told]; told != want {
				t.Errorf("told %d times, want %d", told, want)
			}
		})
	}
}

// A checkpoint from before there were labels has none.
func TestCheckpointWithoutLabels(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	configure(t, e, m17, Setting{Zone: "Asia/Tokyo", Limit: kilowatts(40)})
	feed(e, 0, 30)
	old := e.Snapshot()
	for i := range old {
		if s := &old[i]; s.Name == sectionSetting {
			s.Version, s.Data = 3, s.Data[:len(s.Data)-1]
		}
	}
	next := newEngine(t, nil)
	if err := next.Restore(old); err != nil {
		t.Fatal(err)
	}
	if !sameSections(next.Snapshot(), e.Snapshot()) {
		t.Error("the state is another")
	}
}

// A section of notes that no engine can have written is refused.
func TestNotesAreChecked(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	for i := range int64(5) {
		r := at(i)
		r.Received, r.Interval = r.Second+5, 3600
		e.Step([]Reading{r})
	}
	for name, edit := range map[string]func([]byte){
		"another series": func(data []byte) { data[6]++ },
		"nothing noted":  func(data []byte) { data[len(data)-2] = 0 },
		"no such number": func(data []byte) { data[len(data)-2] = earlyTold },
		"too many":       func(data []byte) { data[0]++ },
	} {
		snapshot := e.Snapshot()
		for i := range snapshot {
			if snapshot[i].Name == sectionNotes {
				edit(snapshot[i].Data)
			}
		}
		if err := newEngine(t, nil).Restore(snapshot); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if err := newEngine(t, nil).Restore(e.Snapshot()); err != nil {
		t.Error(err)
	}
}

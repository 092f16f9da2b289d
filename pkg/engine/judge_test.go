package engine

import (
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The first reading of a series says where its cells begin: an hourly one at its own
// second, whether it says its interval or not; those of finer readings and of registers
// begin with the hour.
func TestWhereCellsBegin(t *testing.T) {
	t.Parallel()
	register := func(interval int32) func(*Reading) {
		return func(r *Reading) { r.Kind, r.Interval = meter.Register, interval }
	}
	for name, c := range map[string]struct {
		change func(*Reading)
		phase  int32
	}{
		"hourly":                   {func(*Reading) {}, 900},
		"hourly, and it says so":   {func(r *Reading) { r.Interval = meter.HourSeconds }, 900},
		"every 15 minutes":         {func(r *Reading) { r.Interval = 900 }, 0},
		"a register":               {register(0), 0},
		"a register of an hour":    {register(meter.HourSeconds), 0},
		"energy, and it says so":   {func(r *Reading) { r.Kind = meter.Energy }, 900},
		"a register of 15 minutes": {register(900), 0},
	} {
		e := New()
		r := at(0)
		r.Second += 900
		c.change(&r)
		result := e.Step([]Reading{r})
		co, slot, _ := e.find(r.Series)
		if phase := co.slabs.record(slot).Phase; result.Applied != 1 || phase != c.phase {
			t.Errorf("%s: the phase is %d s, want %d; %+v", name, phase, c.phase, result)
		}
	}
}

// The kind of a series is learnt from the first reading that names a unit, or says it;
// what is a register is one from its first reading on.
func TestKindIsLearnt(t *testing.T) {
	t.Parallel()
	const energy = "is of kind energy"
	type step struct {
		unit string
		kind meter.Kind
		says string // why it is refused, "" when it is taken
	}
	for name, steps := range map[string][]step{
		"by the unit":              {{"", 0, ""}, {"", 0, ""}, {"kWh", 0, ""}, {"", meter.Energy, ""}, {"", meter.Power, energy}},
		"by its word":              {{"", 0, ""}, {"", meter.Energy, ""}, {"", meter.Power, energy}},
		"by its word, not by unit": {{"", 0, ""}, {"m3", meter.Energy, ""}, {"", meter.Power, energy}},
		"not any more":             {{"kWh", 0, ""}, {"", meter.Power, energy}},
		"a register, not by unit":  {{"kWh", meter.Register, ""}, {"kWh", 0, ""}, {"", meter.Energy, "is of kind register"}},
		"a register too late":      {{"", 0, ""}, {"kWh", meter.Register, "is of kind power"}, {"kWh", 0, ""}},
	} {
		e := New()
		for i, s := range steps {
			r := at(int64(i))
			r.Unit, r.Kind = s.unit, s.kind
			result := e.Step([]Reading{r})
			if taken := s.says == ""; taken != (result.Applied == 1) ||
				!taken && !strings.Contains(result.Rejections[0].Detail, s.says) {
				t.Fatalf("%s: reading %d: %+v, want %q", name, i, result, s.says)
			}
		}
	}
}

// Two readings far ahead that agree begin the series anew with the earlier one, whichever
// came first; what lies between them is missing.
func TestSeriesBeginsAnewWithTheEarlierReading(t *testing.T) {
	t.Parallel()
	const ahead = int64(1000)
	for name, order := range map[string][2]int64{
		"in order": {ahead, ahead + 3}, "the later one first": {ahead + 3, ahead},
	} {
		e := newEngine(t, randomModel(52, 4))
		feed(e, 0, 200)
		if result := e.Step([]Reading{at(order[0])}); result.Held != 1 {
			t.Fatalf("%s: %+v", name, result)
		}
		result := e.Step([]Reading{at(order[1])})
		if result.Applied != 2 || len(result.Forecasts) != 1 ||
			result.Forecasts[0].Origin != epoch+(ahead+4)*meter.HourSeconds {
			t.Fatalf("%s: %+v", name, result)
		}
		rec := e.hours().slabs.record(0)
		if rec.known != 4 || rec.Heard != epoch/meter.HourSeconds+ahead+3 {
			t.Errorf("%s: %d cells, heard up to %d", name, rec.known, rec.Heard-epoch/meter.HourSeconds)
		}
		for i, want := range []meter.Quality{meter.OK, meter.Missing, meter.Missing, meter.OK} {
			if _, q := cellAt(t, e, ahead+int64(i)); q != want {
				t.Errorf("%s: cell %d is %s, want %s", name, i, q, want)
			}
		}
	}
}

// The first cell of a series cannot be taken back: nothing stands before it. The second
// one can.
func TestFirstCellIsNotTakenBack(t *testing.T) {
	t.Parallel()
	e := New()
	feed(e, 0, 4)
	for cell, taken := range []bool{false, true} {
		result := e.Step([]Reading{bad(at(int64(cell)))})
		if taken != (result.Applied == 1) ||
			!taken && result.Rejections[0].Reason != meter.ReasonBadQuality {
			t.Errorf("cell %d: %+v", cell, result)
		}
	}
	if result := e.Step([]Reading{bad(at(-1))}); len(result.Rejections) != 1 ||
		result.Rejections[0].Reason != meter.ReasonBadQuality {
		t.Errorf("a bad reading before the first cell: %+v", result)
	}
}

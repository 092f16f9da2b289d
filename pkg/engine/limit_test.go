package engine

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

func kilowatts(v float64) meter.Quantity { return meter.Quantity{Value: v, Unit: "kW"} }

// forecastOf is a forecast in kWh whose medians are given. Its quantiles at 0.1 and 0.9 are
// 10 below and above.
func forecastOf(interval int64, medians ...float32) *Forecast {
	f := &Forecast{
		Series: m17, Unit: "kWh", Origin: epoch, Interval: interval, Horizon: len(medians),
		Levels: []float64{0.1, 0.5, 0.9},
	}
	for _, v := range medians {
		f.Quantiles = append(f.Quantiles, v-10, v, v+10)
	}
	return f
}

// A limit is passed from its chance on and cleared below half of it. In between, nothing is told.
func TestLimitIsPassedAndCleared(t *testing.T) {
	t.Parallel()
	l := newLimits(settings{m17: {Limit: kilowatts(40), LimitChance: 0.2}})
	l.refresh()
	at := func(lead int, chance float64) Passing {
		return Passing{
			Limit: kilowatts(40), LimitChance: 0.2, Value: 40, Unit: "kWh",
			Origin: epoch, Interval: meter.HourSeconds, Lead: lead, Target: epoch + int64(lead-1)*meter.HourSeconds, Chance: chance,
		}
	}
	for i, c := range []struct {
		medians []float32
		kind    EventKind
		want    Passing
	}{
		{[]float32{20, 32.4, 20}, "", Passing{}},
		{[]float32{20, 32.5, 32.5}, LimitPassed, at(2, 0.2)},
		{[]float32{20, 40, 50}, "", Passing{}},
		{[]float32{20, 30.1, 20}, "", Passing{}}, // above 0.1
		{[]float32{32.5, 20, 20}, "", Passing{}},
		{[]float32{20, 30, 20}, "", Passing{}}, // 0.1 is not below half of 0.2
		{[]float32{20, 20, 29}, LimitCleared, at(3, 0.1*pow(0.2, 0.1))},
		{[]float32{20, 32.4, 20}, "", Passing{}},
		{[]float32{45, 20, 20}, LimitPassed, at(1, 0.7)},
	} {
		var result Result
		l.compare(forecastOf(meter.HourSeconds, c.medians...), &result)
		if c.kind == "" {
			if len(result.Events) != 0 {
				t.Errorf("forecast %d: %+v, want none", i, result.Events)
			}
			continue
		}
		if len(result.Events) != 1 || result.Events[0].Kind != c.kind {
			t.Fatalf("forecast %d: %+v, want %s", i, result.Events, c.kind)
		}
		got := *result.Events[0].Limit
		if d := got.Chance - c.want.Chance; d > 1e-7 || d < -1e-7 {
			t.Errorf("forecast %d: chance %v, want %v", i, got.Chance, c.want.Chance)
		}
		if got.Chance = c.want.Chance; got != c.want {
			t.Errorf("forecast %d: %+v, want %+v", i, got, c.want)
		}
		if text := result.Events[0].Text; !strings.HasPrefix(text, "the limit of 40kW is ") ||
			strings.Contains(text, "is passed") != (c.kind == LimitPassed) ||
			!strings.Contains(text, time.Unix(got.Target, 0).UTC().Format(time.RFC3339)) {
			t.Errorf("forecast %d: %s", i, text)
		}
	}
}

// pow is base to a small power of five quantiles' tail, as accuracy.Above has it: the tail falls
// from 0.5 to 0.1 over the 10 between median and upper quantile.
func pow(base, exponent float64) float64 {
	if base != 0.2 || exponent != 0.1 {
		panic("another tail")
	}
	return 0.8513399225 // exp(-0.1 ln 5)
}

// Power is compared as the energy of an interval of the forecast.
func TestLimitOfPowerForEnergy(t *testing.T) {
	t.Parallel()
	l := newLimits(settings{m17: {Limit: kilowatts(40)}})
	l.refresh()
	var result Result
	l.compare(forecastOf(900, -1), &result) // 10 kWh in a quarter-hour, the 90 % quantile is 9
	if len(result.Events) != 0 {
		t.Errorf("%+v", result.Events)
	}
	l.compare(forecastOf(900, 0), &result)
	if len(result.Events) != 1 {
		t.Fatalf("%+v", result.Events)
	}
	if p := result.Events[0].Limit; p.Value != 10 || p.LimitChance != defaultChance {
		t.Errorf("%+v", p)
	}
}

// A limit that cannot be compared is told once, and again when it could be in the meantime.
func TestLimitThatCannotBeCompared(t *testing.T) {
	t.Parallel()
	l := newLimits(settings{m17: {Limit: kilowatts(40)}})
	l.refresh()
	kinds := func(unit string, median float32) (all []EventKind) {
		f := forecastOf(meter.HourSeconds, median)
		f.Unit = unit
		var result Result
		l.compare(f, &result)
		for _, e := range result.Events {
			all = append(all, e.Kind)
			if e.Kind == LimitRefused && !strings.Contains(e.Text, `40kW: the series is measured in "m3"`) {
				t.Error(e.Text)
			}
		}
		return all
	}
	for i, c := range []struct {
		unit   string
		median float32
		want   []EventKind
	}{
		{"m3", 20, []EventKind{LimitRefused}},
		{"m3", 90, nil},
		{"kW", 20, nil},
		{"m3", 20, []EventKind{LimitRefused}},
		{"kW", 90, []EventKind{LimitPassed}},
		{"m3", 90, []EventKind{LimitCleared, LimitRefused}},
	} {
		if got := kinds(c.unit, c.median); !slices.Equal(got, c.want) {
			t.Errorf("forecast %d: %v, want %v", i, got, c.want)
		}
	}
	if l.passed() != 0 || len(l.states) != 1 {
		t.Errorf("states %v", l.states)
	}
}

// hot is an engine with one series whose limit is passed.
func hot(t *testing.T) *Engine {
	e := newEngine(t, randomModel(91, 4))
	configure(t, e, m17, Setting{Limit: kilowatts(0.001)})
	feed(e, 0, 199)
	last(t, e, liveAt(199))
	if sum, _ := e.Summary(m17); e.Census(0).LimitPassed != 1 || !sum.LimitPassed {
		t.Fatal("the limit is not passed")
	}
	return e
}

// checkCleared wants one event about the limit, without a forecast, and no passed limit.
func checkCleared(t *testing.T, e *Engine, events []Event, message int, says string) {
	t.Helper()
	events = slices.DeleteFunc(slices.Clone(events), func(e Event) bool {
		return e.Kind != LimitCleared
	})
	if len(events) != 1 || events[0].Series != m17 || events[0].Limit != nil ||
		events[0].Message != message || !strings.Contains(events[0].Text, says) {
		t.Errorf("%+v, want %q", events, says)
	}
	if n := e.Census(0).LimitPassed; n != 0 {
		t.Errorf("%d limits are passed", n)
	}
}

// A passed limit is cleared when no forecast can do it.
func TestLimitIsClearedWithoutAForecast(t *testing.T) {
	t.Parallel()
	t.Run("setting taken away", func(t *testing.T) {
		t.Parallel()
		e := hot(t)
		configure(t, e, meter.ID{Site: "north", Meter: meter.Any}, Setting{Limit: kilowatts(0.001)})
		if done := configure(t, e, m17, Setting{Unit: "kWh"}); len(done.Events) != 0 {
			t.Errorf("that of the site is in force: %+v", done.Events)
		}
		done := configure(t, e, meter.ID{Site: "north", Meter: meter.Any}, Setting{})
		checkCleared(t, e, done.Events, 0, "passed: none is set")
	})
	t.Run("another limit", func(t *testing.T) {
		t.Parallel()
		e := hot(t)
		done := configure(t, e, m17, Setting{Limit: kilowatts(0.002)})
		checkCleared(t, e, done.Events, 0, "another one is set")
		if result := e.Step([]Reading{at(200)}); len(result.Events) != 1 ||
			result.Events[0].Kind != LimitPassed || result.Events[0].Limit.Value != 0.002 {
			t.Errorf("%+v", result.Events)
		}
	})
	t.Run("another chance", func(t *testing.T) {
		t.Parallel()
		e := hot(t)
		site := meter.ID{Site: "north", Meter: meter.Any}
		done := configure(t, e, site, Setting{LimitChance: 0.2})
		checkCleared(t, e, done.Events, 0, "another one is set")
	})
	t.Run("deleted", func(t *testing.T) {
		t.Parallel()
		e := hot(t)
		done, ok := e.Delete(m17)
		if checkCleared(t, e, done.Events, 0, "deleted"); !ok || done.Cells != 200 {
			t.Errorf("%+v, %v", done, ok)
		}
	})
	t.Run("silent", func(t *testing.T) {
		t.Parallel()
		e := hot(t)
		var events []Event
		for i := int64(200); i < 260; i++ {
			events = append(events, e.Tick(epoch+i*meter.HourSeconds, 5).Events...)
		}
		checkCleared(t, e, events, 5, "silent")
	})
	t.Run("too rare", func(t *testing.T) {
		t.Parallel()
		e := New()
		configure(t, e, m17, Setting{Limit: kilowatts(0.001)})
		var events []Event
		for i := range int64(30) {
			r := at(3 * i)
			r.Message = 7
			events = append(events, e.Step([]Reading{r}).Events...)
		}
		checkCleared(t, e, events, 7, "not forecast")
	})
}

// A series that is imported over one whose limit is passed does not pass it again.
func TestImportKeepsThePassedLimit(t *testing.T) {
	t.Parallel()
	e := hot(t)
	state, curve, _ := e.Extract(m17)
	p, err := ReadState(state, curve)
	if err != nil {
		t.Fatal(err)
	}
	if err := insert(e, p, true); err != nil {
		t.Fatal(err)
	}
	if result := e.Step([]Reading{at(200)}); len(result.Events) != 0 || e.Census(0).LimitPassed != 1 {
		t.Errorf("%+v", result.Events)
	}
	away := newEngine(t, randomModel(91, 4))
	configure(t, away, m17, Setting{Limit: kilowatts(0.001)})
	if err := insert(away, p, false); err != nil {
		t.Fatal(err)
	}
	result := away.Step([]Reading{at(200)})
	if len(result.Events) != 1 || result.Events[0].Kind != LimitPassed {
		t.Errorf("in another engine: %+v", result.Events)
	}
}

// A restart in between tells nothing twice, wherever it is.
func TestRestartTellsNoLimitTwice(t *testing.T) {
	t.Parallel()
	const from, to = 168, 268
	m := randomModel(91, 4)
	run := func(restart int64) (all []string) {
		e := newEngine(t, m)
		configure(t, e, m17, Setting{Limit: kilowatts(2.2), LimitChance: 0.5})
		feed(e, 0, from)
		for i := int64(from); i < to; i++ {
			if i == restart {
				sections := e.Snapshot()
				e = newEngine(t, m)
				if err := e.Restore(sections); err != nil {
					t.Fatal(err)
				}
			}
			r := at(i)
			r.Value *= 1 + float64(i/12%2) // half a day high, half a day low
			for _, event := range e.Step([]Reading{r}).Events {
				all = append(all, eventText(&event))
			}
		}
		return all
	}
	want := run(-1)
	if len(want) < 8 {
		t.Fatalf("%d events: this tests little", len(want))
	}
	for restart := int64(from); restart < to; restart++ {
		if got := run(restart); !slices.Equal(got, want) {
			t.Fatalf("restart at %d: %q\nwant %q", restart, got, want)
		}
	}
}

// A checkpoint from before there were limits has none.
func TestCheckpointWithoutLimits(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(93, 4))
	configure(t, e, m17, Setting{Zone: "Asia/Tokyo", Interval: 3600})
	feed(e, 0, 200)
	var old []meter.Section
	for _, s := range e.Snapshot() {
		switch s.Name {
		case sectionLimits:
			continue
		case sectionSetting:
			s.Version, s.Data = 2, s.Data[:len(s.Data)-8-2-8-1] // one setting, without a limit and a label
		}
		old = append(old, s)
	}
	next := newEngine(t, randomModel(93, 4))
	if err := next.Restore(old); err != nil {
		t.Fatal(err)
	}
	if !sameSections(next.Snapshot(), e.Snapshot()) {
		t.Error("the state is another")
	}
}

func TestSettingsOfLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set  Setting
		says string
	}{
		{Setting{Limit: kilowatts(40), LimitChance: 0.2}, ""},
		{Setting{Limit: kilowatts(40), Unit: "kWh"}, ""},
		{Setting{LimitChance: 0.2}, ""},
		{Setting{Limit: kilowatts(-5)}, "limit -5kW: a limit is an upper one, above 0"},
		{Setting{Limit: meter.Quantity{Value: 0, Unit: "kW"}}, "limit 0kW"},
		{Setting{Limit: kilowatts(1e13)}, "limit 1e+13kW"},
		{Setting{Limit: kilowatts(40), Unit: "m3"}, `limit 40kW: the series is measured in "m3"`},
		{Setting{LimitChance: 1}, "limit_chance 1: give a chance from 0.001 to 0.999"},
		{Setting{LimitChance: -0.1}, "limit_chance -0.1"},
	} {
		err := c.set.Check()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.set, err, c.says)
		}
	}
	wide, own := meter.ID{Site: meter.Any, Meter: meter.Any}, settings{}
	own[wide] = Setting{Limit: kilowatts(40), LimitChance: 0.2}
	own[m17] = Setting{Limit: kilowatts(7)}
	if got, want := own.of(m17), (Setting{Limit: kilowatts(7), LimitChance: 0.2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

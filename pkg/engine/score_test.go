package engine

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
)

// ledger remembers forecasts by what they were for, as a subscriber would.
type ledger map[string]Forecast // by series and cell of the origin

func (l ledger) note(all []Forecast) {
	for _, f := range all {
		l[fmt.Sprint(f.Series, f.Origin)] = f
	}
}

// check holds a score against the forecasts that went out.
func (l ledger) check(t *testing.T, s *Score) {
	t.Helper()
	for _, lead := range s.Leads {
		f, ok := l[fmt.Sprint(s.Series, s.Target-int64(lead.Lead-1)*meter.HourSeconds)]
		if !ok {
			t.Fatalf("%+v: nobody forecast lead %d", s, lead.Lead)
		}
		quantiles := f.Quantiles[(lead.Lead-1)*len(f.Levels):][:len(f.Levels)]
		var pinball float64
		for i, level := range f.Levels {
			pinball += accuracy.Pinball(level, float64(s.Actual), float64(quantiles[i])) / float64(len(f.Levels))
		}
		if near := 1e-4 * (1 + math.Abs(float64(s.Actual))); math.Abs(lead.Pinball-pinball) > near || math.Abs(lead.Error-float64(s.Actual-quantiles[median])) > near {
			t.Fatalf("lead %d: %+v, from the forecast %v: pinball %v", lead.Lead, lead, quantiles, pinball)
		}
		if inside := quantiles[0] <= s.Actual && s.Actual <= quantiles[4]; lead.Inside80 != inside && !closeTo(s.Actual, quantiles[0]) && !closeTo(s.Actual, quantiles[4]) {
			t.Fatalf("lead %d: inside %v, actual %v, forecast %v", lead.Lead, lead.Inside80, s.Actual, quantiles)
		}
		version := ""
		if f.Model != nil {
			version = f.Model.Version
		}
		if lead.Source != f.Source || lead.Version != version {
			t.Fatalf("lead %d is of %s %q, the forecast of %s %q", lead.Lead, lead.Source, lead.Version, f.Source, version)
		}
	}
}

func closeTo(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-4*(1+math.Abs(float64(a))) }

func leadsOf(s *Score) []int {
	var leads []int
	for _, l := range s.Leads {
		leads = append(leads, l.Lead)
	}
	return leads
}

// Every forecast is scored once, when its actual comes: leads 1 and 6 here, beside
// the value of a day before.
func TestEveryForecastIsScored(t *testing.T) {
	t.Parallel()
	m := randomModel(31, 5)
	m.Version = "7"
	e, out := newEngine(t, m), ledger{}
	for i := range int64(260) {
		result := e.Step([]Reading{at(i)})
		want := []int{1, 6}
		if want = want[:min(int(i), 6)/6+min(int(i), 1)]; i == 0 && len(result.Scores) > 0 || i > 0 && len(result.Scores) != 1 {
			t.Fatalf("reading %d: %d scores", i, len(result.Scores))
		}
		for _, s := range result.Scores {
			out.check(t, &s)
			if !slices.Equal(leadsOf(&s), want) || s.Message != int(i) || s.Series != m17 || s.Unit != "kWh" || s.Target != epoch+i*meter.HourSeconds ||
				s.Actual != float32(load(i)) || s.Revision != 0 || s.Void || s.Usual <= 0 {
				t.Fatalf("reading %d: %+v, want leads %v", i, s, want)
			}
			for _, l := range s.Leads {
				naive := math.NaN()
				if i >= 24 {
					naive = math.Abs(load(i)-load(i-24)) / 2 // levels lie evenly about the median
				}
				if math.Abs(l.Naive-naive) > 1e-5 || math.IsNaN(l.Naive) != math.IsNaN(naive) {
					t.Fatalf("reading %d: naive %v, want %v", i, l.Naive, naive)
				}
				if l.InForce != (l.Source == meter.SourceLSTM) {
					t.Fatalf("reading %d: %+v", i, l)
				}
			}
		}
		out.note(result.Forecasts)
		if result.Unscored != 0 {
			t.Fatalf("reading %d: %d forecasts were not scored", i, result.Unscored)
		}
	}
}

// What was not measured, or cannot be true, or is history, is no actual.
func TestWhatDoesNotCount(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(*Reading){
		"bad":       func(r *Reading) { r.Quality = meter.Bad },
		"estimated": func(r *Reading) { r.Quality = meter.Estimated },
		"history":   func(r *Reading) { r.History = true },
		"a spike":   func(r *Reading) { r.Value *= 1000 },
	} {
		e := newEngine(t, randomModel(32, 4))
		feed(e, 0, 200)
		r := at(200)
		spoil(&r)
		if result := e.Step([]Reading{r}); len(result.Scores) != 0 || result.Applied != 1 {
			t.Errorf("%s: %+v", name, result.Scores)
		}
	}
}

// A correction scores again while the forecast is held, or takes the score back;
// an actual that comes late is scored then.
func TestCorrectionsAndLateActuals(t *testing.T) {
	t.Parallel()
	e, out := newEngine(t, randomModel(33, 4)), ledger{}
	for i := range int64(200) {
		out.note(e.Step([]Reading{at(i)}).Forecasts)
	}
	step := func(r Reading) Result {
		result := e.Step([]Reading{r})
		out.note(result.Forecasts)
		return result
	}
	next := int64(200)
	go1 := func() Result { next++; return step(at(next - 1)) }
	go1()
	other := at(200)
	other.Value += 0.5
	result := step(other)
	if len(result.Scores) != 1 || result.Scores[0].Revision != 1 || result.Scores[0].Actual != float32(other.Value) || len(result.Scores[0].Leads) != 2 {
		t.Fatalf("a correction: %+v", result.Scores)
	}
	out.check(t, &result.Scores[0])
	if result = step(bad(at(200))); len(result.Scores) != 1 || !result.Scores[0].Void || result.Scores[0].Revision != 2 || len(result.Scores[0].Leads) != 2 {
		t.Fatalf("a correction to bad: %+v", result.Scores)
	}
	if result = step(at(200)); len(result.Scores) != 1 || result.Scores[0].Void || result.Scores[0].Revision != 3 {
		t.Fatalf("good again: %+v", result.Scores)
	}
	// Interval 201 is late by less and less of what is held.
	next++
	for k := range int64(accuracy.HeldCells) {
		if result = go1(); len(result.Scores) != 1 || result.Scores[0].Target == epoch+201*meter.HourSeconds {
			t.Fatalf("%d after the gap: %+v", k, result.Scores)
		}
		if k == accuracy.HeldCells-2 {
			if result = step(at(201)); len(result.Scores) != 1 || result.Scores[0].Target != epoch+201*meter.HourSeconds || result.Scores[0].Revision != 0 {
				t.Fatalf("late by %d: %+v", k+1, result.Scores)
			}
		}
	}
	next++ // and another one that comes too late
	unscored := 0
	for range accuracy.HeldCells + 1 {
		unscored += go1().Unscored
	}
	if result = step(at(next - accuracy.HeldCells - 2)); len(result.Scores) != 0 || result.Applied != 1 || unscored == 0 {
		t.Fatalf("too late: %+v, %d unscored", result.Scores, unscored)
	}
}

// A day in one message is scored whole: every lead of the forecast before it.
func TestADayAtOnce(t *testing.T) {
	t.Parallel()
	e, out := New(), ledger{} // rules forecast a day
	for d := range int64(10) {
		var day []Reading
		for i := range int64(24) {
			r := at(24*d + i)
			r.Message = 0
			day = append(day, r)
		}
		result := e.Step(day)
		scored := 0
		for _, s := range result.Scores {
			out.check(t, &s)
			scored += len(s.Leads)
		}
		if want := 4; d > 0 && scored != want || d == 0 && scored != 0 {
			t.Fatalf("day %d: %d leads scored, want %d", d, scored, want)
		}
		out.note(result.Forecasts)
	}
}

// Registers and finer readings are scored by what their intervals came to.
func TestActualsOfFinerReadings(t *testing.T) {
	t.Parallel()
	e, out := newEngine(t, randomModel(34, 4)), ledger{}
	scores := 0
	for i := range int64(250) {
		for k := range int64(4) {
			r := at(i)
			r.Second += k * 900
			r.Value, r.Interval = load(i)/4, 900
			result := e.Step([]Reading{r})
			for _, s := range result.Scores {
				out.check(t, &s)
				if k != 3 || s.Target != epoch+i*meter.HourSeconds || math.Abs(float64(s.Actual)-load(i)) > 1e-5 {
					t.Fatalf("quarter %d of hour %d: %+v", k, i, s)
				}
				scores++
			}
			out.note(result.Forecasts)
		}
	}
	if scores != 249 {
		t.Errorf("%d intervals scored", scores)
	}
}

// After a swap the forecasts of the model before are scored as its own.
func TestSwapKeepsWhoMadeIt(t *testing.T) {
	t.Parallel()
	first, second := randomModel(35, 4), randomModel(36, 4)
	first.Version, second.Version = "1", "2"
	e := swapped(t, 200, first, second)
	for i := int64(200); i < 210; i++ {
		s := e.Step([]Reading{at(i)}).Scores[0]
		for _, l := range s.Leads {
			if old := i-int64(l.Lead)+1 <= 200; l.InForce == old || (l.Version == "1") != old {
				t.Fatalf("reading %d, lead %d: version %q, in force %v", i, l.Lead, l.Version, l.InForce)
			}
		}
	}
	// One of another horizon finds nothing to compare itself with.
	third := New()
	feed(third, 0, 200)
	if err := third.SetModel(first); err != nil {
		t.Fatal(err)
	}
	if scores := third.Step([]Reading{at(200)}).Scores; len(scores) != 0 {
		t.Errorf("forecasts of another horizon are scored: %+v", scores)
	}
}

// However many models come and go, a forecast is never taken for another's.
func TestManySwaps(t *testing.T) {
	t.Parallel()
	m, out := randomModel(37, 4), ledger{}
	e := newEngine(t, m)
	feed(e, 0, 180)
	random := rand.New(rand.NewPCG(3, 3))
	for i := int64(180); i < 400; i++ {
		next := *m
		next.Version = fmt.Sprint(random.IntN(90))
		if err := e.SetModel(&next); err != nil {
			t.Fatal(err)
		}
		result := e.Step([]Reading{at(i)})
		for _, s := range result.Scores {
			if i > 190 {
				out.check(t, &s)
			}
		}
		out.note(result.Forecasts)
	}
	if n := len(e.hours().slabs.versions); n > 90 {
		t.Errorf("%d versions are remembered", n)
	}
}

// When no number is left for a version, the forecasts that wait are dropped, and none is taken for
// another's.
func TestVersionsRunOut(t *testing.T) {
	t.Parallel()
	m := randomModel(37, 4)
	m.Version = "first"
	e := newEngine(t, m)
	feed(e, 0, 200)
	// Each search for a number looks at all versions: most are filled in.
	s := &e.hours().slabs
	for len(s.versions) < mostVersions-1 {
		s.versions = append(s.versions, fmt.Sprint(len(s.versions)))
	}
	for _, version := range []string{"65535th", "first", "65535th"} {
		if n, ok := s.number(version); !ok || (n == 1) != (version == "first") {
			t.Fatalf("version %q has the number %d, %v", version, n, ok)
		}
	}
	next := *m
	next.Version = "last"
	if err := e.SetModel(&next); err != nil {
		t.Fatal(err)
	}
	if scores := e.Step([]Reading{at(200)}).Scores; len(scores) != 0 {
		t.Errorf("forecasts of versions without a number are scored: %+v", scores)
	}
	scores := e.Step([]Reading{at(201)}).Scores
	if len(scores) != 1 || scores[0].Leads[0].Version != "last" || !scores[0].Leads[0].InForce {
		t.Errorf("scores %+v", scores)
	}
	if n := len(e.hours().slabs.versions); n != 1 {
		t.Errorf("%d versions are remembered", n)
	}
}

// The forecasts that wait go along with an exported series.
func TestExportTakesWaitingForecasts(t *testing.T) {
	t.Parallel()
	m := randomModel(38, 4)
	m.Version = "9"
	a := newEngine(t, m)
	feed(a, 0, 200)
	state, curve, ok := a.Extract(m17)
	if !ok {
		t.Fatal("no state")
	}
	p, err := ReadState(state, curve)
	if err != nil {
		t.Fatal(err)
	}
	for _, versions := range [][]string{{"9"}, {"1", "2", "9"}} {
		b := New()
		for _, v := range versions {
			other := *m
			other.Version = v
			if err := b.SetModel(&other); err != nil {
				t.Fatal(err)
			}
		}
		if err := insert(b, p, false); err != nil {
			t.Fatal(err)
		}
		got := b.Step([]Reading{at(200)}).Scores
		c := newEngine(t, m)
		feed(c, 0, 200)
		want := c.Step([]Reading{at(200)}).Scores
		if d := sameLeads(want, got); d != "" {
			t.Errorf("after models %v: %s", versions, d)
		}
	}
}

// sameLeads compares scores but for the numbers that versions have here.
func sameLeads(a, b []Score) string {
	for _, all := range [][]Score{a, b} {
		for i := range all {
			for k := range all[i].Leads {
				all[i].Leads[k].By = accuracy.Maker{}
			}
		}
	}
	return sameScores(a, b)
}

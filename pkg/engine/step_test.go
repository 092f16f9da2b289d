package engine

import (
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// From the first reading on there is a forecast at every origin, and its label
// says who made it.
func TestSourcesOfAYoungSeries(t *testing.T) {
	t.Parallel()
	m := randomModel(1, 5)
	e := newEngine(t, m)
	for i := range int64(200) {
		f := last(t, e, at(i))
		want := meter.SourceLSTM
		switch n := i + 1; {
		case n <= dayHours:
			want = meter.SourcePersistence
		case n < scaleCells:
			want = meter.SourceSeasonalNaive
		}
		if f.Source != want {
			t.Fatalf("reading %d: source %s, want %s", i+1, f.Source, want)
		}
		if f.Series != m17 || f.Unit != "kWh" || f.Message != int(i) || f.Origin != epoch+(i+1)*meter.HourSeconds || f.Quality != meter.OK || f.Horizon != horizon {
			t.Fatalf("reading %d: %+v", i+1, f)
		}
		if wrong := sound(&f); wrong != "" {
			t.Fatalf("reading %d: %s: %+v", i+1, wrong, f)
		}
	}
	if e.Series() != 1 || warm(e) != 1 || longerThan(e, 200) != 1 || longerThan(e, 201) != 0 {
		t.Errorf("%d series, %d warm, %d of 200 cells, %d of 201", e.Series(), warm(e), longerThan(e, 200), longerThan(e, 201))
	}
}

// Without a model the rules serve, a day ahead.
func TestWithoutAModelRulesServe(t *testing.T) {
	t.Parallel()
	e := New()
	forecasts := feed(e, 0, 400).Forecasts
	if len(forecasts) != 400 {
		t.Fatalf("%d forecasts", len(forecasts))
	}
	for i, f := range forecasts {
		if f.Source == meter.SourceLSTM || f.Horizon != NaiveHours || !slices.Equal(f.Levels, naiveLevels) || sound(&f) != "" {
			t.Fatalf("forecast %d: %+v: %s", i, f, sound(&f))
		}
	}
	if e.Model(meter.HourSeconds) != nil || warm(e) != 0 {
		t.Errorf("model %v, %d warm", e.Model(meter.HourSeconds), warm(e))
	}
}

func TestReadingsThatAreNotTaken(t *testing.T) {
	t.Parallel()
	const n = 200 // readings before
	with := func(i int64, change func(*Reading)) Reading {
		r := at(i)
		if change != nil {
			change(&r)
		}
		return r
	}
	bad := func(r *Reading) { r.Quality = meter.Bad }
	for name, c := range map[string]struct {
		reading  Reading
		reason   meter.Reason // "" for a repeat
		says     string
		forecast bool
	}{
		"newest again":              {reading: with(n-1, nil)},
		"an old one again":          {reading: with(n-100, nil)},
		"again without a unit":      {reading: with(n-1, func(r *Reading) { r.Unit = "" })},
		"again as estimated":        {reading: with(n-1, func(r *Reading) { r.Quality = meter.Estimated })},
		"before two weeks":          {reading: with(n-1-featureCells, nil), reason: meter.ReasonTooLate, says: "336 intervals before"},
		"before the ring":           {reading: with(n-1000, nil), reason: meter.ReasonTooLate, says: "taken up to 335 intervals late"},
		"other unit":                {reading: with(n, func(r *Reading) { r.Unit = "W" }), reason: meter.ReasonWrongUnit, says: `unit "W" is one of power: the series is measured in "kWh"`},
		"unknown unit":              {reading: with(n, func(r *Reading) { r.Unit = "m3" }), reason: meter.ReasonWrongUnit, says: `unit "m3": the series is measured in "kWh"`},
		"other kind":                {reading: with(n, func(r *Reading) { r.Kind = meter.Power }), reason: meter.ReasonWrongKind, says: "kind power: the series is of kind energy"},
		"a register":                {reading: with(n, func(r *Reading) { r.Kind = meter.Register }), reason: meter.ReasonWrongKind, says: "kind register"},
		"off any grid":              {reading: with(n-60, func(r *Reading) { r.Second += 180 }), reason: meter.ReasonBehindHistory, says: "59 intervals"},
		"off the grid too late":     {reading: with(n-60, func(r *Reading) { r.Second += 900 }), reason: meter.ReasonBehindHistory, says: "59 intervals"},
		"interval of a minute":      {reading: with(n, func(r *Reading) { r.Interval = 60 }), reason: meter.ReasonIntervalUnsupported, says: "interval of 60 s"},
		"interval of two hours":     {reading: with(n, func(r *Reading) { r.Interval = 7200 }), reason: meter.ReasonIntervalUnsupported, says: "interval of 7200 s"},
		"bad after a year":          {reading: with(n+8760, bad), reason: meter.ReasonBadQuality, says: "after 8760 silent intervals"},
		"bad far ahead":             {reading: with(n+48, bad), reason: meter.ReasonBadQuality, says: "after 48 silent intervals"},
		"bad after a ring of cells": {reading: with(n+ringCells, bad), reason: meter.ReasonBadQuality, says: "nothing to stand in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, randomModel(2, 4))
			feed(e, 0, n)
			before := e.Snapshot()
			result := e.Step([]Reading{c.reading})
			if len(result.Forecasts) != 0 || result.Applied != 0 {
				t.Fatalf("%d applied, forecasts %v", result.Applied, result.Forecasts)
			}
			if c.reason == "" {
				if result.Repeated != 1 || len(result.Rejections) != 0 {
					t.Errorf("%d repeats, rejections %v", result.Repeated, result.Rejections)
				}
			} else if len(result.Rejections) != 1 || result.Rejections[0].Reason != c.reason || result.Rejections[0].Reading != 0 || !strings.Contains(result.Rejections[0].Detail, c.says) || result.Repeated != 0 {
				t.Errorf("rejections %+v, want %s saying %q; %d repeats", result.Rejections, c.reason, c.says, result.Repeated)
			}
			if !sameSections(before, e.Snapshot()) {
				t.Error("the state changed")
			}
		})
	}
}

// The first reading of a series must be a good one.
func TestFirstReadingIsBad(t *testing.T) {
	t.Parallel()
	e := New()
	r := at(0)
	r.Quality = meter.Missing
	result := e.Step([]Reading{r})
	if len(result.Rejections) != 1 || result.Rejections[0].Reason != meter.ReasonBadQuality || e.Series() != 0 {
		t.Errorf("%+v, %d series", result, e.Series())
	}
}

// A series' grid is that of its first reading.
func TestGridOfTheFirstReading(t *testing.T) {
	t.Parallel()
	e := New()
	for i := range int64(30) {
		r := at(i)
		r.Second += 1500
		if f := last(t, e, r); f.Origin != epoch+1500+(i+1)*meter.HourSeconds {
			t.Fatalf("origin %d s after the epoch", f.Origin-epoch)
		}
	}
}

// A unit is learnt from the first reading that names one.
func TestUnitIsLearnt(t *testing.T) {
	t.Parallel()
	e := New()
	for i, c := range []struct {
		unit, says string
		taken      bool
	}{{"", "", true}, {"kWh", "kWh", true}, {"", "kWh", true}, {"W", "", false}, {"kWh", "kWh", true}} {
		r := at(int64(i))
		r.Unit = c.unit
		result := e.Step([]Reading{r})
		if c.taken != (result.Applied == 1) || c.taken && result.Forecasts[0].Unit != c.says {
			t.Errorf("reading %d in %q: %+v", i, c.unit, result)
		}
	}
}

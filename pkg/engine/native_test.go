package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// quarterModel is a small network for quarter-hours, with a day of leads.
func quarterModel(seed uint64) *model.Model {
	m := randomModel(seed, 4)
	m.Spec.Name, m.Spec.Interval = "load-15m", "15m"
	return m
}

// quarters are readings of m17 every 15 minutes, from quarter from up to before to.
func quarters(from, to int64) []Reading {
	var all []Reading
	for k := from; k < to; k++ {
		all = append(all, part(k, 900))
	}
	return all
}

// each steps readings one by one and gives the forecasts.
func each(t testing.TB, e *Engine, readings []Reading) []Forecast {
	t.Helper()
	var all []Forecast
	for _, r := range readings {
		result := e.Step([]Reading{r})
		if len(result.Rejections) > 0 {
			t.Fatalf("%+v: %+v", r, result.Rejections)
		}
		all = append(all, result.Forecasts...)
	}
	return all
}

// A series is forecast by the champion of its own interval, else by that of the next coarser one,
// joined, else by a rule at its own interval; no origin is forecast twice with one revision.
func TestChampionOfTheInterval(t *testing.T) {
	t.Parallel()
	const week = 4 * 24 * 8
	for name, c := range map[string]struct {
		models   []*model.Model
		interval int64
		source   meter.Source
	}{
		"its own":   {[]*model.Model{randomModel(1, 4), quarterModel(3)}, 900, meter.SourceLSTM},
		"a coarser": {[]*model.Model{randomModel(1, 4)}, 3600, meter.SourceLSTM},
		"none":      {nil, 900, meter.SourceSeasonalNaive},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := New()
			for _, m := range c.models {
				if err := e.SetModel(m); err != nil {
					t.Fatal(err)
				}
			}
			each(t, e, quarters(0, week))
			forecasts := each(t, e, quarters(week, week+40))
			if want := int(40 * 900 / c.interval); len(forecasts) != want {
				t.Errorf("%d forecasts of 40 quarters, want %d", len(forecasts), want)
			}
			for i, f := range forecasts {
				if f.Interval != c.interval || f.Source != c.source || f.Quality != meter.OK {
					t.Fatalf("forecast %d: interval %d, %s, %s", i, f.Interval, f.Source, f.Quality)
				}
				if i > 0 && f.Origin != forecasts[i-1].Origin+c.interval {
					t.Errorf("origin %d after %d", f.Origin, forecasts[i-1].Origin)
				}
			}
			sum, _ := e.Summary(m17)
			if sum.Interval != 900 || int64(sum.Serving) != c.interval || sum.Step != 900 || e.Series() != 1 {
				t.Errorf("summary %+v", sum)
			}
		})
	}
}

// Forecasts of a coarser champion are those of the same series sent in hours, to the bit: the view
// of a finer series is what an hourly meter would have sent.
func TestViewIsAnHourlySeries(t *testing.T) {
	t.Parallel()
	const hours = 24 * 20
	fine, hourly := newEngine(t, randomModel(1, 4)), newEngine(t, randomModel(1, 4))
	var sums []Reading
	for i := range int64(hours) {
		r := at(i)
		r.Value = 0
		for k := range int64(4) {
			r.Value += float64(float32(part(4*i+k, 900).Value))
		}
		sums = append(sums, r)
	}
	a, b := each(t, fine, quarters(0, 4*hours)), each(t, hourly, sums)
	if len(a) == 0 || len(b) != hours {
		t.Fatalf("%d and %d forecasts", len(a), len(b))
	}
	byOrigin := map[int64]Forecast{}
	for _, f := range a {
		byOrigin[f.Origin] = f // the last revision
	}
	for _, f := range b[48:] {
		g, ok := byOrigin[f.Origin]
		if !ok || g.Source != f.Source || !slices.Equal(g.Quantiles, f.Quantiles) {
			t.Fatalf("origin %d: %v, hourly %v", f.Origin, g.Quantiles, f.Quantiles)
		}
	}
}

// A champion of the series' own interval that comes, goes (another one comes) and is restored from a
// snapshot changes nothing of the ring, and no (origin, revision) is published twice.
func TestChampionsComeWithoutRegridding(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(1, 4))
	forecasts := each(t, e, quarters(0, 800))
	before := slices.Clone(e.cohort(900).slabs.values.row(0))
	if err := e.SetModel(quarterModel(5)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, e.cohort(900).slabs.values.row(0)) || len(e.hours().slabs.ids) != 0 {
		t.Errorf("the ring is another, or %d views stay", len(e.hours().slabs.ids))
	}
	forecasts = append(forecasts, each(t, e, quarters(800, 840))...)
	other := newEngine(t, randomModel(1, 4))
	if err := other.SetModel(quarterModel(5)); err != nil {
		t.Fatal(err)
	}
	if err := other.Restore(e.Snapshot()); err != nil {
		t.Fatal(err)
	}
	a, b := each(t, e, quarters(840, 860)), each(t, other, quarters(840, 860))
	if len(a) != 20 || len(b) != 20 {
		t.Fatalf("%d and %d forecasts", len(a), len(b))
	}
	for i := range a {
		if a[i].Origin != b[i].Origin || !slices.Equal(a[i].Quantiles, b[i].Quantiles) {
			t.Fatalf("forecast %d differs after a restart", i)
		}
	}
	type key struct {
		origin   int64
		revision int
	}
	seen := map[key]bool{}
	for _, f := range append(forecasts, a...) {
		if k := (key{f.Origin, f.Revision}); seen[k] {
			t.Errorf("origin %d, revision %d twice", f.Origin, f.Revision)
		} else {
			seen[k] = true
		}
	}
}

// A snapshot with views goes on with the same bytes.
func TestSnapshotOfViews(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(1, 4))
	each(t, e, quarters(0, 900))
	feedOf(e, meter.ID{Site: "north", Meter: "hourly"}, 225)
	other := newEngine(t, randomModel(1, 4))
	if err := other.Restore(e.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if other.Series() != 2 {
		t.Fatalf("%d series", other.Series())
	}
	a, b := each(t, e, quarters(900, 1000)), each(t, other, quarters(900, 1000))
	if len(a) != 25 || len(b) != 25 || !sameSections(e.Snapshot(), other.Snapshot()) {
		t.Fatalf("%d and %d forecasts, or other states", len(a), len(b))
	}
}

// feedOf gives the engine n hourly readings of a series.
func feedOf(e *Engine, id meter.ID, n int64) {
	for i := range n {
		r := at(i)
		r.Series = id
		e.Step([]Reading{r})
	}
}

// What is set for a series holds it at an interval; without it the readings tell again.
func TestIntervalIsSet(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(1, 4))
	if _, err := e.Configure(m17, Setting{Interval: 1800}); err != nil {
		t.Fatal(err)
	}
	each(t, e, quarters(0, 900))
	if sum, _ := e.Summary(m17); sum.Interval != 1800 {
		t.Fatalf("held at %d s", sum.Interval)
	}
	for interval, set := range map[int32]int32{3600: 3600, 900: 0} {
		if _, err := e.Configure(m17, Setting{Interval: set}); err != nil {
			t.Fatal(err)
		}
		next := int64(900)
		if set == 0 {
			next = 1100
		}
		each(t, e, quarters(next, next+200))
		if sum, _ := e.Summary(m17); sum.Interval != interval {
			t.Errorf("set %d: held at %d s", set, sum.Interval)
		}
		if set == 0 {
			break
		}
	}
	if _, err := e.Configure(m17, Setting{Interval: 777}); err == nil {
		t.Error("777 s is taken")
	}
}

// Whatever comes, every series has one row of its own and at most one view.
func TestRowsOfAnyReadings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := newEngine(t, randomModel(1, 4))
		steps := rapid.SampledFrom([]int64{60, 300, 600, 900, 1200, 1800, 3600})
		second := map[int]int64{}
		for i := range rapid.IntRange(1, 12).Draw(t, "stretches") {
			meterNumber := rapid.IntRange(0, 2).Draw(t, "meter")
			step := steps.Draw(t, "step")
			n := rapid.IntRange(1, 120).Draw(t, "readings")
			var batch []Reading
			for k := range n {
				at := epoch + second[meterNumber]
				second[meterNumber] += step
				batch = append(batch, Reading{
					Series: meter.ID{Site: "s", Meter: string(rune('a' + meterNumber))}, Second: at, Value: float64(step) / 3600,
					Unit: "kWh", Quality: meter.OK, Message: i*1000 + k,
				})
			}
			e.Step(batch)
			if rapid.IntRange(0, 5).Draw(t, "swap") == 0 {
				if err := e.SetModel(quarterModel(uint64(i))); err != nil {
					t.Fatal(err)
				}
			}
			own, views := 0, 0
			for _, co := range e.cohorts {
				for slot := 0; co != nil && slot < len(co.slabs.ids); slot++ {
					rec := co.slabs.record(int32(slot))
					if co.slabs.index[co.slabs.ids[slot]] != int32(slot) || rec.viewOf == 0 && int64(rec.Interval) != co.len.Interval {
						t.Fatalf("row %d of %d s: %+v", slot, co.len.Interval, rec)
					}
					if rec.viewOf != 0 {
						views++
						continue
					}
					own++
				}
			}
			if own != e.Series() || own != len(e.inOrder()) || views > own {
				t.Fatalf("%d series, %d rows, %d views", e.Series(), own, views)
			}
			other := New()
			for _, m := range e.Models() {
				if err := other.SetModel(m); err != nil {
					t.Fatal(err)
				}
			}
			if err := other.Restore(e.Snapshot()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

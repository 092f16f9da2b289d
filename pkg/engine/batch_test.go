package engine

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// However the log is cut into batches, the outcome is the same to the bit: the
// forecasts, the refusals and the state (I4).
func TestCutsChangeNothing(t *testing.T) {
	t.Parallel()
	cases, lstm, scores, passed := 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		cases++
		l := randomLog(t, 3, 30)
		single, cut := limited(t), limited(t)
		want := l.run(t, single, 0, len(l.messages), one, all)
		most := rapid.SampledFrom([]int{2, 5, 40, 1000}).Draw(t, "messages in a batch")
		got := l.run(t, cut, 0, len(l.messages), func() int { return rapid.IntRange(1, most).Draw(t, "size") }, all)
		if d := sameForecasts(want.forecasts, got.forecasts); d != "" {
			t.Fatal(d)
		}
		if d := sameScores(want.scores, got.scores); d != "" || want.unscored != got.unscored {
			t.Fatalf("%s, %d unscored and %d", d, want.unscored, got.unscored)
		}
		if !slices.Equal(want.events, got.events) {
			t.Fatalf("events %q\nin batches %q", want.events, got.events)
		}
		for _, event := range got.events {
			if strings.Contains(event, "limit.passed") || strings.Contains(event, "limit.cleared") {
				passed++
			}
		}
		scores += len(got.scores)
		slices.Sort(want.rejections)
		slices.Sort(got.rejections)
		if !slices.Equal(want.rejections, got.rejections) || want.applied != got.applied || want.repeated != got.repeated {
			t.Fatalf("%d applied, %d repeated, rejections %q\nin batches %d, %d, %q", want.applied, want.repeated, want.rejections, got.applied, got.repeated, got.rejections)
		}
		if !sameSections(single.Snapshot(), cut.Snapshot()) {
			t.Fatal("the states differ")
		}
		for _, f := range got.forecasts {
			if wrong := sound(&f); wrong != "" {
				t.Fatalf("%+v: %s", f, wrong)
			}
			if f.Source == meter.SourceLSTM {
				lstm++
			}
		}
	})
	if lstm < 5*cases || scores < 5*cases || passed < 2*cases {
		t.Errorf("%d cases, %d forecasts of the network, %d scores, %d events about limits: "+
			"this tests little", cases, lstm, scores, passed)
	}
}

// A series is forecast alike with and without the others around it.
func TestSeriesAreIndependent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := randomLog(t, 3, 30)
		together := l.run(t, New(), 0, len(l.messages), func() int { return 7 }, all)
		for _, name := range []string{"m0", "m2"} {
			id := meter.ID{Site: "north", Meter: name}
			alone := l.run(t, New(), 0, len(l.messages), func() int { return 1 + len(l.messages)/3 }, of(id))
			among := slices.DeleteFunc(slices.Clone(together.forecasts), func(f Forecast) bool { return f.Series != id })
			if d := sameForecasts(alone.forecasts, among); d != "" {
				t.Fatalf("%s: %s", id, d)
			}
		}
	})
}

// A wave of many series goes through the network at once; every row is the row
// that it would be alone.
func TestManySeriesInOneWave(t *testing.T) {
	t.Parallel()
	const meters, hours = 37, 175
	e, m := newEngine(t, randomModel(12, 5)), randomModel(12, 5)
	batch := func(i int64) (all []Reading) {
		for k := range int64(meters) {
			r := at(i + 100*k)
			r.Second, r.Message = at(i).Second, int(k)
			r.Series.Meter = string(rune('A' + k))
			all = append(all, r)
		}
		return all
	}
	var forecasts []Forecast
	for i := range int64(hours) {
		forecasts = e.Step(batch(i)).Forecasts
	}
	for _, k := range []int{0, 15, 16, 36} {
		alone := newEngine(t, m)
		var f Forecast
		for i := range int64(hours) {
			f = alone.Step(batch(i)[k : k+1]).Forecasts[0]
		}
		f.Model = e.Model(meter.HourSeconds) // the same weights
		if d := differ(&f, &forecasts[k]); d != "" || f.Source != meter.SourceLSTM {
			t.Errorf("series %d of %d: %s %s", k, meters, f.Source, d)
		}
	}
}

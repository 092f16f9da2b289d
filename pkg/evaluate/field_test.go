package evaluate

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// fieldReadings are the readings of a file of one meter, of kWh.
func fieldReadings(t *testing.T, file string, kind meter.Kind) []engine.Reading {
	t.Helper()
	path := filepath.Join(servertest.FieldFiles(t), filepath.FromSlash(file))
	table, _, err := tabular.Load([]string{path}, tabular.Options{Series: "a.b", Unit: "kWh", Kind: kind})
	if err != nil {
		t.Fatal(err)
	}
	var all []engine.Reading
	for row := range table.All() {
		all = append(all, engine.Reading{
			Series: meter.ID{Site: "a", Meter: "b"}, Second: row.Unix, Value: row.Value, Unit: "kWh",
			Kind: kind, Quality: meter.OK,
		})
	}
	return all
}

// bothWays gives readings to an engine, one by one, and as a file to the history. The two have the
// same cells and the same forecast to the bit. It returns all that the engine said, and the history.
func bothWays(t *testing.T, m *model.Model, readings []engine.Reading) (engine.Result, *dataset.History) {
	t.Helper()
	e, b := engine.New(), dataset.NewBuilder()
	if err := e.SetModel(m); err != nil {
		t.Fatal(err)
	}
	var all engine.Result
	for i := range readings {
		r := &readings[i]
		result := e.Step(readings[i : i+1])
		all.Forecasts = append(all.Forecasts, result.Forecasts...)
		all.Events = append(all.Events, result.Events...)
		b.AddReading(r.Series, dataset.Reading{
			Kind: r.Kind, Unit: r.Unit, Second: r.Second, Value: r.Value, Quality: r.Quality,
		})
	}
	histories := b.Build()
	if len(histories) != 1 {
		t.Fatalf("%d histories", len(histories))
	}
	h := histories[0]
	sameCells(t, sender{}, e, h)
	filed, err := ForecastAt(m, histories, nil, h.Start(h.Ring.Newest+1))
	if err != nil || filed == nil {
		t.Fatal(err, filed)
	}
	if f := all.Forecasts[len(all.Forecasts)-1]; f.Origin != filed.Origin || !slices.Equal(f.Quantiles, filed.Quantiles) {
		t.Fatalf("the stream forecasts %s, the file %s", about(&f), about(filed))
	}
	return all, h
}

// A meter that never feeds in gets no quantile below zero, whatever the network says.
func TestFieldNothingIsLessThanNothing(t *testing.T) {
	t.Parallel()
	for file, kind := range map[string]meter.Kind{
		"F13/holiday_home.csv": meter.Energy, "F13/integer_register.csv": meter.Register,
	} {
		for seed := range uint64(4) {
			said, _ := bothWays(t, randomModel(seed), fieldReadings(t, file, kind))
			for i := range said.Forecasts {
				if f := &said.Forecasts[i]; slices.Min(f.Quantiles) < 0 {
					t.Fatalf("%s, model %d: %s has %v", file, seed, about(f), slices.Min(f.Quantiles))
				}
			}
		}
	}
}

// One absurd value in the first hours of a meter, before anything could be told of it, does not throw
// the forecasts that read it: they stay within the size of the others.
func TestOneAbsurdValueThrowsNoForecast(t *testing.T) {
	t.Parallel()
	s := sender{unit: "kWh", kind: meter.Energy, step: hour, later: hour, days: 9, seed: 3}
	clean := s.readings()
	for _, at := range []int{2, 20, 100, 160} {
		spoilt := slices.Clone(clean)
		spoilt[at].Value = 12345.6
		for seed := range uint64(4) {
			m := randomModel(seed)
			want, _ := bothWays(t, m, clean)
			got, _ := bothWays(t, m, spoilt)
			a, b := &want.Forecasts[len(want.Forecasts)-1], &got.Forecasts[len(got.Forecasts)-1]
			for i := range a.Quantiles {
				if d := b.Quantiles[i] - a.Quantiles[i]; b.Source != meter.SourceLSTM || max(d, -d) > 10 {
					t.Fatalf("value %d, model %d: %s has %v, without the value %v",
						at, seed, about(b), b.Quantiles[i], a.Quantiles[i])
				}
			}
		}
	}
}

// Ten times the truth for twelve hours of each of the first two weeks is BAD when the week, and then
// the day, is over: the first scale is not made from it, and no true value is BAD.
func TestTenfoldOfANewMeterIsFound(t *testing.T) {
	t.Parallel()
	s := sender{unit: "kWh", kind: meter.Energy, step: hour, later: hour, days: 13, seed: 3}
	clean := s.readings()
	spoilt := slices.Clone(clean)
	wrong := func(i int64) bool { return i >= 29 && i < 41 || i >= 171 && i < 183 }
	for i := range spoilt {
		if wrong(int64(i)) {
			spoilt[i].Value *= 10
		}
	}
	_, want := bothWays(t, randomModel(1), clean)
	_, h := bothWays(t, randomModel(1), spoilt)
	for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
		if _, q := h.Ring.At(n); (q == meter.Bad) != wrong(n-h.Ring.First()) {
			t.Errorf("cell %d is %s", n-h.Ring.First(), q)
		}
	}
	a, _ := want.ScalerAt(want.Ring.Newest)
	b, ok := h.ScalerAt(h.Ring.Newest)
	if d := b.Scale / a.Scale; !ok || d < 0.9 || d > 1.1 {
		t.Errorf("the scale is %v, without the wrong values %v", b.Scale, a.Scale)
	}
}

// A tenth of the truth for four days is BAD for a day from the sixth hour on, and told on the first
// day; then the level is believed.
func TestFieldATenthForFourDays(t *testing.T) {
	t.Parallel()
	said, h := bothWays(t, randomModel(1), fieldReadings(t, "F20/a_tenth_for_four_days.csv", meter.Energy))
	bad := [4]int{}
	for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
		if _, q := h.Ring.At(n); q == meter.Bad {
			day := (n - h.Ring.Newest + 4*24 - 1) / 24
			if day < 0 {
				t.Fatalf("a cell of the weeks before is %s", q)
			}
			bad[day]++
		}
	}
	if bad[0] < 12 || bad[0]+bad[1] > 24 || bad[2]+bad[3] > 0 {
		t.Errorf("BAD cells by day: %d", bad)
	}
	if len(said.Events) != 1 || said.Events[0].Kind != engine.Implausible {
		t.Errorf("events %+v", said.Events)
	}
}

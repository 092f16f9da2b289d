package main

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// invented are series of a source, with a day and a week of their own.
func invented(of source, n int, interval time.Duration) loaded {
	b := dataset.NewBuilder()
	b.At(int64(interval / time.Second))
	for m := range n {
		random := rand.New(rand.NewPCG(uint64(m), 5))
		for i := range int(50 * 24 * time.Hour / interval) {
			at := time.Duration(i) * interval
			days := at.Hours() / 24
			v := 3 + math.Sin(2*math.Pi*days) + 0.3*math.Sin(2*math.Pi*days/7) + 0.1*random.NormFloat64()
			b.Add(meter.ID{Site: of.name, Meter: string(rune('a' + m))}, "kWh",
				1_700_006_400+int64(at/time.Second), v)
		}
	}
	return loaded{of, b.Build()}
}

// The recipe gives the same bytes again, of a model that can serve, at each interval; another seed
// gives others.
func TestRecipeGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, interval := range []time.Duration{time.Hour, 30 * time.Minute, 15 * time.Minute} {
		all := []loaded{invented(sources[0], 3, interval), invented(sources[1], 5, interval)}
		digest := func(seed uint64) string {
			r := recipe{interval: interval, hidden: 8, iterations: 2, seed: seed, workers: 2}
			a, err := r.fit(t.Context(), all, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, digest, err := a.Encode()
			if err != nil {
				t.Fatal(err)
			}
			return digest
		}
		one := digest(1)
		if again := digest(1); again != one {
			t.Errorf("%v: %s, and again %s", interval, one, again)
		}
		if other := digest(2); other == one {
			t.Errorf("%v: seeds 1 and 2 give %s", interval, one)
		}
	}
}

// Kinds have the same share of the windows, and sets of a kind that of the root of their numbers of
// series.
func TestShares(t *testing.T) {
	t.Parallel()
	kind := func(name, kind string) source { return source{name: name, kind: kind} }
	all := []loaded{
		invented(kind("a", homes), 9, time.Hour), invented(kind("b", homes), 1, time.Hour),
		invented(kind("c", grids), 4, time.Hour),
	}
	sums := map[string]float64{}
	share := shares(all)
	for _, l := range all {
		for _, h := range l.histories {
			sums[l.source.name] += share[h]
		}
	}
	for name, want := range map[string]float64{"a": 0.75, "b": 0.25, "c": 1} {
		if math.Abs(sums[name]-want) > 1e-9 {
			t.Errorf("set %s has a share of %v, want %v", name, sums[name], want)
		}
	}
}

// Hours that are refined add up to themselves, and the parts of a ramp ascend.
func TestRefined(t *testing.T) {
	t.Parallel()
	b, id := dataset.NewBuilder(), meter.ID{Site: "g", Meter: "ramp"}
	const begin, hours = 1_700_006_400, 400
	for i := range int64(hours) {
		b.Add(id, "MWh", begin+i*meter.HourSeconds, float64(1000+i))
	}
	fine := refined(b.Build(), 15*time.Minute)
	if len(fine) != 1 || fine[0].Len.Interval != 900 || fine[0].Unit != "MWh" {
		t.Fatalf("%d histories: %+v", len(fine), fine)
	}
	raw := &fine[0].Raw
	for i := range int64(hours) {
		sum, before := float32(0), float32(0)
		for k := range int64(4) {
			v, q := raw.At(fine[0].Cell(begin) + 4*i + k)
			if !q.Accepted() || i > 0 && i < hours-1 && v <= before {
				t.Fatalf("part %d of hour %d is %v after %v", k, i, v, before)
			}
			sum, before = sum+v, v
		}
		if d := sum - float32(1000+i); d > 0.01 || d < -0.01 {
			t.Fatalf("hour %d adds up to %v", i, sum)
		}
	}
}

// The measure of each age is there. A series that begins anew is served by persistence for a day, within
// what it can be: the losses are nearly the same.
func TestAges(t *testing.T) {
	t.Parallel()
	all := []loaded{invented(sources[0], 2, time.Hour)}
	r := recipe{interval: time.Hour, hidden: 8, iterations: 1, seed: 1, workers: 1}
	a, err := r.fit(t.Context(), all, nil)
	if err != nil {
		t.Fatal(err)
	}
	file, _, err := a.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := model.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	scores, err := agesOf(m.WithVersion(model.BaseVersion), "invented", all[0].histories)
	if err != nil || len(scores) != len(ages) {
		t.Fatalf("%d scores, %v", len(scores), err)
	}
	for i, s := range scores {
		if s.Hours != ages[i] || !(s.Served > 0 && s.Persistence > 0 && s.Yesterday > 0) {
			t.Errorf("%+v", s)
		}
		if s.Hours < 24 && math.Abs(s.Served/s.Persistence-1) > 0.2 {
			t.Errorf("a rule serves for a day: %+v", s)
		}
	}
	if table := agesTable(scores); !strings.Contains(table, "| set | 2 h |") ||
		!strings.Contains(table, "| 14 d |") || !strings.Contains(table, "| invented | ") {
		t.Errorf("table:\n%s", table)
	}
}

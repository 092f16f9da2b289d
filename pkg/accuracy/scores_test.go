package accuracy

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// about is equality up to the order of summation; NaN equals NaN.
func about() cmp.Options {
	return cmp.Options{cmpopts.EquateApprox(1e-12, 0), cmpopts.EquateNaNs()}
}

// sample is a small set of forecasts: actual [series][origin][lead] and
// forecast [series][origin][lead][level], and denominators.
type sample struct {
	actual   [][][]float32
	forecast [][][][]float32
	denom    []Denominators
}

func makeSample(series, origins, horizon int) sample {
	r := rand.New(rand.NewPCG(3, 4))
	var s sample
	for n := range series {
		scale := math.Pow(10, float64(n)-1)
		var actual [][]float32
		var forecast [][][]float32
		for range origins {
			var a []float32
			var f [][]float32
			for range horizon {
				mid := scale * (r.NormFloat64() - 0.2)
				width := scale * r.Float64()
				a = append(a, float32(mid+width*r.NormFloat64()))
				f = append(f, []float32{float32(mid - 1.3*width), float32(mid - 0.7*width), float32(mid), float32(mid + 0.7*width), float32(mid + 1.3*width)})
			}
			actual, forecast = append(actual, a), append(forecast, f)
		}
		s.actual, s.forecast = append(s.actual, actual), append(s.forecast, forecast)
		s.denom = append(s.denom, Denominators{Week: scale * (1 + r.Float64()), Day: scale * (1 + r.Float64())})
	}
	s.denom[1].Day = 0 // a series that repeated itself exactly
	return s
}

// reference computes the measures of ACCURACY's protocol as they are written
// there, one pass over the array for each, for the leads that are asked for.
func reference(s sample, leads func(k int) bool) Measures {
	each := func(visit func(series int, y float64, f []float32)) {
		for n := range s.actual {
			for o := range s.actual[n] {
				for k := range s.actual[n][o] {
					if leads(k + 1) {
						visit(n, float64(s.actual[n][o][k]), s.forecast[n][o][k])
					}
				}
			}
		}
	}
	mean := func(of func(n int, y float64, f []float32) float64) float64 {
		sum, count := 0.0, 0.0
		each(func(n int, y float64, f []float32) { sum += of(n, y, f); count++ })
		return sum / count
	}
	meanAbs := mean(func(_ int, y float64, _ []float32) float64 { return math.Abs(y) })
	absErr := func(_ int, y float64, f []float32) float64 { return math.Abs(y - float64(f[2])) }
	ql := func(i int) float64 {
		return 2 / meanAbs * mean(func(_ int, y float64, f []float32) float64 {
			q := float64(f[i])
			if y >= q {
				return fiveLevels[i] * (y - q)
			}
			return (1 - fiveLevels[i]) * (q - y)
		})
	}
	mase := func(denom func(n int) float64) float64 {
		var sum, count float64
		for n := range s.actual {
			if denom(n) <= 1e-6 {
				continue
			}
			one := mean(func(m int, y float64, f []float32) float64 {
				if m != n {
					return 0
				}
				return absErr(m, y, f)
			}) * float64(len(s.actual)) // the mean above counts every series
			sum += one / denom(n)
			count++
		}
		return sum / count
	}
	m := Measures{
		MAE:    mean(absErr),
		WAPE:   mean(absErr) / meanAbs,
		MASE:   mase(func(n int) float64 { return s.denom[n].Week }),
		MASE24: mase(func(n int) float64 { return s.denom[n].Day }),
		NDP10:  ql(0), NDP50: ql(2), NDP90: ql(4),
		Pinball: (ql(0) + ql(1) + ql(2) + ql(3) + ql(4)) / 5,
		Coverage80: mean(func(_ int, y float64, f []float32) float64 {
			if y >= float64(f[0]) && y <= float64(f[4]) {
				return 1
			}
			return 0
		}),
		IntervalScore80: mean(func(_ int, y float64, f []float32) float64 {
			low, high := float64(f[0]), float64(f[4])
			switch {
			case y < low:
				return high - low + 10*(low-y)
			case y > high:
				return high - low + 10*(y-high)
			}
			return high - low
		}) / meanAbs,
	}
	each(func(int, float64, []float32) { m.N++ })
	return m
}

// score gathers a series.
func score(t *testing.T, s sample, n int) *Scores {
	t.Helper()
	scores, err := NewScores(fiveLevels, len(s.actual[n][0]), s.denom[n])
	if err != nil {
		t.Fatal(err)
	}
	for o := range s.actual[n] {
		for k, y := range s.actual[n][o] {
			if err := scores.Add(k+1, float64(y), s.forecast[n][o][k]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return scores
}

// total adds up series.
func total(t *testing.T, horizon int, series ...*Scores) *Total {
	t.Helper()
	all, err := NewTotal(fiveLevels, horizon, 24)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range series {
		if err := all.AddSeries(s); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestMeasuresAgainstTheirDefinitions(t *testing.T) {
	t.Parallel()
	const series, origins, horizon = 4, 7, 5
	s := makeSample(series, origins, horizon)
	var each []*Scores
	for n := range series {
		one := score(t, s, n)
		alone := sample{actual: s.actual[n : n+1], forecast: s.forecast[n : n+1], denom: s.denom[n : n+1]}
		if diff := cmp.Diff(reference(alone, func(int) bool { return true }), one.Overall(), about()); diff != "" {
			t.Errorf("series %d (-want +got):\n%s", n, diff)
		}
		if diff := cmp.Diff(reference(alone, func(k int) bool { return k == 2 }), total(t, horizon, one).Lead(2), about()); diff != "" {
			t.Errorf("series %d lead 2 (-want +got):\n%s", n, diff)
		}
		each = append(each, one)
	}
	all := total(t, horizon, each...)
	if diff := cmp.Diff(reference(s, func(int) bool { return true }), all.Overall(), about()); diff != "" {
		t.Errorf("overall (-want +got):\n%s", diff)
	}
	for k := 1; k <= horizon; k++ {
		if diff := cmp.Diff(reference(s, func(lead int) bool { return lead == k }), all.Lead(k), about()); diff != "" {
			t.Errorf("lead %d (-want +got):\n%s", k, diff)
		}
	}
}

func TestMeasuresByHand(t *testing.T) {
	t.Parallel()
	levels := []float64{0.1, 0.5, 0.9}
	s, err := NewScores(levels, 1, Denominators{Week: 2, Day: math.NaN()})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		y float64
		f []float32
	}{
		{10, []float32{8, 11, 10}},  // inside: the end counts
		{-6, []float32{-4, -3, -1}}, // 2 below the band
		{4, []float32{1, 4, 5}},
	} {
		if err := s.Add(1, c.y, c.f); err != nil {
			t.Fatal(err)
		}
	}
	want := Measures{
		N: 3, MAE: 4.0 / 3, WAPE: 4.0 / 20, MASE: 2.0 / 3, MASE24: math.NaN(),
		NDP10:           2 * (.1*2 + .9*2 + .1*3) / 20,
		NDP50:           2 * (.5*1 + .5*3) / 20,
		NDP90:           2 * (0 + .1*5 + .1*1) / 20,
		Coverage80:      2.0 / 3,
		IntervalScore80: (2 + 3 + 10*2 + 4) / 20.0,
	}
	want.Pinball = (want.NDP10 + want.NDP50 + want.NDP90) / 3
	if diff := cmp.Diff(want, s.Overall(), about()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAddRefusesAndSkips(t *testing.T) {
	t.Parallel()
	s, err := NewScores(fiveLevels, 2, Denominators{Week: 1, Day: 1})
	if err != nil {
		t.Fatal(err)
	}
	good := []float32{1, 2, 3, 4, 5}
	for _, y := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1e300} {
		if err := s.Add(1, y, good); err != nil {
			t.Errorf("actual %v: %v", y, err)
		}
	}
	inf := float32(math.Inf(1))
	for name, err := range map[string]error{
		"lead 0":    s.Add(0, 1, good),
		"lead 3":    s.Add(3, 1, good),
		"4 levels":  s.Add(1, 1, good[:4]),
		"NaN":       s.Add(1, 1, []float32{1, 2, float32(math.NaN()), 4, 5}),
		"infinite":  s.Add(1, 1, []float32{1, 2, 3, 4, inf}),
		"longer":    total(t, 2).AddSeries(&Scores{levels: fiveLevels, leads: make([]cell, 3)}),
		"no median": second(NewScores([]float64{0.1, 0.9}, 2, Denominators{})),
		"unsorted":  second(NewScores([]float64{0.5, 0.1}, 2, Denominators{})),
		"level 1":   second(NewScores([]float64{0.5, 1}, 2, Denominators{})),
		"no level":  second(NewScores(nil, 2, Denominators{})),
		"horizon 0": second(NewScores(fiveLevels, 0, Denominators{})),
	} {
		if err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if n := s.Overall().N; n != 0 {
		t.Errorf("%d were counted", n)
	}
}

func second(_ *Scores, err error) error { return err }

// What equals the actual must not lie beside it because one is float64.
func TestAnActualIsComparedAtTheForecastsPrecision(t *testing.T) {
	t.Parallel()
	s, err := NewScores(fiveLevels, 1, Denominators{})
	if err != nil {
		t.Fatal(err)
	}
	y := 0.1 // float32(0.1) is above it
	if err := s.Add(1, y, []float32{float32(y), 1, 1, 1, 1}); err != nil {
		t.Fatal(err)
	}
	if got := s.Overall().Coverage80; got != 1 {
		t.Errorf("coverage %v", got)
	}
}

func TestMeasuresWithoutMeaningAreNull(t *testing.T) {
	t.Parallel()
	s, err := NewScores([]float64{0.5}, 1, Denominators{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Add(1, 0, []float32{3}); err != nil {
		t.Fatal(err)
	}
	m := s.Overall()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"n":1,"mae":3,"wape":null,"mase":null,"mase24":null,"pinball":null,"nd_p10":null,"nd_p50":null,"nd_p90":null,"coverage80":null,"interval_score80":null}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	if diff := cmp.Diff(map[string]float64{"mae": 3}, m.Map()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := json.Marshal(total(t, 2).Lead(7)); err != nil {
		t.Errorf("a lead that is not there: %v", err)
	}
}

func TestAddAllocatesNothing(t *testing.T) {
	s, err := NewScores(fiveLevels, 24, Denominators{Week: 1, Day: 1})
	if err != nil {
		t.Fatal(err)
	}
	f := []float32{1, 2, 3, 4, 5}
	if n := testing.AllocsPerRun(100, func() {
		if err := s.Add(7, 2.5, f); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSeasonalNaiveMAE(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	for _, c := range []struct {
		y      []float32
		season int
		want   float64
	}{
		{[]float32{1, 2, 4, 8}, 1, 7.0 / 3},
		{[]float32{1, 2, 4, 8}, 2, 4.5},
		{[]float32{1, nan, 4, 8}, 1, 4},
		{[]float32{1, 2}, 2, math.NaN()},
		{[]float32{1, 2}, 0, math.NaN()},
	} {
		if diff := cmp.Diff(c.want, SeasonalNaiveMAE(c.y, c.season), about()); diff != "" {
			t.Errorf("%v season %d (-want +got):\n%s", c.y, c.season, diff)
		}
	}
}

func ExampleScores() {
	s, err := NewScores([]float64{0.1, 0.5, 0.9}, 24, Denominators{Week: 2, Day: 1})
	if err != nil {
		panic(err)
	}
	if err := s.Add(1, 4, []float32{3, 5, 6}); err != nil {
		panic(err)
	}
	m := s.Overall()
	fmt.Printf("mae %.1f wape %.2f coverage %.0f\n", m.MAE, m.WAPE, m.Coverage80)
	// Output: mae 1.0 wape 0.25 coverage 1
}

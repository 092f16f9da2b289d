package series

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// cell is one put of a stream.
type cell struct {
	value   float32
	quality meter.Quality
}

// inForce is a scaler and the cell with which it came into force.
type inForce struct {
	cell   int64
	scaler Scaler
}

// stream puts cells into a serving ring from cell first on and lists the scalers.
func stream(first int64, cells []cell) []inForce {
	ring := newRing(ringCells)
	var s Scaling
	var all []inForce
	closed := 0
	for i, c := range cells {
		ring.Put(first+int64(i), c.value, c.quality)
		if i >= Hourly.Open && cells[i-Hourly.Open].quality.Accepted() {
			closed++
		}
		if s.Advance(&ring, &Hourly, closed, Growth{}) {
			all = append(all, inForce{ring.Newest, s.Scaler})
		}
	}
	return all
}

func measured(values ...float32) []cell {
	cells := make([]cell, len(values))
	for i, v := range values {
		cells[i] = cell{v, meter.OK}
	}
	return cells
}

// daily is a load with a day in it.
func daily(n int, level float64, seed uint64) []float32 {
	random := rand.New(rand.NewPCG(seed, 3))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(level * (1 + 0.5*math.Sin(2*math.Pi*float64(i)/24) + 0.2*random.NormFloat64()))
	}
	return values
}

func TestFirstScaleIsFrom168AcceptedCells(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(0, 1000).Draw(t, "first cell")
		filled := rapid.Float64Range(0, 0.5).Draw(t, "share of filled cells")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 4))
		var cells []cell
		var sum, squares float64
		for accepted := 0; accepted < scaleCells; {
			// what is filled in teaches nothing
			c := cell{1e6, []meter.Quality{meter.Missing, meter.Bad}[random.IntN(2)]}
			if random.Float64() >= filled {
				c = cell{float32(5 + random.Float64()), []meter.Quality{meter.OK, meter.Estimated}[random.IntN(2)]}
				accepted++
				sum += float64(c.value)
				squares += float64(c.value) * float64(c.value)
			}
			cells = append(cells, c)
		}
		if got := stream(first, cells[:len(cells)-1]); len(got) != 0 {
			t.Fatalf("a scale from 167 accepted cells: %v", got)
		}
		at := len(cells) - 1
		if at >= Hourly.Features { // from there on the cells that can no longer change are counted
			at += Hourly.Open
			cells = append(cells, slices.Repeat([]cell{{1e6, meter.Missing}}, Hourly.Open)...)
		}
		got := stream(first, cells)
		if len(got) != 1 || got[0].cell != first+int64(at) {
			t.Fatalf("scales %v, want one at cell %d, with the 168th accepted one", got, at)
		}
		mean := sum / scaleCells
		sd := math.Sqrt(squares/scaleCells - mean*mean)
		// The weights of a week in a memory of ninety days differ by 5 %.
		if s := got[0].scaler; math.Abs(float64(s.Center)-mean) > 0.02 ||
			math.Abs(float64(s.Scale)/sd-1) > 0.05 {
			t.Fatalf("scaler %+v, mean %v, standard deviation %v", s, mean, sd)
		}
	})
}

// What comes later changes nothing before: not the scales, not their cells.
func TestScaleIsCausal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cut := rapid.IntRange(100, 900).Draw(t, "cut")
		seed := rapid.Uint64().Draw(t, "seed")
		past := daily(cut, 3, seed)
		one := stream(50, measured(slices.Concat(past, daily(600, 40, seed+1))...))
		two := stream(50, measured(slices.Concat(past, daily(600, 0.01, seed+2))...))
		until := func(all []inForce) []inForce {
			return slices.DeleteFunc(all, func(s inForce) bool { return s.cell >= 50+int64(cut) })
		}
		if a, b := until(one), until(two); !slices.Equal(a, b) {
			t.Fatalf("up to cell %d: %v and %v", 50+cut, a, b)
		}
	})
}

// reference computes the scale once more from the list of what was taken, weight
// by weight.
type reference struct{ taken []float64 }

func (r reference) scaler() (center, scale float64) {
	var weight, sum float64
	for i, v := range r.taken {
		w := math.Exp2(-float64(len(r.taken)-1-i) / (90 * 24))
		weight += w
		sum += w * v
	}
	center = sum / weight
	var square float64
	for i, v := range r.taken {
		square += math.Exp2(-float64(len(r.taken)-1-i)/(90*24)) * (v - center) * (v - center)
	}
	return center, max(math.Sqrt(square/weight), 1e-3*math.Abs(center), 1e-6)
}

// The scale is replaced at boundaries of weeks of event time alone, when the
// moments of the cells that left the lateness window moved by a tenth.
func TestScaleFollowsTheMomentsWeekly(t *testing.T) {
	t.Parallel()
	const first, week, late = 77, 168, openCells
	random := rand.New(rand.NewPCG(11, 12))
	var values []float32
	for level := 1.0; len(values) < 26*week; level *= 1 + 0.15*random.NormFloat64() {
		values = append(values, daily(week/2, level, random.Uint64())...)
	}
	for i := 200; i < len(values); i += 61 {
		values[i] *= 40 // far out, and pulled in
	}
	got := stream(first, measured(values...))

	var r reference
	for _, v := range values[:week] {
		r.taken = append(r.taken, float64(v)) // calm: nothing is pulled in
	}
	center, scale := r.scaler()
	want := []inForce{{first + week - 1, Scaler{Center: float32(center), Scale: float32(scale)}}}
	for n := int64(first + week); n < first+int64(len(values))-late; n++ {
		in := want[len(want)-1].scaler
		low, high := float64(in.Center)-8*float64(in.Scale), float64(in.Center)+8*float64(in.Scale)
		r.taken = append(r.taken, min(max(float64(values[n-first]), low), high))
		if n%week != 0 {
			continue
		}
		center, scale := r.scaler()
		if limit := 0.1 * float64(in.Scale); math.Abs(center-float64(in.Center)) > limit ||
			math.Abs(scale-float64(in.Scale)) > limit {
			want = append(want, inForce{n + late, Scaler{Center: float32(center), Scale: float32(scale)}})
		}
	}
	if len(want) < 4 || len(want) > 20 {
		t.Fatalf("the stream makes %d scales: it tests nothing", len(want))
	}
	if len(got) != len(want) {
		t.Fatalf("scales %v\nreference %v", got, want)
	}
	for i := range got {
		a, b := got[i], want[i]
		if a.cell != b.cell || math.Abs(float64(a.scaler.Center/b.scaler.Center)-1) > 1e-5 ||
			math.Abs(float64(a.scaler.Scale/b.scaler.Scale)-1) > 1e-5 {
			t.Errorf("scale %d: %v, reference %v", i, a, b)
		}
	}
}

// A calm series keeps its first scale: every other one costs a warm-up.
func TestCalmSeriesKeepsItsScale(t *testing.T) {
	t.Parallel()
	if got := stream(0, measured(daily(168*30, 2, 5)...)); len(got) != 1 {
		t.Errorf("scales %v", got)
	}
}

func TestSpikeDoesNotFlatten(t *testing.T) {
	t.Parallel()
	clean := daily(168*8, 2, 6)
	last := func(values []float32) Scaler {
		all := stream(0, measured(values...))
		return all[len(all)-1].scaler
	}
	want := last(clean)
	for name, spikes := range map[string][]int{
		"in the first week": {80}, "first of all": {0}, "the 168th": {167}, "later": {700}, "now and then": {300, 500, 900},
	} {
		for _, factor := range []float32{1000, -1000, 1e6} {
			spiked := slices.Clone(clean)
			for _, i := range spikes {
				spiked[i] *= factor
			}
			if got := last(spiked); got.Scale > 1.25*want.Scale || got.Scale < 0.8*want.Scale ||
				math.Abs(float64(got.Center-want.Center)) > 0.25*float64(want.Scale) {
				t.Errorf("spike of %v times %s: %+v, without %+v", factor, name, got, want)
			}
		}
	}
}

// A day of another level is believed, whatever the first week was like; less than
// a day is pulled in and moves the scale little.
func TestNewLevelIsBelieved(t *testing.T) {
	t.Parallel()
	load := daily(168*3, 3, 8)
	want := stream(0, measured(load...))[0].scaler
	for name, before := range map[string][]float32{"idle": make([]float32, 168), "a thousandth": daily(168, 0.003, 9)} {
		all := stream(0, measured(slices.Concat(before, load)...))
		if got := all[len(all)-1].scaler; got.Scale < 0.7*want.Scale || got.Scale > 1.5*want.Scale ||
			math.Abs(float64(got.Center-want.Center)) > float64(want.Scale) {
			t.Errorf("%s for a week: %+v three weeks later, the load itself has %+v", name, got, want)
		}
	}
	short := daily(168*4, 0.003, 10)
	copy(short[168:168+dayCells-1], load)
	all := stream(0, measured(short...))
	if first, got := all[0].scaler, all[len(all)-1].scaler; got.Scale > 4*first.Scale {
		t.Errorf("%d cells of a thousand times the level: %+v, before %+v", dayCells-1, got, first)
	}
	// Cells that were filled in break no row.
	gappy := measured(slices.Concat(make([]float32, 168), load)...)
	for i := 168; i < len(gappy); i += 3 {
		gappy[i] = cell{0, meter.Missing}
	}
	all = stream(0, gappy)
	if got := all[len(all)-1].scaler; got.Scale < 0.6*want.Scale {
		t.Errorf("with gaps: %+v, the load itself has %+v", got, want)
	}
}

func TestScaleOfNastySeriesIsFinite(t *testing.T) {
	t.Parallel()
	fill := func(v float32) []float32 {
		values := make([]float32, 600)
		for i := range values {
			values[i] = v
		}
		return values
	}
	alternate := fill(1e12)
	for i := range alternate {
		alternate[i] *= float32(1 - 2*(i%2))
	}
	for name, values := range map[string][]float32{
		"zeros": fill(0), "ones": fill(1), "large": fill(1e12), "negative": fill(-3e11), "tiny": fill(1e-30), "both signs": alternate,
		"zeros, then a load": slices.Concat(fill(0), daily(600, 1e9, 7)), "a load, then zeros": slices.Concat(daily(600, 1e9, 7), fill(0)),
	} {
		all := stream(3, measured(values...))
		if len(all) == 0 {
			t.Errorf("%s: no scale", name)
		}
		for _, s := range all {
			if s.scaler.Scale < ScaleFloor {
				t.Errorf("%s: scale %v below the floor", name, s.scaler.Scale)
			}
			for _, v := range append(values[:5:5], values[len(values)-1]) {
				z := s.scaler.Forward(v)
				back := s.scaler.Inverse(z)
				if math.IsNaN(float64(z)) || math.IsInf(float64(z), 0) || math.IsNaN(float64(back)) ||
					math.IsInf(float64(back), 0) {
					t.Errorf("%s: %v becomes %v and %v with %+v", name, v, z, back, s.scaler)
				}
			}
		}
	}
}

func TestForwardAndInverseInvert(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := Scaler{
			Center: rapid.Float32Range(-1e9, 1e9).Draw(t, "centre"),
			Scale:  float32(math.Exp2(rapid.Float64Range(-19, 30).Draw(t, "log scale"))),
		}
		y := rapid.Float32Range(-1e9, 1e9).Draw(t, "y")
		// Rounding counts in units of the larger of value and centre, and of the least
		// number there is in scaled units.
		slack := 4e-7*(math.Abs(float64(y))+math.Abs(float64(s.Center))) + float64(s.Scale)*math.SmallestNonzeroFloat32
		if got := s.Inverse(s.Forward(y)); math.Abs(float64(got)-float64(y)) > slack {
			t.Fatalf("%+v: %v comes back as %v", s, y, got)
		}
		if z := s.Forward(s.Center); z != 0 {
			t.Fatalf("the centre is %v", z)
		}
		if a, b := s.Forward(y), s.Forward(y+s.Scale*4+1); a > b {
			t.Fatalf("order is lost: %v, %v", a, b)
		}
	})
}

// Two wrong values of the first day widen the scale of a young series no more than the spread of the
// others.
func TestScaleOfAFewDaysAndWrongValues(t *testing.T) {
	t.Parallel()
	for _, wrong := range []float32{500, 1e11, -1e11} {
		for days := range 3 {
			values := make([]float32, (days+1)*Hourly.Day)
			for i := range values {
				values[i] = 0.5 + 0.1*float32(math.Sin(float64(i)))
			}
			values[17], values[18] = wrong, wrong
			r := Ring{Values: values, Quality: meter.NewQualities(len(values)), Newest: int64(len(values)) - 1, Known: len(values)}
			for i := range values {
				r.Quality.Set(i, meter.OK)
			}
			var s Scaling
			s.First(&r, &Hourly)
			if z := s.Scaler.Forward(0.6) - s.Scaler.Forward(0.4); !(z > 1) || !(math.Abs(float64(s.Scaler.Forward(0.5))) < 1) {
				t.Errorf("%v in %d days: 0.4 to 0.6 is %v scales, 0.5 is at %v", wrong, days+1, z, s.Scaler.Forward(0.5))
			}
		}
	}
}

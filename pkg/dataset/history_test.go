package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

const epoch = 480_000 * meter.HourSeconds // a Thursday of 2024, at midnight

var m17 = meter.ID{Site: "north", Meter: "m17"}

// cells lists a history from its first cell on: the values and their qualities.
func cells(h *History) (values []float32, qualities []meter.Quality) {
	for n := h.Ring.First(); n <= h.Ring.Newest; n++ {
		v, q := h.Ring.At(n)
		values, qualities = append(values, v), append(qualities, q)
	}
	return values, qualities
}

type given struct {
	second int64
	value  float64
}

func built(readings ...given) []*History {
	b := NewBuilder()
	for _, r := range readings {
		b.Add(m17, "kWh", r.second, r.value)
	}
	return b.Build()
}

func TestBuilderTakesWhatServingTakes(t *testing.T) {
	t.Parallel()
	const ok, missing = meter.OK, meter.Missing
	at := func(hours, seconds int64) int64 { return epoch + hours*meter.HourSeconds + seconds }
	for name, c := range map[string]struct {
		readings  []given
		phase     int64
		values    []float32
		qualities []meter.Quality
	}{
		"in order": {[]given{{at(0, 0), 1}, {at(1, 0), 2}}, 0, []float32{1, 2},
			[]meter.Quality{ok, ok}},
		"unsorted": {[]given{{at(2, 0), 3}, {at(0, 0), 1}, {at(1, 0), 2}}, 0,
			[]float32{1, 2, 3}, []meter.Quality{ok, ok, ok}},
		"last of a cell": {[]given{{at(1, 0), 9}, {at(0, 0), 9}, {at(1, 0), 2}, {at(0, 0), 1}},
			0, []float32{1, 2}, []meter.Quality{ok, ok}},
		"off the grid": {[]given{{at(0, 0), 1}, {at(1, 0), 2}, {at(1, 900), 9}}, 0,
			[]float32{1, 2}, []meter.Quality{ok, ok}},
		"every half hour": {[]given{{at(0, 0), 1}, {at(0, 1800), 9}, {at(1, 0), 9},
			{at(1, 1800), 9}, {at(2, 0), 9}}, 0, []float32{10, 18}, []meter.Quality{ok, ok}},
		"years ahead": {[]given{{at(0, 0), 1}, {at(90000, 0), 9}, {at(1, 0), 2}}, 0,
			[]float32{1, 2}, []meter.Quality{ok, ok}},
		"two agree": {[]given{{at(0, 0), 1}, {at(50, 0), 3}, {at(51, 0), 4}}, 0,
			append(slices.Repeat([]float32{1}, 50), 3, 4),
			append(append([]meter.Quality{ok}, slices.Repeat([]meter.Quality{missing}, 49)...), ok,
				ok)},
		"a grid of its own": {[]given{{at(0, 900), 1}, {at(1, 900), 2}, {at(1, 1200), 9}}, 900,
			[]float32{1, 2}, []meter.Quality{ok, ok}},
		"gap before a day": {[]given{{at(0, 0), 1}, {at(3, 0), 4}}, 0, []float32{1, 1, 1, 4},
			[]meter.Quality{ok, missing, missing, ok}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := built(c.readings...)
			if len(all) != 1 {
				t.Fatalf("%d histories", len(all))
			}
			h := all[0]
			values, qualities := cells(h)
			if !slices.Equal(values, c.values) || !slices.Equal(qualities, c.qualities) {
				t.Errorf("cells %v %v, want %v %v", values, qualities, c.values, c.qualities)
			}
			if h.ID != m17 || h.Unit != "kWh" || h.Phase != c.phase ||
				h.Start(h.Ring.First()) != epoch+c.phase {
				t.Errorf("%s in %s, phase %d, starts at %d", h.ID, h.Unit, h.Phase,
					h.Start(h.Ring.First()))
			}
		})
	}
}

// Of many readings of a cell the last one that was added counts: it corrects the
// others.
func TestLastOfManyRepeatsCounts(t *testing.T) {
	t.Parallel()
	var readings []given
	for i := range int64(40) {
		for k := range 5 {
			readings = append(readings, given{epoch + i%20*meter.HourSeconds, float64(100*k) +
				float64(i)})
		}
	}
	values, _ := cells(built(readings...)[0])
	for i, v := range values {
		if v != float32(420+i) || len(values) != 20 {
			t.Fatalf("cell %d of %d is %v", i, len(values), v)
		}
	}
}

func TestGapIsFilledWithTheSameHourOfTheDayBefore(t *testing.T) {
	t.Parallel()
	var readings []given
	for i := range int64(100) {
		if i >= 50 && i < 50+40 { // longer than a day: fills are made from fills
			continue
		}
		readings = append(readings, given{epoch + i*meter.HourSeconds, float64(i)})
	}
	h := built(readings...)[0]
	values, qualities := cells(h)
	for i := range 100 {
		want, quality := float32(i), meter.OK
		if i >= 50 && i < 90 {
			want, quality = float32(26+(i-50)%24), meter.Missing
		}
		if values[i] != want || qualities[i] != quality {
			t.Errorf("cell %d is %v %s, want %v %s", i, values[i], qualities[i], want, quality)
		}
	}
	if got := h.MeanAbs(); math.Abs(got-(1225+945)/60.0) > 1e-9 {
		t.Errorf("mean of the measured cells %v", got)
	}
}

func TestLongHoleStartsAnew(t *testing.T) {
	t.Parallel()
	week := func(from int64, level float64) (all []given) {
		for i := range int64(scaleCells) {
			all = append(all, given{epoch + (from+i)*meter.HourSeconds, level + float64(i%24)})
		}
		return all
	}
	for name, c := range map[string]struct {
		silent    int64 // cells
		histories int
	}{"a cell less than a ring": {ringCells - 1, 1}, "a ring": {ringCells, 2},
		"a year": {8760, 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			second := int64(scaleCells) + c.silent
			all := built(append(week(second, 100), week(0, 1)...)...)
			if len(all) != c.histories {
				t.Fatalf("%d histories, want %d", len(all), c.histories)
			}
			last := all[len(all)-1]
			if got := last.Ring.Newest - last.Ring.First() + 1; c.histories == 2 &&
				got != scaleCells {
				t.Errorf("the new history has %d cells", got)
			}
			before, ok := all[0].ScalerAt(last.Cell(epoch) + scaleCells - 1)
			if !ok || before.Center > 30 {
				t.Errorf("scale before the hole %+v %v", before, ok)
			}
			scaler, ok := last.ScalerAt(last.Ring.Newest)
			if !ok || c.histories == 2 && math.Abs(float64(scaler.Center)-111.5) > 1 {
				t.Errorf("scale after the hole %+v %v", scaler, ok)
			}
			if _, ok := last.ScalerAt(last.Ring.Newest - 1); c.histories == 2 && ok {
				t.Error("the new history has a scale before its 168th reading")
			}
		})
	}
	// What is silent is a matter of readings that were taken.
	stray := append(week(0, 1), given{epoch + 400*meter.HourSeconds + 7, 5})
	if all := built(append(stray, week(700, 100)...)...); len(all) != 2 {
		t.Errorf("%d histories around a hole with one stray reading in it", len(all))
	}
}

// The scale of a history at a cell is what a serving ring has after that cell.
func TestScaleIsThatOfServing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(100, 1200).Draw(t, "cells")
		silent := rapid.SampledFrom([]float64{0, 0.02, 0.3, 0.7}).Draw(t, "share of silent hours")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var readings []given
		level := 1.0
		for i := range int64(n) {
			level *= 1 + 0.03*random.NormFloat64()
			if random.Float64() >= silent || i == 0 {
				readings = append(readings, given{epoch + i*meter.HourSeconds,
					level * (2 + random.NormFloat64())})
			}
		}
		h := built(readings...)[0]

		ring := series.Ring{Values: make([]float32, ringCells),
			Quality: meter.NewQualities(ringCells)}
		var scaling series.Scaling
		closed, next := 0, h.Cell(epoch)
		check := func() {
			if m := next - int64(series.Hourly.Open); ring.Has(m) {
				if _, q := ring.At(m); q.Accepted() {
					closed++
				}
			}
			scaling.Advance(&ring, &series.Hourly, closed, series.Growth{})
			scaler, ok := h.ScalerAt(next)
			if ok != scaling.Ready || ok && scaler != scaling.Scaler {
				t.Fatalf("after cell %d (%d closed): %+v %v, a serving ring has %+v %v", next,
					closed, scaler, ok, scaling.Scaler, scaling.Ready)
			}
		}
		for _, r := range readings {
			for cell := h.Cell(r.second); next < cell; next++ {
				ring.Put(next, ring.SameHour(next, 24), meter.Missing)
				check()
			}
			v, q := h.Ring.At(next) // where it cannot be true it is filled
			ring.Put(next, v, q)
			check()
			next++
		}
	})
}

// The order in which readings are added is of no matter, but for repeats.
func TestOrderOfAddingIsOfNoMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.SliceOfNDistinct(rapid.Int64Range(0, 900), 1, 60, rapid.ID[int64]).
			Draw(t, "half hours")
		var readings []given
		for _, s := range seconds {
			readings = append(readings, given{epoch + s*1800, float64(s)})
		}
		shuffled := rapid.Permutation(readings).Draw(t, "shuffled")
		if diff := cmp.Diff(built(readings...), built(shuffled...),
			cmp.AllowUnexported(History{}, scalerFrom{}, meter.Marks{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestBuilderKeepsSeriesApart(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	if n, _, _ := b.Span(); n != 0 {
		t.Errorf("an empty builder has %d series", n)
	}
	if all := b.Build(); len(all) != 0 {
		t.Errorf("an empty builder has %d histories", len(all))
	}
	ids := []meter.ID{{Site: "b", Meter: "1"}, {Site: "a", Meter: "2"}, {Site: "a", Meter: "1"}}
	for i, id := range ids {
		for k := range int64(3) {
			b.Add(id, id.Meter, epoch+(int64(10*i)+k)*meter.HourSeconds, float64(i))
		}
	}
	n, first, last := b.Span()
	if n != 3 || first != epoch || last != epoch+22*meter.HourSeconds {
		t.Errorf("%d series from %d to %d", n, first-epoch, last-epoch)
	}
	all := b.Build()
	for i, want := range []meter.ID{ids[2], ids[1], ids[0]} {
		if all[i].ID != want || all[i].Unit != want.Meter || all[i].Ring.Known != 3 {
			t.Errorf("history %d is %s in %q with %d cells, want %s", i, all[i].ID, all[i].Unit,
				all[i].Ring.Known, want)
		}
		if v, _ := all[i].Ring.At(all[i].Ring.Newest); v != float32(2-i) {
			t.Errorf("%s holds %v", want, v)
		}
	}
}

func TestCellsAndValues(t *testing.T) {
	t.Parallel()
	var readings []given
	for i := range int64(10) {
		readings = append(readings, given{epoch + 900 + i*meter.HourSeconds, float64(i)})
	}
	h := built(readings...)[0]
	for _, c := range []struct{ second, cell int64 }{
		{epoch + 900, 0}, {epoch + 899, -1}, {epoch + 900 + meter.HourSeconds - 1, 0},
		{epoch + 900 + meter.HourSeconds, 1}, {epoch + 900 - meter.HourSeconds, -1},
	} {
		if got := h.Cell(c.second) - h.Ring.First(); got != c.cell {
			t.Errorf("%d s after the start is cell %d, want %d", c.second-epoch-900, got, c.cell)
		}
	}
	if h.Cell(-1) != -1 || h.Start(-1) != 900-meter.HourSeconds {
		t.Errorf("before the epoch: cell %d, start %d", h.Cell(-1), h.Start(-1))
	}
	for _, n := range []int{0, 1, 4, 10} {
		got := h.Values(n)
		if len(got) != n || n > 0 && (got[0] != 0 || got[n-1] != float32(n-1)) {
			t.Errorf("the first %d cells are %v", n, got)
		}
	}
	if h.Ring.Known != 10 {
		t.Errorf("looking changed the ring to %d cells", h.Ring.Known)
	}
}

// The lengths of hourly histories.
const (
	ringCells    = 385
	scaleCells   = 168
	featureCells = 336
)

package meter_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/loadtide/loadtide/pkg/meter"
	"pgregory.net/rapid"
)

const hour = 3600

// at returns a read of a register so many minutes after the epoch.
func at(minutes int64, value float64) meter.Read {
	return meter.Read{Second: minutes * 60, Value: value}
}

// hourly returns reads on the hour from hour first on.
func hourly(first int64, values ...float64) []meter.Read {
	var out []meter.Read
	for i, v := range values {
		out = append(out, at((first+int64(i))*60, v))
	}
	return out
}

func TestDiffer(t *testing.T) {
	t.Parallel()
	day := make([]float64, 25) // a register that counts 1 an hour
	for i := range day {
		day[i] = 9000 + float64(i)
	}
	then := func(values ...float64) []meter.Read {
		return hourly(0, append(slices.Clone(day[:5]), values...)...)
	}
	cell := func(n int64, energy float64) meter.Cell { return meter.Cell{N: n, Energy: energy} }
	spread := func(n int64, energy float64) meter.Cell {
		return meter.Cell{N: n, Energy: energy, Estimated: true}
	}
	ones := []meter.Cell{cell(0, 1), cell(1, 1), cell(2, 1), cell(3, 1)}
	with := func(cells ...meter.Cell) []meter.Cell { return append(slices.Clone(ones), cells...) }
	for name, c := range map[string]struct {
		reads  []meter.Read
		grid   meter.Grid
		want   []meter.Cell
		counts meter.Counts
	}{
		"none": {},
		"one":  {reads: hourly(0, 5)},
		"two":  {reads: hourly(7, 5, 6.5), want: []meter.Cell{cell(7, 1.5)}},
		"idle": {reads: hourly(0, 5, 5, 5), want: []meter.Cell{cell(0, 0), cell(1, 0)}},
		"after idling": {
			reads: hourly(0, 5, 5, 5, 8), want: []meter.Cell{cell(0, 0), cell(1, 0), cell(2, 3)},
		},
		"reset": {
			reads: then(0.4, 1.4), want: with(spread(4, 0.4), cell(5, 1)), counts: meter.Counts{Resets: 1},
		},
		"reset to zero": {
			reads: then(0, 1), want: with(spread(4, 0), cell(5, 1)), counts: meter.Counts{Resets: 1},
		},
		"reset in a gap": {
			reads: append(then(), at(7*60, 2.4)), want: with(spread(4, 0.8), spread(5, 0.8), spread(6, 0.8)),
			counts: meter.Counts{Resets: 1},
		},
		"roll-over": {
			reads:  hourly(0, 9996, 9997, 9998, 9999, 0.5, 1.5),
			want:   []meter.Cell{cell(0, 1), cell(1, 1), cell(2, 1), cell(3, 1.5), cell(4, 1)},
			counts: meter.Counts{RollOvers: 1},
		},
		"roll-over, two": {
			reads: hourly(0, 99999.5, 0.5), want: []meter.Cell{cell(0, 1)},
			counts: meter.Counts{RollOvers: 1},
		},
		"roll-over in a gap": {
			reads: append(hourly(0, 999995, 999996, 999997), at(6*60, 1)),
			want: []meter.Cell{
				cell(0, 1), cell(1, 1), spread(2, 1), spread(3, 1), spread(4, 1), spread(5, 1),
			},
			counts: meter.Counts{RollOvers: 1},
		},
		"near 10^n, but too far on the other side": {
			reads:  hourly(0, 9996, 9997, 9998, 9999, 700, 701),
			want:   []meter.Cell{cell(0, 1), cell(1, 1), cell(2, 1), cell(4, 1)},
			counts: meter.Counts{Exchanges: 1},
		},
		"exchanged for a used one": {
			reads: then(4711, 4712), want: with(cell(5, 1)), counts: meter.Counts{Exchanges: 1},
		},
		"exchanged for one that is further": {
			reads: then(88000, 88001), want: with(cell(5, 1)), counts: meter.Counts{Exchanges: 1},
		},
		"exchanged in a gap": {
			reads: append(then(), at(7*60, 4711), at(8*60, 4712)), want: with(cell(7, 1)),
			counts: meter.Counts{Exchanges: 1},
		},
		"exchanged between borders": {
			reads: []meter.Read{
				at(0, 1), at(60, 2), at(120, 3), at(150, 7777), at(180, 7777.5), at(240, 7778.5),
			},
			want: []meter.Cell{cell(0, 1), cell(1, 1), cell(3, 1)}, counts: meter.Counts{Exchanges: 1},
		},
		"negative after all": {reads: then(-3), want: ones, counts: meter.Counts{Exchanges: 1}},
		"a car is charged":   {reads: then(9026), want: with(cell(4, 22))},
		"gap": {
			reads: append(then(), at(7*60, 9010), at(8*60, 9011)),
			want:  with(spread(4, 2), spread(5, 2), spread(6, 2), cell(7, 1)),
		},
		"off the border": {
			reads: []meter.Read{at(30, 10), at(90, 12), at(150, 16)}, want: []meter.Cell{cell(1, 3)},
		},
		"jitter is no gap": {
			reads: []meter.Read{at(0, 10), at(58, 10.58), at(122, 11.22), at(181, 12)},
			want:  []meter.Cell{cell(0, 0.6), cell(1, 0.6), cell(2, 0.02+0.78*58/59)},
		},
		"gap off the border": {
			reads: []meter.Read{at(-30, 9), at(30, 10), at(210, 16), at(270, 18)},
			want:  []meter.Cell{spread(0, 1.5), spread(1, 2), spread(2, 2), spread(3, 2)},
		},
		"quarters": {
			reads: []meter.Read{at(0, 1), at(15, 2), at(30, 4), at(45, 7), at(60, 11), at(75, 12)},
			want:  []meter.Cell{cell(0, 10)},
		},
		"repeated and out of order is passed over": {
			reads: []meter.Read{at(0, 1), at(0, 5), at(-60, 0), at(60, 2)}, want: []meter.Cell{cell(0, 1)},
		},
		"before the epoch": {
			reads: hourly(-2, 1, 2, 4), want: []meter.Cell{cell(-2, 1), cell(-1, 2)},
		},
		"from a cell on": {
			reads: hourly(0, day...), grid: meter.Grid{First: 22},
			want: []meter.Cell{cell(22, 1), cell(23, 1)},
		},
		"a gap that began before": {
			reads: []meter.Read{at(0, 0), at(100*365*24*60, 100*365*24)},
			grid:  meter.Grid{First: 100*365*24 - 2},
			want:  []meter.Cell{spread(100*365*24-2, 1), spread(100*365*24-1, 1)},
		},
		"phase": {
			reads: []meter.Read{at(30, 10), at(90, 12), at(150, 16)}, grid: meter.Grid{Phase: 1800},
			want: []meter.Cell{cell(0, 2), cell(1, 4)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var g meter.Registers
			c.grid.Interval = hour
			if c.grid.First == 0 {
				c.grid.First = math.MinInt32
			}
			got, counts := g.Differ(nil, c.reads, c.grid, true)
			if d := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-9, 1e-12)); d != "" {
				t.Error(d)
			}
			if counts != c.counts {
				t.Errorf("%+v, want %+v", counts, c.counts)
			}
		})
	}
}

// A register and the moments at which it was read.
func drawReads(t *rapid.T) []meter.Read {
	value := rapid.Float64Range(0, 99990).Draw(t, "start")
	second := rapid.Int64Range(0, 3e9).Draw(t, "first")
	var reads []meter.Read
	for range rapid.IntRange(0, 60).Draw(t, "reads") {
		reads = append(reads, meter.Read{Second: second, Value: value})
		second += rapid.Int64Range(1, 3*hour).Draw(t, "later")
		if rapid.IntRange(0, 19).Draw(t, "odd") == 0 {
			value = rapid.SampledFrom([]float64{0, 0.3, 4711, 88000, -1}).Draw(t, "elsewhere")
		} else if value += rapid.Float64Range(0, 3).Draw(t, "more"); value >= 1e5 {
			value -= 1e5
		}
	}
	return reads
}

// Reads are inserted as they come, and Differ computes all cells again after each. The last result
// does not depend on the order.
func TestOrderOfRegistersDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		reads := drawReads(t)
		grid := meter.Grid{
			Interval: rapid.SampledFrom([]int64{300, 900, 1800, hour}).Draw(t, "interval"), First: 0,
		}
		var g, other meter.Registers
		want, counts := g.Differ(nil, reads, grid, true)
		var sorted []meter.Read
		var got []meter.Cell
		var gotCounts meter.Counts
		for _, r := range rapid.Permutation(reads).Draw(t, "order") {
			i, _ := slices.BinarySearchFunc(
				sorted, r, func(a, b meter.Read) int { return int(a.Second - b.Second) },
			)
			sorted = slices.Insert(sorted, i, r)
			got, gotCounts = other.Differ(got[:0], sorted, grid, true)
		}
		if !slices.Equal(got, want) || gotCounts != counts {
			t.Fatalf("%v %+v, in order %v %+v", got, gotCounts, want, counts)
		}
	})
}

// For a register that only counts, each cell is the rise of the line through its reads, cells
// follow each other without a hole, and no energy is lost.
func TestCellsAreTheLineThroughTheReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var reads []meter.Read
		second := rapid.Int64Range(0, 3e9).Draw(t, "first")
		value := rapid.Float64Range(0, 1e6).Draw(t, "start")
		for range rapid.IntRange(2, 50).Draw(t, "reads") {
			reads = append(reads, meter.Read{Second: second, Value: value})
			second += rapid.Int64Range(1, 4*hour).Draw(t, "later")
			value += rapid.Float64Range(1, 3).Draw(t, "more")
		}
		var g meter.Registers
		cells, counts := g.Differ(nil, reads, meter.Grid{Interval: hour}, true)
		if counts.Resets+counts.RollOvers != 0 {
			t.Fatalf("%+v", counts)
		}
		if counts.Exchanges+counts.Momentary > 0 {
			t.Skip("rates a thousandfold apart")
		}
		line := func(second int64) float64 {
			i, _ := slices.BinarySearchFunc(
				reads, second, func(r meter.Read, s int64) int { return int(r.Second - s) },
			)
			if reads[i].Second == second {
				return reads[i].Value
			}
			a, b := reads[i-1], reads[i]
			return a.Value + (b.Value-a.Value)*float64(second-a.Second)/float64(b.Second-a.Second)
		}
		for i, c := range cells {
			if i > 0 && c.N != cells[i-1].N+1 {
				t.Fatalf("cell %d after %d", c.N, cells[i-1].N)
			}
			if want := line((c.N+1)*hour) - line(c.N*hour); math.Abs(c.Energy-want) > 1e-9*(1+value) {
				t.Fatalf("cell %d: %v, want %v", c.N, c.Energy, want)
			}
		}
		first, last := (reads[0].Second+hour-1)/hour, reads[len(reads)-1].Second/hour
		if want := max(last-first, 0); int64(len(cells)) != want {
			t.Fatalf("%d cells, want %d", len(cells), want)
		}
	})
}

func TestDifferDoesNotAllocate(t *testing.T) {
	var g meter.Registers
	reads := hourly(0, 1, 2, 3, 4, 5, 6, 0.5, 1.5)
	cells := make([]meter.Cell, 0, 16)
	if n := testing.AllocsPerRun(
		100, func() { cells, _ = g.Differ(cells[:0], reads, meter.Grid{Interval: hour}, true) },
	); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDiffer(b *testing.B) {
	var g meter.Registers
	var reads []meter.Read
	for i := range 48 {
		reads = append(reads, at(int64(i)*60+7, 1000+1.3*float64(i)))
	}
	cells := make([]meter.Cell, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		cells, _ = g.Differ(cells[:0], reads, meter.Grid{Interval: hour}, true)
	}
}

package meter_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// A read of another value, behind which the register goes on from where it was, counts for nothing.
func TestMomentaryReads(t *testing.T) {
	t.Parallel()
	one := func(n int64) meter.Cell { return meter.Cell{N: n, Energy: 1} }
	spread := func(n int64) meter.Cell { return meter.Cell{N: n, Energy: 1, Estimated: true} }
	moment := func(n int) meter.Counts { return meter.Counts{Momentary: n} }
	for name, c := range map[string]struct {
		values []float64 // on the hour; the register counts 1 an hour
		begins bool
		want   []meter.Cell
		counts meter.Counts
	}{
		"a zero": {
			values: []float64{217, 218, 219, 0, 221, 222},
			want:   []meter.Cell{one(0), one(1), spread(2), spread(3), one(4)}, counts: moment(1),
		},
		"two zeros": {
			values: []float64{217, 218, 219, 0, 0, 222, 223},
			want:   []meter.Cell{one(0), one(1), spread(2), spread(3), spread(4), one(5)},
			counts: moment(2),
		},
		"another number": {
			values: []float64{217, 218, 219, 97, 221, 222},
			want:   []meter.Cell{one(0), one(1), spread(2), spread(3), one(4)}, counts: moment(1),
		},
		"other numbers, low and high": {
			values: []float64{217, 218, 219, 3, 5000, 12, 223, 224},
			want:   []meter.Cell{one(0), one(1), spread(2), spread(3), spread(4), spread(5), one(6)},
			counts: moment(3),
		},
		"a jump up": {
			values: []float64{217, 218, 219, 999999, 221, 222},
			want:   []meter.Cell{one(0), one(1), spread(2), spread(3), one(4)}, counts: moment(1),
		},
		"a little less": {
			values: []float64{217, 218, 219, 217.5, 221, 222},
			want:   []meter.Cell{one(0), one(1), spread(2), spread(3), one(4)}, counts: moment(1),
		},
		"a zero that is the last read may be momentary": {
			values: []float64{217, 218, 219, 0},
			want:   []meter.Cell{one(0), one(1)}, counts: meter.Counts{Resets: 1},
		},
		"zeros that are the last reads": {
			values: []float64{217, 218, 219, 0, 0, 0},
			want:   []meter.Cell{one(0), one(1)}, counts: meter.Counts{Resets: 1},
		},
		"another number that is the last reads": {
			values: []float64{217, 218, 219, 2000, 2000, 2000},
			want:   []meter.Cell{one(0), one(1)}, counts: meter.Counts{Exchanges: 1},
		},
		"zeros for longer are a reset": {
			values: append([]float64{217, 218, 219}, make([]float64, 13)...),
			want: append([]meter.Cell{one(0), one(1), {N: 2, Estimated: true}}, func() (still []meter.Cell) {
				for n := range int64(12) {
					still = append(still, meter.Cell{N: n + 3})
				}
				return still
			}()...),
			counts: meter.Counts{Resets: 1},
		},
		"a reset that counts on": {
			values: []float64{217, 218, 219, 0, 0, 1},
			want:   []meter.Cell{one(0), one(1), {N: 2, Estimated: true}, {N: 3}, one(4)},
			counts: meter.Counts{Resets: 1},
		},
		"a reset behind a zero": {
			values: []float64{217, 218, 219, 0, 221, 1, 2, 3},
			want:   []meter.Cell{one(0), one(1), spread(2), spread(3), spread(4), one(5), one(6)},
			counts: meter.Counts{Resets: 1, Momentary: 1},
		},
		"a roll-over behind a zero": {
			values: []float64{9995, 9996, 9997, 0, 9999, 0, 1, 2},
			want:   []meter.Cell{one(0), one(1), spread(2), spread(3), one(4), one(5), one(6)},
			counts: meter.Counts{RollOvers: 1, Momentary: 1},
		},
		"a zero in the hour of a roll-over": {
			values: []float64{9996, 9997, 9998, 9999, 5000, 1, 2, 3},
			want:   []meter.Cell{one(0), one(1), one(2), spread(3), spread(4), one(5), one(6)},
			counts: meter.Counts{RollOvers: 1, Momentary: 1},
		},
		"a zero of a register that stands still": {
			values: []float64{5, 5, 5, 0, 5, 5},
			want: []meter.Cell{
				{N: 0}, {N: 1}, {N: 2, Estimated: true}, {N: 3, Estimated: true}, {N: 4},
			},
			counts: moment(1),
		},
		"many zeros, one after the other": {
			values: []float64{217, 0, 219, 0, 221, 0, 223, 224},
			want: []meter.Cell{
				spread(0), spread(1), spread(2), spread(3), spread(4), spread(5), one(6),
			},
			counts: moment(3),
		},
		"the first read is zero": {
			values: []float64{0, 182, 183, 184}, begins: true, want: []meter.Cell{one(1), one(2)},
			counts: moment(1),
		},
		"the first reads are zero": {
			values: []float64{0, 0, 0, 0, 0, 0, 0, 0, 182, 183, 184}, begins: true,
			want: []meter.Cell{one(8), one(9)}, counts: moment(8),
		},
		"the first reads are of other numbers": {
			values: []float64{5, 900, 3, 182, 183, 184}, begins: true,
			want: []meter.Cell{one(3), one(4)}, counts: moment(3),
		},
		"the first read and a later one": {
			values: []float64{0, 182, 183, 0, 185, 186}, begins: true,
			want: []meter.Cell{one(1), spread(2), spread(3), one(4)}, counts: moment(2),
		},
		"a register that shows zero and goes on is another meter": {
			values: []float64{0, 0, 182, 183, 184},
			want:   []meter.Cell{{N: 0}, one(2), one(3)}, counts: meter.Counts{Exchanges: 1},
		},
		"a wrong number for longer is another meter": {
			values: []float64{
				217, 218, 219, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 17, 235, 236, 237,
			},
			want: append(append([]meter.Cell{one(0), one(1)}, func() (still []meter.Cell) {
				for n := range int64(14) {
					still = append(still, meter.Cell{N: n + 3})
				}
				return still
			}()...), one(18), one(19)),
			counts: meter.Counts{Exchanges: 2},
		},
		"a new meter": {
			values: []float64{0, 1, 2, 3}, begins: true, want: []meter.Cell{one(0), one(1), one(2)},
		},
		"a meter exchanged upwards": {
			values: []float64{217, 218, 219, 600, 601, 602},
			want:   []meter.Cell{one(0), one(1), one(3), one(4)}, counts: meter.Counts{Exchanges: 1},
		},
		"a counter that begins at zero each day": {
			values: []float64{14, 15, 16, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17},
			want: func() []meter.Cell {
				cells := []meter.Cell{one(0), one(1), {N: 2, Estimated: true}}
				for n := range int64(17) {
					cells = append(cells, one(n+3))
				}
				return cells
			}(),
			counts: meter.Counts{Resets: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var g meter.Registers
			got, counts := g.Differ(nil, hourly(0, c.values...), meter.Grid{Interval: hour}, c.begins)
			if d := cmp.Diff(c.want, got, cmpopts.EquateApprox(1e-9, 1e-12)); d != "" {
				t.Error(d)
			}
			if counts != c.counts {
				t.Errorf("%+v, want %+v", counts, c.counts)
			}
		})
	}
}

// wrongReads replaces runs of one to three reads by other numbers, far from the true ones. Neither
// the first nor the last read is wrong, and four true reads follow a run.
func wrongReads(t *rapid.T, reads []meter.Read) (shown []meter.Read, wrong int) {
	shown = append(shown, reads...)
	for i := rapid.IntRange(4, 12).Draw(t, "first run"); i+4 < len(reads); i += rapid.IntRange(7, 40).Draw(t, "next run") {
		kind := rapid.SampledFrom([]string{"zero", "high", "half", "any"}).Draw(t, "kind")
		for k := range rapid.IntRange(1, 3).Draw(t, "run") {
			v := map[string]float64{
				"zero": 0, "high": 999999999, "half": math.Round(reads[i].Value / 2),
				"any": rapid.Float64Range(0, 0.8).Draw(t, "any") * reads[i].Value,
			}[kind]
			shown[i+k].Value = v
			wrong++
		}
	}
	return shown, wrong
}

// Whatever a register shows for a moment, the energy is that of its true course: it may lie in
// another cell, but none is lost and none is added.
func TestMomentaryReadsKeepTheEnergy(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]int64{60, 300, 900, 1800, hour}).Draw(t, "step")
		jitter := rapid.SampledFrom([]int64{0, step / 10, step / 2}).Draw(t, "jitter")
		digits := rapid.SampledFrom([]float64{1, 10, 1000}).Draw(t, "digits")
		mean := rapid.Float64Range(0.3, 30).Draw(t, "mean of an hour")
		seed := rapid.Float64Range(0, 6).Draw(t, "phase")
		value := mean * rapid.Float64Range(200, 1e5).Draw(t, "start")
		second := rapid.Int64Range(0, 3e9).Draw(t, "first") / hour * hour
		var reads []meter.Read
		for i := range int(min(150, 48*hour/step)) {
			at := second
			if i > 0 && jitter > 0 {
				at += int64(i*i*7919) % (jitter + 1)
			}
			reads = append(reads, meter.Read{Second: at, Value: math.Floor(value*digits) / digits})
			share := 1 + 0.8*math.Sin(seed+float64(i)*float64(step)/hour) + 0.1*math.Sin(float64(i*i))
			second += step
			value += max(share, 0) * mean * float64(step) / hour
		}
		shown, wrong := wrongReads(t, reads)
		var g meter.Registers
		grid := meter.Grid{Interval: 60}
		want, _ := g.Differ(nil, reads, grid, true)
		got, counts := g.Differ(nil, shown, grid, true)
		if counts != (meter.Counts{Momentary: wrong}) || len(got) != len(want) {
			t.Fatalf("%+v of %d wrong reads; %d cells, want %d\n%v", counts, wrong, len(got), len(want), shown)
		}
		var sum, truth float64
		for i, c := range got {
			sum, truth = sum+c.Energy, truth+want[i].Energy
		}
		if math.Abs(sum-truth) > 1e-6*(1+value) {
			t.Fatalf("%v, want %v", sum, truth)
		}
	})
}

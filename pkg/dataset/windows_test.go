package dataset

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

func smallWindows() WindowConfig {
	return WindowConfig{Layout: series.DefaultLayout(true), Horizon: 24, Steps: 60, BurnIn: 30,
		Positions: 6, Batch: 5}
}

// ramps are series whose value says which cell it is of.
func ramps(n, hours int) []*History {
	b := NewBuilder()
	for i := range n {
		id := meter.ID{Site: "s", Meter: fmt.Sprint(i)}
		for k := range int64(hours) {
			b.Add(id, "", epoch+int64(i)*300+k*meter.HourSeconds, float64(k))
		}
	}
	return b.Build()
}

// noise is a series without any order, whose level grows by a share in an hour.
func noise(hours int, seed uint64, growth float64) *History {
	random := rand.New(rand.NewPCG(seed, 2))
	b := NewBuilder()
	level := 1.0
	for k := range int64(hours) {
		b.Add(m17, "", epoch+k*meter.HourSeconds, level*(3+random.NormFloat64()))
		level *= 1 + growth
	}
	return b.Build()[0]
}

func sampler(
	t testing.TB, cfg WindowConfig, histories []*History, from, until int64, seed uint64,
) *Sampler {
	t.Helper()
	s, err := NewSampler(cfg, histories, from, until, seed)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSamplersOfOneSeedDrawTheSame(t *testing.T) {
	t.Parallel()
	histories := ramps(3, 800)
	draw := func(seed uint64) []*Batch {
		return sampler(t, smallWindows(), histories, epoch, epoch+700*meter.HourSeconds, seed).
			Batches(3)
	}
	if !reflect.DeepEqual(draw(1), draw(1)) {
		t.Error("two draws of a seed differ")
	}
	one := draw(1)
	if reflect.DeepEqual(one[0], one[1]) || reflect.DeepEqual(one[0], draw(2)[0]) {
		t.Error("two draws are alike")
	}
	// A batch that is filled again is the batch that a fresh one would be.
	s, again := sampler(t, smallWindows(), histories, epoch, epoch+700*meter.HourSeconds, 1),
		&Batch{}
	s.Next(again)
	s.Next(again)
	if !reflect.DeepEqual(one[1], again) {
		t.Error("the second draw into a batch is another than into a fresh one")
	}
}

func TestBatchHasTheShapeAsked(t *testing.T) {
	t.Parallel()
	cfg := smallWindows()
	var b Batch
	s := sampler(t, cfg, ramps(2, 600), epoch, epoch+600*meter.HourSeconds, 1)
	s.Next(&b)
	rows := cfg.Positions * cfg.Batch
	inputs, current, lead := len(cfg.Layout.InputNames()), len(cfg.Layout.CurrentNames()),
		len(cfg.Layout.LeadNames())
	got := []int{b.T, b.B, b.S, len(b.X), len(b.Positions), len(b.Current), len(b.Lead),
		len(b.Target), len(b.Weight)}
	want := []int{60, 5, 6, 60 * 5 * inputs, 6, rows * current, rows * 24 * lead, rows * 24,
		rows * 24}
	if !slices.Equal(got, want) {
		t.Errorf("sizes %v, want %v", got, want)
	}
	for i, p := range b.Positions {
		if p < cfg.BurnIn || p >= cfg.Steps || i > 0 && p <= b.Positions[i-1] {
			t.Errorf("positions %v, want them to ascend from %d to below %d", b.Positions,
				cfg.BurnIn, cfg.Steps)
		}
	}
	if s.Series() != 2 {
		t.Errorf("windows of %d series", s.Series())
	}
}

// Loss positions and targets lie in the range asked for and nowhere else: the
// series are ramps, so every number names its cell.
func TestLossLiesInTheRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		cfg := smallWindows()
		hours := rapid.IntRange(400, 900).Draw(t, "hours")
		from := rapid.IntRange(0, hours-100).Draw(t, "from")
		until := rapid.IntRange(from+54, hours+50).Draw(t, "until")
		histories := ramps(2, hours)
		s, err := NewSampler(cfg, histories, epoch+int64(from)*meter.HourSeconds,
			epoch+int64(until)*meter.HourSeconds, rapid.Uint64().Draw(t, "seed"))
		if err != nil {
			if usable := min(until, hours) - max(from,
				scaleCells) - 1; usable >= cfg.Steps-cfg.BurnIn+cfg.Horizon {
				t.Fatalf("%d usable hours: %v", usable, err)
			}
			return
		}
		for range 4 {
			var b Batch
			s.Next(&b)
			for row := range b.S * b.B {
				// Windows scale alike within themselves: z_t and the change since
				// the hour before give the cell of every other number.
				now, before := float64(b.Current[row*4]), float64(b.Current[row*4+1])
				step := now - before
				for k := range cfg.Horizon {
					ahead := (float64(b.Target[row*cfg.Horizon+k]) - now) / step
					if math.Abs(ahead-float64(k+1)) > 0.05 {
						t.Fatalf("the target of lead %d lies %v cells ahead", k+1, ahead)
					}
				}
			}
		}
		for _, p := range s.ranges {
			first, last := p.first+int64(cfg.BurnIn), p.last+int64(cfg.Steps-1+cfg.Horizon)
			h := p.history
			if h.Start(first) < epoch+int64(from)*meter.HourSeconds-meter.HourSeconds+1 ||
				first < h.Ring.First() {
				t.Fatalf("the first loss position is cell %d of %d", first-h.Ring.First(), from)
			}
			if h.Start(last) >= epoch+int64(until)*meter.HourSeconds || last > h.Ring.Newest {
				t.Fatalf("the last target is cell %d, the range ends before %d",
					last-h.Ring.First(), until)
			}
			if _, ok := h.ScalerAt(first); !ok {
				t.Fatalf("no scale at cell %d", first-h.Ring.First())
			}
		}
	})
}

// Readings at or after the end of the range change nothing in a batch.
func TestNothingAfterTheRangeIsSeen(t *testing.T) {
	t.Parallel()
	const hours, until = 900, 600
	build := func(later float64) []*History {
		random := rand.New(rand.NewPCG(3, 4))
		b := NewBuilder()
		for k := range int64(hours) {
			v := 3 + random.NormFloat64()
			if k >= until {
				v = later
			}
			b.Add(m17, "", epoch+k*meter.HourSeconds, v)
		}
		return b.Build()
	}
	draw := func(later float64) []*Batch {
		return sampler(t, smallWindows(), build(later), epoch, epoch+until*meter.HourSeconds,
			9).Batches(20)
	}
	if !reflect.DeepEqual(draw(0), draw(1e6)) {
		t.Error("batches depend on what came after their range")
	}
}

// Every number of a window is what a serving ring gives at that cell, to the bit.
func TestWindowIsWhatServingSees(t *testing.T) {
	t.Parallel()
	cfg := smallWindows()
	layout := cfg.Layout
	const hours = 1000
	h := noise(hours, 5, 0.003)
	if len(h.scalers) < 4 {
		t.Fatalf("%d scales: this tests little", len(h.scalers))
	}
	first := h.Ring.First()
	rapid.Check(t, func(t *rapid.T) {
		start := first + rapid.Int64Range(scaleCells, hours-int64(cfg.Steps+cfg.Horizon)).
			Draw(t, "start")
		s := bare(cfg, h)
		var b Batch
		b.resize(cfg)
		s.drawPositions(b.Positions)
		s.fill(&b, 2, whole(cfg, h, start))

		scaler, _ := h.ScalerAt(start + int64(cfg.BurnIn))
		ring := series.Ring{Values: make([]float32, ringCells),
			Quality: meter.NewQualities(ringCells)}
		next, position := first, 0
		for step := range cfg.Steps {
			for ; next <= start+int64(step); next++ {
				v, q := h.Ring.At(next)
				ring.Put(next, v, q)
			}
			w := series.WindowOf(make([]float32, featureCells), &ring, scaler, ring.Newest,
				h.Phase, meter.HourSeconds)
			want := make([]float32, len(layout.InputNames()))
			layout.Input(want, &w)
			if got := b.X[(step*b.B+2)*len(want):][:len(want)]; !slices.Equal(got, want) {
				t.Fatalf("step %d: input %v, serving has %v", step, got, want)
			}
			if position == b.S || b.Positions[position] != step {
				continue
			}
			row := position*b.B + 2
			position++
			want = make([]float32, len(layout.CurrentNames()))
			layout.Current(want, &w)
			if got := b.Current[row*len(want):][:len(want)]; !slices.Equal(got, want) {
				t.Fatalf("step %d: current %v, serving has %v", step, got, want)
			}
			want = make([]float32, cfg.Horizon*len(layout.LeadNames()))
			layout.Lead(want, &w, cfg.Horizon)
			if got := b.Lead[row*len(want):][:len(want)]; !slices.Equal(got, want) {
				t.Fatalf("step %d: leads differ from those of serving", step)
			}
			for k := range cfg.Horizon {
				v, _ := h.Ring.At(start + int64(step+k+1))
				if got := b.Target[row*cfg.Horizon+k]; got != scaler.Forward(v) {
					t.Fatalf("step %d lead %d: target %v, the cell is %v", step, k+1, got,
						scaler.Forward(v))
				}
			}
		}
	})
}

func bare(cfg WindowConfig, h *History) *Sampler {
	return &Sampler{cfg: cfg, rng: rand.New(rand.NewPCG(1, 1)),
		z: make([]float32, featureCells+cfg.Steps+cfg.Horizon)}
}

// Fills are shown, but nobody is judged by them.
func TestFillsHaveNoWeight(t *testing.T) {
	t.Parallel()
	cfg := smallWindows()
	b := NewBuilder()
	for k := range int64(700) {
		if k%10 != 7 {
			b.Add(m17, "", epoch+k*meter.HourSeconds, float64(k%24))
		}
	}
	h := b.Build()[0]
	s := bare(cfg, h)
	var batch Batch
	batch.resize(cfg)
	for i := range batch.Weight {
		batch.Weight[i] = -1 // what an earlier draw left
	}
	s.drawPositions(batch.Positions)
	start := h.Ring.First() + 300
	for w := range batch.B {
		s.fill(&batch, w, whole(cfg, h, start+int64(w)))
	}
	for i, step := range batch.Positions {
		for w := range batch.B {
			for k := range cfg.Horizon {
				want := float32(1)
				if (300+w+step+k+1)%10 == 7 {
					want = 0
				}
				if got := batch.Weight[(i*batch.B+w)*cfg.Horizon+k]; got != want {
					t.Fatalf("step %d of window %d, lead %d: weight %v, want %v", step, w, k+1, got,
						want)
				}
			}
		}
	}
}

// About a tenth of the windows know one to two weeks, as a young series does.
func TestOldLagsAreHiddenInATenth(t *testing.T) {
	t.Parallel()
	cfg := smallWindows()
	cfg.Positions = 1
	cfg.Batch = 50
	const hours = 2000
	s := sampler(t, cfg, []*History{noise(hours, 6, 0)}, epoch+600*meter.HourSeconds,
		epoch+hours*meter.HourSeconds, 3)
	width := len(cfg.Layout.LeadNames())
	hidden, windows := 0, 0
	for _, b := range s.Batches(60) {
		for w := range b.B {
			windows++
			// Lead 1 sees a fortnight back only where nothing is hidden: else the
			// nearest day that is known stands in, which another lag names too.
			row := b.Lead[w*cfg.Horizon*width:][:width]
			inputs := len(cfg.Layout.InputNames())
			input := b.X[((b.Positions[0])*b.B+w)*inputs:][:inputs]
			if week := input[len(input)-1]; week != row[2] {
				t.Fatalf("the lag of a week is %v for the step and %v for lead 1", week, row[2])
			}
			if s.isHidden(b, w, row[3]) {
				hidden++
			}
		}
	}
	if share := float64(hidden) / float64(windows); share < 0.07 || share > 0.13 {
		t.Errorf("%d of %d windows hide their older lags", hidden, windows)
	}
}

// isHidden looks the window up in its history: no cell a fortnight before any
// place of the noise has the value that stands in.
func (s *Sampler) isHidden(b *Batch, w int, lag14 float32) bool {
	h := s.ranges[0].history
	z := b.Current[w*4]
	for n := h.Ring.First() + featureCells; n <= h.Ring.Newest; n++ {
		now, _ := h.Ring.At(n)
		scaler, _ := h.ScalerAt(n)
		if scaler.Forward(now) != z {
			continue
		}
		old, _ := h.Ring.At(n + 1 - featureCells)
		return scaler.Forward(old) != lag14
	}
	return true
}

func TestNoWindows(t *testing.T) {
	t.Parallel()
	cfg := smallWindows()
	for name, c := range map[string]struct {
		histories   []*History
		from, until int64
	}{
		"no history":        {nil, 0, 1000},
		"no scale":          {ramps(2, scaleCells-1), 0, 1000},
		"no whole window":   {ramps(2, 190), 0, 1000},
		"range too short":   {ramps(2, 900), 500, 550},
		"range in the past": {ramps(2, 900), -500, -10},
		"range to come":     {ramps(2, 900), 900, 2000},
	} {
		if _, err := NewSampler(cfg, c.histories, epoch+c.from*meter.HourSeconds,
			epoch+c.until*meter.HourSeconds, 1); !errors.Is(err, ErrNoWindows) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A young series is left out, the others are drawn from.
	mixed := append(ramps(2, 900), ramps(1, 100)...)
	if s := sampler(t, cfg, mixed, epoch, epoch+900*meter.HourSeconds, 1); s.Series() != 2 {
		t.Errorf("windows of %d series, want 2", s.Series())
	}
}

// whole is a window of which all is known.
func whole(cfg WindowConfig, h *History, start int64) window {
	scaler, _ := h.ScalerAt(start + int64(cfg.BurnIn))
	return window{history: h, start: start, known: math.MaxInt32, scaler: scaler}
}

package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/nn"
)

// toy is a sine of a day with a random phase and noise. The network sees the value
// alone: it has to find the phase.
type toy struct {
	random *rand.Rand
	breaks func(b *dataset.Batch)
}

const (
	toySteps, toyWindows, toyHorizon, toyNoise = 40, 16, 6, 0.1
)

func toyConfig() Config {
	c := DefaultConfig()
	c.Shape = nn.Shape{Inputs: 1, Hidden: 12, Width: 12, Current: 1, LeadFeatures: 1,
		Horizon: toyHorizon, Levels: 3}
	c.Levels, c.Seed, c.Iterations, c.LearningRate = smallLevels, 7, 120, 2e-2
	return c
}

func newToy(seed uint64) *toy { return &toy{random: rand.New(rand.NewPCG(seed, 0))} }

func (s *toy) Next(b *dataset.Batch) {
	positions := []int{28, 33, 36, 39}
	rows := len(positions) * toyWindows
	*b = dataset.Batch{
		T: toySteps, B: toyWindows, S: len(positions), Positions: positions,
		X: make([]float32, toySteps*toyWindows), Current: make([]float32, rows),
		Lead: make([]float32, rows*toyHorizon), Target: make([]float32, rows*toyHorizon),
		Weight: make([]float32, rows*toyHorizon),
	}
	for w := range toyWindows {
		phase := s.random.Float64() * 24
		z := make([]float32, toySteps+toyHorizon)
		for t := range z {
			z[t] = float32(math.Sin((float64(t)+phase)*math.Pi/12) +
				toyNoise*s.random.NormFloat64())
		}
		for t := range toySteps {
			b.X[t*toyWindows+w] = z[t]
		}
		for k, p := range positions {
			row := k*toyWindows + w
			b.Current[row] = z[p]
			for lead := range toyHorizon {
				b.Lead[row*toyHorizon+lead] = float32(lead+1) / toyHorizon
				b.Target[row*toyHorizon+lead] = z[p+1+lead]
				b.Weight[row*toyHorizon+lead] = 1
			}
		}
	}
	if s.breaks != nil {
		s.breaks(b)
	}
}

func toyValid(seed uint64, n int) []*dataset.Batch {
	s := newToy(seed)
	valid := make([]*dataset.Batch, n)
	for i := range valid {
		valid[i] = new(dataset.Batch)
		s.Next(valid[i])
	}
	return valid
}

func TestFitLearnsToy(t *testing.T) {
	t.Parallel()
	cfg := toyConfig()
	valid := toyValid(100, 3)
	// What knows the true curve a day before has the noise twice: half the mean
	// absolute error is its pinball loss at any set of symmetric levels.
	seasonal := toyNoise * math.Sqrt2 * math.Sqrt(2/math.Pi) / 2
	var steps []Progress
	r, err := Fit(t.Context(), cfg, newToy(1), valid, func(p Progress) { steps = append(steps, p) })
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("validation loss %.4f at iteration %d, seasonal naive %.4f, first %.4f", r.Valid, r.Best,
		seasonal, steps[0].Loss)
	if !(r.Valid < 0.75*seasonal) {
		t.Errorf("validation loss %v, the seasonal naive has %v", r.Valid, seasonal)
	}
	if len(steps) != cfg.Iterations || steps[0].Iteration != 1 ||
		steps[len(steps)-1].Iteration != cfg.Iterations || steps[0].Iterations != cfg.Iterations {
		t.Errorf("%d reports of progress for %d iterations", len(steps), cfg.Iterations)
	}
	if steps[0].Valid != 0 || steps[len(steps)-1].Valid != r.Losses[len(r.Losses)-1].Valid {
		t.Error("progress does not tell the validation loss of the last look")
	}
	best := slices.MinFunc(r.Losses, func(a, b Point) int { return cmpFloat(a.Valid, b.Valid) })
	if best.Iteration != r.Best || best.Valid != r.Valid {
		t.Errorf("best is iteration %d with %v, the looks say %+v", r.Best, r.Valid, best)
	}
	if again, err := validate(t.Context(), cfg, r.LSTM, r.Head, valid); err != nil ||
		again != r.Valid {
		t.Errorf("the weights returned have validation loss %v (%v), reported is %v", again, err,
			r.Valid)
	}
}

func cmpFloat(a, b float64) int {
	if a < b {
		return -1
	}
	return 1
}

func TestFitIsReproducible(t *testing.T) {
	t.Parallel()
	fit := func(workers int, seed uint64) Result {
		cfg := toyConfig()
		cfg.Iterations, cfg.ValidEvery, cfg.Workers, cfg.Seed = 12, 5, workers, seed
		r, err := Fit(t.Context(), cfg, newToy(1), toyValid(2, 2), nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	a := fit(2, 1)
	for _, workers := range []int{1, 2, 5} {
		b := fit(workers, 1)
		if !slices.Equal(a.LSTM, b.LSTM) || !slices.Equal(a.Head, b.Head) || a.Valid != b.Valid ||
			!slices.Equal(a.Losses, b.Losses) {
			t.Errorf("%d workers give another model than 2", workers)
		}
	}
	if c := fit(2, 2); slices.Equal(a.LSTM, c.LSTM) {
		t.Error("another seed gives the same model")
	}
}

func TestFitStopsEarlyAndKeepsTheBest(t *testing.T) {
	t.Parallel()
	cfg := toyConfig()
	cfg.ValidEvery, cfg.Patience, cfg.Iterations = 3, 2, 300
	constant := func(v float32) func(b *dataset.Batch) {
		return func(b *dataset.Batch) {
			for i := range b.Target {
				b.Target[i] = v
			}
		}
	}
	source, valid := newToy(1), newToy(2)
	source.breaks, valid.breaks = constant(3), constant(-3) // what it learns is wrong there
	var b dataset.Batch
	valid.Next(&b)
	r, err := Fit(t.Context(), cfg, source, []*dataset.Batch{&b}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if r.Best != 3 || len(r.Losses) != 3 || r.Losses[2].Iteration != 9 {
		t.Errorf("best is iteration %d after looks %+v, want 3 and a stop at 9", r.Best, r.Losses)
	}
	if again, err := validate(t.Context(), cfg, r.LSTM, r.Head, []*dataset.Batch{&b}); err != nil ||
		again != r.Valid || again != r.Losses[0].Valid {
		t.Errorf("the weights kept have validation loss %v (%v), want %v", again, err,
			r.Losses[0].Valid)
	}
}

func TestFitWithoutValidationKeepsTheLast(t *testing.T) {
	t.Parallel()
	cfg := toyConfig()
	cfg.Iterations, cfg.ValidEvery, cfg.Patience = 7, 2, 1
	r, err := Fit(t.Context(), cfg, newToy(1), nil, nil)
	if err != nil || r.Best != 7 || r.Valid != 0 || len(r.Losses) != 4 {
		t.Errorf("error %v, best %d, validation loss %v, %d looks; want iteration 7, 0 and 4", err,
			r.Best, r.Valid, len(r.Losses))
	}
}

func TestFitEndsWithContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	last := 0
	_, err := Fit(ctx, toyConfig(), newToy(1), toyValid(2, 1), func(p Progress) {
		if last = p.Iteration; last == 4 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || last != 4 {
		t.Errorf("error %v after iteration %d, want canceled after 4", err, last)
	}
	if _, err := Fit(ctx, toyConfig(), newToy(1), nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that has ended: error %v", err)
	}
	if _, err := validate(ctx, toyConfig(), make([]float32, toyConfig().Shape.LSTMParams()),
		make([]float32, toyConfig().Shape.HeadParams()), toyValid(1, 1)); !errors.Is(err,
		context.Canceled) {
		t.Errorf("validation in a context that has ended: error %v", err)
	}
}

func TestFitRefusesBadInput(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		config func(c *Config)
		breaks func(b *dataset.Batch)
		valid  func(b *dataset.Batch)
		want   string
	}{
		"NaN target": {breaks: func(b *dataset.Batch) { b.Target[5] = nan },
			want: "iteration 1: training loss is NaN"},
		"infinite target": {breaks: func(b *dataset.Batch) { b.Target[5] = inf },
			want: "iteration 1: training loss is +Inf"},
		"NaN input": {breaks: func(b *dataset.Batch) { b.X[5] = nan },
			want: "gradient is not finite"},
		"infinite lead": {breaks: func(b *dataset.Batch) { b.Lead[5] = inf },
			want: "iteration 1: "},
		"NaN validation target": {valid: func(b *dataset.Batch) { b.Target[5] = nan },
			want: "validation loss is NaN"},
		"no validation weight": {valid: func(b *dataset.Batch) { clear(b.Weight) },
			want: "no target has a weight"},
		"validation of no shape": {valid: func(b *dataset.Batch) { b.X = nil },
			want: "validation batch 0: batch: x has 0"},
		"batch of no shape": {breaks: func(b *dataset.Batch) { b.Lead = b.Lead[1:] },
			want: "batch: lead has"},
		"configuration": {config: func(c *Config) { c.Shape.Hidden = 0 },
			want: "hidden is 0"},
		"shape of other data": {config: func(c *Config) { c.Shape.Inputs = 2 },
			want: "batch: x has"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := toyConfig()
			cfg.Iterations, cfg.ValidEvery = 3, 1
			if c.config != nil {
				c.config(&cfg)
			}
			source := newToy(1)
			source.breaks = c.breaks
			var valid []*dataset.Batch
			if c.valid != nil {
				valid = toyValid(2, 1)
				c.valid(valid[0])
			}
			if _, err := Fit(t.Context(), cfg, source, valid, nil); err == nil ||
				!strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
	if _, err := Fit(t.Context(), toyConfig(), nil, nil, nil); err == nil {
		t.Error("no source was taken")
	}
}

func TestUnweightedTargetsAreNotRead(t *testing.T) {
	t.Parallel()
	fit := func(hidden float32) Result {
		cfg := toyConfig()
		cfg.Iterations = 3
		source := newToy(1)
		source.breaks = func(b *dataset.Batch) {
			for i := 0; i < len(b.Target); i += 3 {
				b.Target[i], b.Weight[i] = hidden, 0
			}
		}
		r, err := Fit(t.Context(), cfg, source, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if a, b := fit(0), fit(float32(math.NaN())); !slices.Equal(a.LSTM, b.LSTM) ||
		!slices.Equal(a.Head, b.Head) {
		t.Error("a target without weight moves the model")
	}
}

func TestIterationDoesNotGrowTheHeap(t *testing.T) {
	cfg := smallConfig()
	b := randomBatch(cfg.Shape, 200, 32, []int{50, 199}, 1)
	g, solver := newTestGraph[float32](t, cfg, b), &adam{clip: 1}
	iteration := func() {
		run(t, g, b)
		if err := solver.Step(g.parameters()); err != nil {
			t.Fatal(err)
		}
	}
	iteration()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const n = 10
	for range n {
		iteration()
	}
	runtime.ReadMemStats(&after)
	// The activations of this batch are over a megabyte; what is left is Gorgonia's
	// own book-keeping.
	if each := (after.TotalAlloc - before.TotalAlloc) / n; each > 200<<10 {
		t.Errorf("%d bytes allocated an iteration", each)
	}
}

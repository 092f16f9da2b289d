package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/nn"
)

// A network of Anchored forecasts the feature, for every level, whatever else it reads.
func TestAnchoredForecastsItsFeature(t *testing.T) {
	t.Parallel()
	s := smallShape
	const feature = 1
	p := Anchored(s, 5, feature)
	random := rand.New(rand.NewPCG(5, 0))
	draw := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(random.NormFloat64())
		}
		return x
	}
	out, lead := make([]float32, s.Outputs()), draw(s.Horizon*s.LeadFeatures)
	nn.NewHead(s, p.Head).Forward(nn.NewWorkspace(s, 1), out, draw(s.Hidden), draw(s.Current), lead, 1)
	for i, got := range out {
		want := lead[i/s.Levels*s.LeadFeatures+feature]
		if math.Abs(float64(got-want)) > 1e-6 {
			t.Errorf("lead %d, level %d: %v, the feature is %v", i/s.Levels, i%s.Levels, got, want)
		}
	}
	lstm, _ := initialParams(s, 5)
	if !slices.Equal(p.LSTM, lstm) {
		t.Error("the weights of the LSTM are not those of the seed")
	}
}

// The average starts short and then keeps the configured share; without it a look measures the
// newest weights.
func TestAverage(t *testing.T) {
	t.Parallel()
	f := fit{graph: &graph[float32]{lstmParams: []float32{1}, headParams: []float32{10}}}
	f.cfg.Averaging = 0.75
	f.average(1)
	f.graph.lstmParams[0], f.graph.headParams[0] = 2, 20
	f.average(2) // keeps 2/12
	if got := f.averaged.LSTM[0]; math.Abs(float64(got)-(1*2./12+2*10./12)) > 1e-6 {
		t.Errorf("after two iterations the average is %v", got)
	}
	before := f.averaged.Head[0]
	f.graph.headParams[0] = 0
	f.average(1000) // keeps 0.75
	if got := f.averaged.Head[0]; math.Abs(float64(got-0.75*before)) > 1e-5 {
		t.Errorf("late the average goes from %v to %v", before, got)
	}
	f.cfg.Averaging = 0
	f.average(1001)
	if f.averaged.Head[0] != 0 || f.averaged.LSTM[0] != 2 {
		t.Errorf("without averaging: %v", f.averaged)
	}
}

// A fit with averaging returns averaged weights, and those are the ones that were measured.
func TestFitWithAveraging(t *testing.T) {
	t.Parallel()
	cfg := toyConfig()
	cfg.Iterations, cfg.Averaging = 20, 0.9
	averaged, err := Fit(t.Context(), cfg, newToy(1), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Averaging = 0
	last, err := Fit(t.Context(), cfg, newToy(1), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(averaged.LSTM, last.LSTM) || slices.Equal(averaged.Head, last.Head) {
		t.Error("averaging changes no weight")
	}
	cfg.Averaging = 1
	if err := cfg.Validate(); err == nil {
		t.Error("an average that keeps all is accepted")
	}
}

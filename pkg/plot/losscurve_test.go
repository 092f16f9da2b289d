package plot

import (
	"math"
	"strings"
	"testing"
)

// falling is a training whose validation loss turns.
func falling() LossCurve {
	c := LossCurve{
		Title: "Validation loss 0.214, best at iteration 500", Subtitle: "8 series", Best: 500,
	}
	for i := 25; i <= 800; i += 25 {
		x := float64(i)
		c.Iterations = append(c.Iterations, i)
		c.Train = append(c.Train, 0.18+0.4*math.Exp(-x/120))
		c.Valid = append(c.Valid, 0.2+0.4*math.Exp(-x/120)+1e-7*(x-500)*(x-500))
	}
	return c
}

func TestLossCurves(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for name, c := range map[string]struct {
		chart LossCurve
		want  string // in the error, "" when it is drawn
	}{
		"whole": {falling(), ""},
		"one look": {
			LossCurve{Iterations: []int{1}, Train: []float64{0.5}, Valid: []float64{0.6}, Best: 1}, "",
		},
		"no validation": {LossCurve{Iterations: []int{1, 2}, Train: []float64{0.5, 0.4}}, ""},
		"some not measured": {
			LossCurve{Iterations: []int{1, 2}, Train: []float64{0.5, 0.4}, Valid: []float64{nan, 0.3}}, "",
		},
		"nothing": {LossCurve{}, "Iterations is empty"},
		"order": {
			LossCurve{Iterations: []int{2, 2}, Train: []float64{1, 1}}, "Iterations[1] is 2",
		},
		"from 0":  {LossCurve{Iterations: []int{0}, Train: []float64{1}}, "Iterations[0] is 0"},
		"lengths": {LossCurve{Iterations: []int{1, 2}, Train: []float64{1}}, "Train has 1 values"},
		"valid's length": {
			LossCurve{Iterations: []int{1}, Train: []float64{1}, Valid: []float64{1, 2}},
			"Valid has 2 values",
		},
		"not a number": {LossCurve{Iterations: []int{1}, Train: []float64{nan}}, "Train[0] is NaN"},
		"best beyond":  {LossCurve{Iterations: []int{1}, Train: []float64{1}, Best: 2}, "Best is 2"},
	} {
		_, err := Encode(SVG, Size{}, c.chart)
		if c.want == "" && err != nil ||
			c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLossCurveShowsBothLosses(t *testing.T) {
	t.Parallel()
	b, err := Encode(SVG, Size{}, falling())
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{"training", "validation", "kept: iteration 500", "iterations"} {
		if !strings.Contains(string(b), word) {
			t.Errorf("%q is not there", word)
		}
	}
}

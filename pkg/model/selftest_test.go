package model

import (
	"math"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/nn"
)

// Weights are finite, and what they give is not: with equal features the sums cancel, with others
// they overflow.
func TestSelfTestRefusesWeightsThatOverflow(t *testing.T) {
	t.Parallel()
	fill := func(weights []float32, v float32) {
		for i := range weights {
			weights[i] = v
		}
	}
	scale := func(weights []float32, factor float32) {
		for i := range weights {
			weights[i] *= factor
		}
	}
	for name, c := range map[string]struct {
		spoil func(a *Artifact, head nn.HeadWeights[float32])
		says  string // empty when the model may serve
	}{
		"as it is": {func(*Artifact, nn.HeadWeights[float32]) {}, ""},
		"zero": {func(a *Artifact, _ nn.HeadWeights[float32]) {
			fill(a.Head, 0)
			fill(a.LSTM, 0)
		}, ""},
		"largest": {func(a *Artifact, _ nn.HeadWeights[float32]) {
			fill(a.Head, math.MaxFloat32)
		}, "not finite"},
		"sums that cancel": {func(a *Artifact, head nn.HeadWeights[float32]) {
			width := a.Spec.Width
			fill(head.Wf[:width], 1e38)
			fill(head.Wf[width:2*width], -1e38)
		}, "quantile"},
		"a million times": {func(a *Artifact, _ nn.HeadWeights[float32]) {
			scale(a.Head, 1e6)
		}, "more than 1e+06 scales from the centre"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := tinyArtifact()
			a.Spec.LeadFeatures = []string{"lag_1d", "lead"}
			a.Head = make([]float32, a.Spec.Shape().HeadParams())
			for i := range a.Head {
				a.Head[i] = float32(math.Cos(float64(i)))
			}
			c.spoil(&a, nn.SplitHead(a.Spec.Shape(), a.Head))
			m, err := Load(write(t, a))
			if err != nil {
				t.Fatal(err)
			}
			err = m.SelfTest()
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("the model may serve")
			}
			for _, part := range []string{c.says, m.Digest, m.Spec.Name} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q is not in the error: %v", part, err)
				}
			}
			if again := m.SelfTest(); again.Error() != err.Error() {
				t.Errorf("another answer when it is asked again: %v", again)
			}
		})
	}
}

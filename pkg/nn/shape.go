package nn

import (
	"errors"
	"fmt"

	"github.com/loadtide/loadtide/pkg/nn/kernel"
)

// maxDimension bounds every field of a Shape, so that no product of three
// overflows and a damaged spec cannot ask for all memory.
const maxDimension = 4096

// Shape is the sizes of a network.
type Shape struct {
	Inputs       int // features of one LSTM step
	Hidden       int // units of the LSTM
	Width        int // units of the two layers of the head's MLP
	Current      int // features of the head that all leads share
	LeadFeatures int // features of the head that each lead has
	Horizon      int // leads
	Levels       int // quantiles of a lead
}

// Validate names every field that is out of range. Current and LeadFeatures may
// be 0, all others are at least 1.
func (s Shape) Validate() error {
	var errs []error
	for _, f := range []struct {
		name       string
		value, min int
	}{
		{"inputs", s.Inputs, 1}, {"hidden", s.Hidden, 1}, {"width", s.Width, 1}, {"current", s.Current, 0},
		{"lead_features", s.LeadFeatures, 0}, {"horizon", s.Horizon, 1}, {"levels", s.Levels, 1},
	} {
		if f.value < f.min || f.value > maxDimension {
			errs = append(errs, fmt.Errorf("shape: %s is %d, must be %d to %d", f.name, f.value, f.min, maxDimension))
		}
	}
	return errors.Join(errs...)
}

// LSTMParams is how many parameters the LSTM has.
func (s Shape) LSTMParams() int { return (s.Inputs + s.Hidden + 1) * 4 * s.Hidden }

// HeadParams is how many parameters the head has.
func (s Shape) HeadParams() int {
	return (s.Hidden+s.Current)*s.Width + s.Width + s.LeadFeatures*s.Width + s.Width*s.Width + s.Width +
		s.Width*s.Levels + s.Levels + s.Hidden*s.Outputs() + s.Outputs()
}

// Outputs is how many quantiles the head gives for a row: Horizon*Levels.
func (s Shape) Outputs() int { return s.Horizon * s.Levels }

// LSTMWeights are views into a flat parameter slice. All are row-major [in][out];
// the 4*Hidden columns are the gates in blocks i | f | g | o.
type LSTMWeights[T kernel.Float] struct {
	Wx []T // [Inputs][4*Hidden]
	Wh []T // [Hidden][4*Hidden]
	B  []T // [4*Hidden]
}

// SplitLSTM lays the LSTM's weights over params [LSTMParams]: the rows of the
// inputs, then of the hidden state, then the bias. Panics on another length.
func SplitLSTM[T kernel.Float](s Shape, params []T) LSTMWeights[T] {
	checkLength("lstm parameters", len(params), s.LSTMParams())
	var w LSTMWeights[T]
	rest := params
	for _, p := range []struct {
		view *[]T
		n    int
	}{{&w.Wx, s.Inputs * 4 * s.Hidden}, {&w.Wh, s.Hidden * 4 * s.Hidden}, {&w.B, 4 * s.Hidden}} {
		*p.view, rest = rest[:p.n:p.n], rest[p.n:]
	}
	return w
}

// HeadWeights are views into a flat parameter slice, all row-major [in][out].
type HeadWeights[T kernel.Float] struct {
	Wc []T // [Hidden+Current][Width], the state and the features all leads share
	Bc []T // [Width]
	Wf []T // [LeadFeatures][Width]
	Wm []T // [Width][Width]
	Bm []T // [Width]
	Wo []T // [Width][Levels]
	Bo []T // [Levels]
	Wl []T // [Hidden][Horizon*Levels], the linear head beside the MLP
	Bl []T // [Horizon*Levels]
}

// SplitHead lays the head's weights over params [HeadParams] in the order of the
// fields of HeadWeights. Panics on another length.
func SplitHead[T kernel.Float](s Shape, params []T) HeadWeights[T] {
	checkLength("head parameters", len(params), s.HeadParams())
	var w HeadWeights[T]
	rest := params
	for _, p := range []struct {
		view *[]T
		n    int
	}{
		{&w.Wc, (s.Hidden + s.Current) * s.Width}, {&w.Bc, s.Width}, {&w.Wf, s.LeadFeatures * s.Width},
		{&w.Wm, s.Width * s.Width}, {&w.Bm, s.Width}, {&w.Wo, s.Width * s.Levels}, {&w.Bo, s.Levels},
		{&w.Wl, s.Hidden * s.Outputs()}, {&w.Bl, s.Outputs()},
	} {
		*p.view, rest = rest[:p.n:p.n], rest[p.n:]
	}
	return w
}

func checkLength(what string, got, want int) {
	if got != want {
		panic(fmt.Sprintf("nn: %s: %d elements, the shape needs %d", what, got, want))
	}
}

// checkAtLeast is checkLength for what a caller may hand over with room to spare.
func checkAtLeast(what string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("nn: %s: %d elements, the batch needs %d", what, got, want))
	}
}

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
	split(
		params,
		part[T]{&w.Wx, s.Inputs * 4 * s.Hidden},
		part[T]{&w.Wh, s.Hidden * 4 * s.Hidden},
		part[T]{&w.B, 4 * s.Hidden},
	)
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
	split(
		params,
		part[T]{&w.Wc, (s.Hidden + s.Current) * s.Width},
		part[T]{&w.Bc, s.Width},
		part[T]{&w.Wf, s.LeadFeatures * s.Width},
		part[T]{&w.Wm, s.Width * s.Width},
		part[T]{&w.Bm, s.Width},
		part[T]{&w.Wo, s.Width * s.Levels},
		part[T]{&w.Bo, s.Levels},
		part[T]{&w.Wl, s.Hidden * s.Outputs()},
		part[T]{&w.Bl, s.Outputs()},
	)
	return w
}

// part is a view of n parameters.
type part[T kernel.Float] struct {
	view *[]T
	n    int
}

// split sets the views of the parts over params, one after the other.
func split[T kernel.Float](params []T, parts ...part[T]) {
	for _, p := range parts {
		*p.view, params = params[:p.n:p.n], params[p.n:]
	}
}

func checkLength(what string, got, want int) {
	if got != want {
		panic(fmt.Sprintf("nn: %s: %d elements, the shape needs %d", what, got, want))
	}
}

// checkAtLeast panics when a slice that may have room to spare is too short for the batch.
func checkAtLeast(what string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("nn: %s: %d elements, the batch needs %d", what, got, want))
	}
}

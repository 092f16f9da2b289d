package train

import (
	"math"
	"math/rand/v2"

	"github.com/loadtide/loadtide/pkg/nn"
)

// initialStream separates the random numbers of the first weights from others of the same seed.
const initialStream = 1

// initialParams draws the first weights: uniform within 1/sqrt(n), where n is the number of hidden
// units for the LSTM, and the number of inputs for each layer of the head. The bias of the forget
// gates is larger by one, so that the cell state is kept at first. The linear head starts at 0, so
// that the shared network learns first.
func initialParams(s nn.Shape, seed uint64) (lstm, head []float32) {
	r := rand.New(rand.NewPCG(seed, initialStream))
	uniform := func(w []float32, inputs int) {
		bound := 1 / math.Sqrt(float64(max(inputs, 1)))
		for i := range w {
			w[i] = float32((2*r.Float64() - 1) * bound)
		}
	}
	lstm = make([]float32, s.LSTMParams())
	uniform(lstm, s.Hidden)
	bias := nn.SplitLSTM(s, lstm).B
	for j := s.Hidden; j < 2*s.Hidden; j++ {
		bias[j]++
	}
	head = make([]float32, s.HeadParams())
	w := nn.SplitHead(s, head)
	uniform(w.Wc, s.Hidden+s.Current)
	uniform(w.Bc, s.Hidden+s.Current)
	uniform(w.Wf, s.LeadFeatures)
	uniform(w.Wm, s.Width)
	uniform(w.Bm, s.Width)
	uniform(w.Wo, s.Width)
	uniform(w.Bo, s.Width)
	return lstm, head
}

// Anchored draws the first weights of a network whose first forecast is a feature of the lead, for
// all levels. Two units of each layer of the head, one for each sign, carry the feature; the
// weights of the other units in the outputs are 0. The fit changes all of them.
func Anchored(s nn.Shape, seed uint64, feature int) *Params {
	lstm, head := initialParams(s, seed)
	w := nn.SplitHead(s, head)
	clear(w.Wo)
	clear(w.Bo)
	for unit, sign := range []float32{1, -1} {
		for _, in := range [][]float32{w.Wc, w.Bc, w.Wf, w.Wm, w.Bm} {
			for row := range len(in) / s.Width {
				in[row*s.Width+unit] = 0
			}
		}
		w.Wf[feature*s.Width+unit] = sign
		w.Wm[unit*s.Width+unit] = 1
		for level := range s.Levels {
			w.Wo[unit*s.Levels+level] = sign
		}
	}
	return &Params{LSTM: lstm, Head: head}
}

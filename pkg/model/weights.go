package model

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/onnx"
)

// specKey is the key of the spec in the metadata of the file. The spec is JSON.
const specKey = "loadtide.spec"

// gateOrder has for each gate of ONNX's LSTM (i o f c) its index in the order of nn.LSTMWeights
// (i f g o).
var gateOrder = [4]int{0, 3, 1, 2}

// eachGateWeight calls fn with the two indexes of each weight: in ONNX's layout [4*hidden][rows],
// and in [rows][4*hidden] of nn.LSTMWeights.
func eachGateWeight(hidden, rows int, pair func(theirs, ours int)) {
	for gate, place := range gateOrder {
		for j := range hidden {
			for k := range rows {
				pair((gate*hidden+j)*rows+k, (k*4+place)*hidden+j)
			}
		}
	}
}

// pack fills the weights among the tensors of graphOf from flat parameters. The second half of
// lstm.B, the second bias of PyTorch's LSTM, is zero.
func pack(tensors []onnx.Tensor, s nn.Shape, lstm, head []float32) {
	w := nn.SplitLSTM(s, lstm)
	gates := func(from []float32, rows, halves int) []float32 {
		to := make([]float32, halves*len(from))
		eachGateWeight(s.Hidden, rows, func(theirs, ours int) { to[theirs] = from[ours] })
		return to
	}
	data := headByName(s, head)
	data[lstmW], data[lstmR] = gates(w.Wx, s.Inputs, 1), gates(w.Wh, s.Hidden, 1)
	data[lstmB] = gates(w.B, 1, 2)
	for i := range tensors {
		if v, ok := data[tensors[i].Name]; ok {
			tensors[i].Floats = v
		}
	}
}

// unpack is the inverse of pack, for tensors that checkGraph has accepted. The bias of the LSTM is
// the sum of the two halves.
func unpack(tensors []onnx.Tensor, s nn.Shape) (lstm, head []float32) {
	lstm, head = make([]float32, s.LSTMParams()), make([]float32, s.HeadParams())
	w, byName := nn.SplitLSTM(s, lstm), headByName(s, head)
	for _, t := range tensors {
		from := t.Floats
		switch t.Name {
		case lstmW:
			eachGateWeight(s.Hidden, s.Inputs, func(theirs, ours int) { w.Wx[ours] = from[theirs] })
		case lstmR:
			eachGateWeight(s.Hidden, s.Hidden, func(theirs, ours int) { w.Wh[ours] = from[theirs] })
		case lstmB:
			half := from[4*s.Hidden:]
			eachGateWeight(s.Hidden, 1, func(theirs, ours int) {
				w.B[ours] = from[theirs] + half[theirs]
			})
		default:
			copy(byName[t.Name], from)
		}
	}
	return lstm, head
}

// headByName returns views of the head's weights. Both layouts have them as [in][out].
func headByName(s nn.Shape, head []float32) map[string][]float32 {
	w := nn.SplitHead(s, head)
	return map[string][]float32{
		headWc: w.Wc, headBc: w.Bc, headWf: w.Wf, headWm: w.Wm, headBm: w.Bm, headWo: w.Wo,
		headBo: w.Bo, headWl: w.Wl, headBl: w.Bl,
	}
}

// checkWeights refuses parameters that do not fit the shape, or that have NaN or Inf.
func checkWeights(lstm, head []float32, s nn.Shape) error {
	for _, a := range []struct {
		name   string
		values []float32
		want   int
	}{{"lstm", lstm, s.LSTMParams()}, {"head", head, s.HeadParams()}} {
		if len(a.values) != a.want {
			return fmt.Errorf("%d %s weights, the shape needs %d", len(a.values), a.name, a.want)
		}
		for i, w := range a.values {
			if !meter.Finite(w) {
				return fmt.Errorf("%s weight %d is %v", a.name, i, w)
			}
		}
	}
	return nil
}

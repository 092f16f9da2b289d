package model

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/onnx"
	"github.com/loadtide/loadtide/pkg/series"
)

// The graph of a model file. docs/format/model.md is the reference for programs that write such a
// file. T is the number of steps, B the size of a batch; the other sizes are in the spec. All
// inputs and outputs are float32:
//
//	sequence  [T,B,Inputs]                 features of the steps, oldest first
//	h, c      [1,B,Hidden]                 state before the first step
//	current   [B,Current]                  features that all leads share, after the last step
//	lead      [B,Horizon,LeadFeatures]     features of each lead, after the last step
//	center, scale [B], and unit [B] if the spec's scale is asinh: series.Scaler
//
//	quantiles [B,Horizon,Levels]           in the series' unit, ascending in a lead
//	h_out, c_out [1,B,Hidden]              state after the last step
//
// The graph computes nn.LSTM.Step T times, nn.Head.Forward once, and series.Scaler.Inverse; then it
// sorts the quantiles of each lead.
const (
	inSequence, inH, inC    = "sequence", "h", "c"
	inCurrent, inLead       = "current", "lead"
	inCenter, inScale       = "center", "scale"
	inUnit                  = "unit"
	outQuantiles            = "quantiles"
	outH, outC              = "h_out", "c_out"
	lstmW, lstmR, lstmB     = "lstm.W", "lstm.R", "lstm.B"
	headWc, headBc, headWf  = "head.Wc", "head.bc", "head.Wf"
	headWm, headBm          = "head.Wm", "head.bm"
	headWo, headBo          = "head.Wo", "head.bo"
	headWl, headBl          = "head.Wl", "head.bl"
	constDirection          = "const.direction"  // [1] 0, the axis of directions in the state
	constLead               = "const.lead"       // [1] 1, the axis of leads
	constLeadLevel          = "const.lead_level" // [2] 1 2, the axes of leads and levels
	constOut                = "const.out"        // [3] -1 Horizon Levels
	constLevels             = "const.levels"     // [1] Levels
	constFloor              = "const.floor"      // scalar, the least scale
	constLowest, constMost  = "const.lowest", "const.most"
	graphName, producerName = "loadtide", "loadtide"
)

// graphOf returns the only graph that a model of this spec may have. The constants have their
// elements, the weights have not.
func graphOf(s Spec) onnx.Graph {
	n := s.Shape()
	hidden, width, outputs := n.Hidden, n.Width, n.Outputs()
	steps, batch := onnx.Dim{Name: "T"}, onnx.Dim{Name: "B"}
	g := onnx.Graph{
		Name: graphName,
		Nodes: []onnx.Node{
			node("LSTM", names(inSequence, lstmW, lstmR, lstmB, "", inH, inC),
				names("", outH, outC), attribute("hidden_size", hidden)),
			node("Squeeze", names(outH, constDirection), names("state")),

			// u1 = relu([h; current] Wc + bc + lead_k Wf)
			node("Concat", names("state", inCurrent), names("shared"), attribute("axis", 1)),
			node("Gemm", names("shared", headWc, headBc), names("base")),
			node("Unsqueeze", names("base", constLead), names("base_of_lead")),
			node("MatMul", names(inLead, headWf), names("lead_part")),
			node("Add", names("lead_part", "base_of_lead"), names("a1")),
			node("Relu", names("a1"), names("u1")),

			// u2 = relu(u1 Wm + bm)
			node("MatMul", names("u1", headWm), names("inner_part")),
			node("Add", names("inner_part", headBm), names("a2")),
			node("Relu", names("a2"), names("u2")),

			// z = u2 Wo + bo + (h Wl + bl)_k
			node("MatMul", names("u2", headWo), names("level_part")),
			node("Add", names("level_part", headBo), names("shared_out")),
			node("Gemm", names("state", headWl, headBl), names("linear")),
			node("Reshape", names("linear", constOut), names("linear_out")),
			node("Add", names("shared_out", "linear_out"), names("z")),

			// v = z * max(scale, floor) + center
			node("Max", names(inScale, constFloor), names("floored")),
			node("Unsqueeze", names("floored", constLeadLevel), names("factor")),
			node("Mul", names("z", "factor"), names("scaled")),
			node("Unsqueeze", names(inCenter, constLeadLevel), names("offset")),
			node("Add", names("scaled", "offset"), names("v")),
		},
		Initializers: []onnx.Tensor{
			weight(lstmW, 1, 4*hidden, n.Inputs), weight(lstmR, 1, 4*hidden, hidden),
			weight(lstmB, 1, 8*hidden),
			weight(headWc, hidden+n.Current, width), weight(headBc, width),
			weight(headWf, n.LeadFeatures, width),
			weight(headWm, width, width), weight(headBm, width), weight(headWo, width, n.Levels),
			weight(headBo, n.Levels),
			weight(headWl, hidden, outputs), weight(headBl, outputs),
			integers(constDirection, 0), integers(constLead, 1), integers(constLeadLevel, 1, 2),
			integers(constOut, -1, n.Horizon, n.Levels), integers(constLevels, n.Levels),
			scalar(constFloor, series.ScaleFloor),
		},
		Inputs: []onnx.Value{
			value(inSequence, steps, batch, size(n.Inputs)),
			value(inH, size(1), batch, size(hidden)), value(inC, size(1), batch, size(hidden)),
			value(inCurrent, batch, size(n.Current)),
			value(inLead, batch, size(n.Horizon), size(n.LeadFeatures)),
			value(inCenter, batch), value(inScale, batch),
		},
		Outputs: []onnx.Value{
			value(outQuantiles, batch, size(n.Horizon), size(n.Levels)),
			value(outH, size(1), batch, size(hidden)), value(outC, size(1), batch, size(hidden)),
		},
	}
	unsorted := "v"
	if s.Scale == ScaleAsinh {
		// y = sinh(min(max(v, -12), 12)) * unit
		unsorted = "y"
		g.Nodes = append(g.Nodes,
			node("Clip", names("v", constLowest, constMost), names("bounded")),
			node("Sinh", names("bounded"), names("straight")),
			node("Unsqueeze", names(inUnit, constLeadLevel), names("unit_of_series")),
			node("Mul", names("straight", "unit_of_series"), names("y")),
		)
		g.Initializers = append(g.Initializers, scalar(constLowest, -series.AsinhMost),
			scalar(constMost, series.AsinhMost))
		g.Inputs = append(g.Inputs, value(inUnit, batch))
	}
	g.Nodes = append(g.Nodes, node("TopK", names(unsorted, constLevels),
		names(outQuantiles, "places"), attribute("largest", 0)))
	for i := range g.Nodes {
		g.Nodes[i].Name = fmt.Sprintf("%s_%d", g.Nodes[i].Op, i+1)
	}
	return g
}

func node(op string, inputs, outputs []string, attributes ...onnx.Attribute) onnx.Node {
	return onnx.Node{Op: op, Inputs: inputs, Outputs: outputs, Attributes: attributes}
}

func names(list ...string) []string { return list }

func attribute(name string, v int) onnx.Attribute {
	return onnx.Attribute{Name: name, Type: onnx.AttributeInt, Int: int64(v)}
}

func weight(name string, dims ...int) onnx.Tensor {
	t := onnx.Tensor{Name: name, Type: onnx.Float}
	for _, d := range dims {
		t.Dims = append(t.Dims, int64(d))
	}
	return t
}

func integers(name string, values ...int) onnx.Tensor {
	t := onnx.Tensor{Name: name, Type: onnx.Int64, Dims: []int64{int64(len(values))}}
	for _, v := range values {
		t.Ints = append(t.Ints, int64(v))
	}
	return t
}

func scalar(name string, v float32) onnx.Tensor {
	return onnx.Tensor{Name: name, Type: onnx.Float, Floats: []float32{v}}
}

func value(name string, dims ...onnx.Dim) onnx.Value {
	return onnx.Value{Name: name, Type: onnx.Float, Dims: dims}
}

func size(n int) onnx.Dim { return onnx.Dim{Size: int64(n)} }

package kernel

import "fmt"

// LSTMForwardArgs is one step of an LSTM for some rows. Hidden is padded, see
// PadUnits.
type LSTMForwardArgs[T Float] struct {
	Panels  []T // weights, see PackLSTM
	X       []T // the inputs, row r at r*XRow
	HBefore []T // the hidden state before, row r at r*HBeforeRow
	Before  []T // [Rows][Hidden], the cell state before
	After   []T // [Rows][Hidden], the cell state after; may be Before
	H       []T // the hidden state after, row r at r*HRow; must not be HBefore
	// To keep for the way back, or nil: the gates after their activations, of each
	// panel [Rows][PanelWidth], panels GatesPanel apart; tanh of After [Rows][Hidden].
	Gates, Tanh []T

	Rows, Inputs, Hidden               int // all at least 1, but for Rows
	XRow, HBeforeRow, HRow, GatesPanel int
}

// panelSize is the distance of the panels' weights.
func (l *LSTMForwardArgs[T]) panelSize() int { return (1 + l.Inputs + l.Hidden) * PanelWidth }

// LSTMForward takes the step, with [i f g o] = [1 X HBefore] times the weights:
//
//	After = sigmoid(f)*Before + sigmoid(i)*tanh(g)     H = sigmoid(o)*tanh(After)
//
// In float32 sigmoid and tanh are within 1e-6 of their exact values. The result is
// finite for any finite Before; NaN in a gate counts as the least exponent. A row does
// not depend on the others. Panics if a slice is too short.
func LSTMForward[T Float](l *LSTMForwardArgs[T]) { forwardBy(Active(), l) }

func forwardBy[T Float](f Family, l *LSTMForwardArgs[T]) {
	if l.Rows == 0 {
		return
	}
	rows, keeps := l.Rows*l.Hidden, l.Gates != nil
	need("lstm panels", len(l.Panels), Panels(l.Hidden)*l.panelSize())
	need("lstm sizes", min(l.Inputs, l.Hidden), 1)
	need("lstm inputs", len(l.X), (l.Rows-1)*l.XRow+l.Inputs)
	need("lstm hidden state before", len(l.HBefore), (l.Rows-1)*l.HBeforeRow+l.Hidden)
	need("lstm cell state", min(len(l.Before), len(l.After)), rows)
	need("lstm hidden state", len(l.H), (l.Rows-1)*l.HRow+l.Hidden)
	if keeps {
		need("lstm gates", len(l.Gates), (Panels(l.Hidden)-1)*l.GatesPanel+l.Rows*PanelWidth)
		need("lstm tanh", len(l.Tanh), rows)
	}
	if f != Go {
		if l, ok := any(l).(*LSTMForwardArgs[float32]); ok {
			forwardVector(f, l)
			return
		}
	}
	forwardGeneric(l)
}

// LSTMBackwardArgs is the way back through one step of an LSTM for some rows.
type LSTMBackwardArgs[T Float] struct {
	Gates  []T // as LSTMForward kept them; replaced by the gradients before the activations
	Before []T // [Rows][Hidden], the cell state before the step
	Tanh   []T // [Rows][Hidden], as LSTMForward kept it
	DH     []T // [Rows][Hidden], gradient of the hidden state after the step
	DC     []T // [Rows][Hidden], of the cell state after it; replaced by that before it

	Rows, Hidden, GatesPanel int
}

// LSTMBackward goes back through the step:
//
//	d  = DC + DH*o*(1-Tanh^2)
//	di = d*g*i*(1-i)   df = d*Before*f*(1-f)   dg = d*i*(1-g^2)   do = DH*Tanh*o*(1-o)
//	DC = d*f
//
// Panics if a slice is too short.
func LSTMBackward[T Float](l *LSTMBackwardArgs[T]) { backwardBy(Active(), l) }

func backwardBy[T Float](f Family, l *LSTMBackwardArgs[T]) {
	if l.Rows == 0 {
		return
	}
	rows := l.Rows * l.Hidden
	need("lstm gates", len(l.Gates), (Panels(l.Hidden)-1)*l.GatesPanel+l.Rows*PanelWidth)
	need("lstm states and gradients", min(len(l.Before), len(l.Tanh), len(l.DH), len(l.DC)), rows)
	if f != Go {
		if l, ok := any(l).(*LSTMBackwardArgs[float32]); ok {
			backwardVector(f, l)
			return
		}
	}
	backwardGeneric(l)
}

func need(what string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("kernel: %s: %d elements, needs %d", what, got, want))
	}
}

package kernel

import "math"

const (
	// panelUnits is how many units of an LSTM a panel holds. PadUnits rounds a number
	// of units up to whole panels; the units added have weights of zero and stay at zero.
	panelUnits = 16
	// PanelWidth is the width of a panel: its units' gates i, f, g and o in runs of 16.
	PanelWidth = 4 * panelUnits
)

// PadUnits is the number of units rounded up to whole panels.
func PadUnits(hidden int) int { return (hidden + panelUnits - 1) / panelUnits * panelUnits }

// Panels is how many panels an LSTM of so many units has.
func Panels(hidden int) int { return PadUnits(hidden) / panelUnits }

// PackedLen is the length of the weights of an LSTM as PackLSTM lays them out.
func PackedLen(inputs, hidden int) int {
	return Panels(hidden) * (1 + inputs + PadUnits(hidden)) * PanelWidth
}

// eachColumn calls do for every unit and gate: the column of the plain layout, where
// the gates stand in blocks i | f | g | o, and panel and column in that of panels.
func eachColumn(hidden int, do func(plain, panel, column, gate int)) {
	for unit := range hidden {
		for gate := range 4 {
			do(gate*hidden+unit, unit/panelUnits, gate*panelUnits+unit%panelUnits, gate)
		}
	}
}

// PackLSTM lays out weights for LSTMForward. wx [inputs][4*hidden], wh
// [hidden][4*hidden] and b [4*hidden] have the gates in blocks i | f | g | o.
// packed [PackedLen] is [panels][1+inputs+PadUnits(hidden)][PanelWidth], the bias
// first, all times -log2 e (g twice that): the step then needs powers of two alone.
func PackLSTM[T Float](packed, wx, wh, b []T, inputs, hidden int) {
	clear(packed)
	wide, size := 4*hidden, (1+inputs+PadUnits(hidden))*PanelWidth
	eachColumn(hidden, func(plain, panel, column, gate int) {
		fold := T(-math.Log2E)
		if gate == 2 {
			fold *= 2
		}
		to := packed[panel*size+column : (panel+1)*size]
		to[0] = fold * b[plain]
		for p := range inputs {
			to[(1+p)*PanelWidth] = fold * wx[p*wide+plain]
		}
		for p := range hidden {
			to[(1+inputs+p)*PanelWidth] = fold * wh[p*wide+plain]
		}
	})
}

// PackLSTMBack lays out wh [hidden][4*hidden] for the way back: its transpose
// [panels][PanelWidth][PadUnits(hidden)], which takes the gradient of a panel's gates
// to that of the hidden state before.
func PackLSTMBack[T Float](packed, wh []T, hidden int) {
	clear(packed)
	padded := PadUnits(hidden)
	eachColumn(hidden, func(plain, panel, column, _ int) {
		to := packed[(panel*PanelWidth+column)*padded:]
		for p := range hidden {
			to[p] = wh[p*4*hidden+plain]
		}
	})
}

// UnpackLSTMGradient takes the gradient of the weights from panels
// [panels][inputs+PadUnits(hidden)][PanelWidth], and that of the bias
// [panels][PanelWidth], to the layout of wx, wh and b. They are not those of the
// packed weights but of the plain ones: nothing is folded in.
func UnpackLSTMGradient[T Float](wx, wh, b, weights, bias []T, inputs, hidden int) {
	wide, size := 4*hidden, (inputs+PadUnits(hidden))*PanelWidth
	eachColumn(hidden, func(plain, panel, column, _ int) {
		b[plain] = bias[panel*PanelWidth+column]
		from := weights[panel*size+column : (panel+1)*size]
		for p := range inputs {
			wx[p*wide+plain] = from[p*PanelWidth]
		}
		for p := range hidden {
			wh[p*wide+plain] = from[(inputs+p)*PanelWidth]
		}
	})
}

package kernel

import "math"

// genericRows is how many rows the twin's product takes at a time.
const genericRows = 8

// forwardGeneric is the twin of the vector routines.
func forwardGeneric[T Float](l *LSTMForwardArgs[T]) {
	size := l.panelSize()
	var sums [genericRows * PanelWidth]T
	for panel := range l.Hidden / panelUnits {
		weights := l.Panels[panel*size : (panel+1)*size]
		for from := 0; from < l.Rows; from += genericRows {
			rows := min(genericRows, l.Rows-from)
			inputs := product[T]{
				out: sums[:], a: l.X[from*l.XRow:], b: weights[PanelWidth:], init: weights[:PanelWidth],
				m: rows, k: l.Inputs, n: PanelWidth, aRow: l.XRow, aStep: 1,
			}
			productGeneric(&inputs)
			hidden := product[T]{
				out: sums[:], a: l.HBefore[from*l.HBeforeRow:], b: weights[(1+l.Inputs)*PanelWidth:], init: sums[:], initRow: PanelWidth,
				m: rows, k: l.Hidden, n: PanelWidth, aRow: l.HBeforeRow, aStep: 1,
			}
			productGeneric(&hidden)
			for r := range rows {
				l.update(panel, from+r, sums[r*PanelWidth:(r+1)*PanelWidth])
			}
		}
	}
}

// update takes the step of one row of a panel from the sums of its gates, which it
// overwrites.
func (l *LSTMForwardArgs[T]) update(panel, row int, sums []T) {
	for j := range panelUnits {
		unit := panel*panelUnits + j
		at := row*l.Hidden + unit
		i, f := sigmoidOf(sums[j]), sigmoidOf(sums[panelUnits+j])
		g, o := tanhOf(sums[2*panelUnits+j]), sigmoidOf(sums[3*panelUnits+j])
		c := mulAdd(i*g, f, l.Before[at])
		t := tanhOf(-2 * math.Log2E * c)
		l.After[at] = c
		l.H[row*l.HRow+unit] = o * t
		sums[j], sums[panelUnits+j], sums[2*panelUnits+j], sums[3*panelUnits+j] = i, f, g, o
		if l.Gates != nil {
			l.Tanh[at] = t
		}
	}
	if l.Gates != nil {
		copy(l.Gates[panel*l.GatesPanel+row*PanelWidth:], sums)
	}
}

// backwardGeneric is the twin of the vector routines.
func backwardGeneric[T Float](l *LSTMBackwardArgs[T]) {
	for panel := range l.Hidden / panelUnits {
		for r := range l.Rows {
			from := panel*l.GatesPanel + r*PanelWidth
			kept := l.Gates[from : from+PanelWidth]
			for j := range panelUnits {
				at := r*l.Hidden + panel*panelUnits + j
				i, f, g, o := kept[j], kept[panelUnits+j], kept[2*panelUnits+j], kept[3*panelUnits+j]
				t, dh := l.Tanh[at], l.DH[at]
				d := l.DC[at] + dh*o*(1-t*t)
				kept[j] = d * g * i * (1 - i)
				kept[panelUnits+j] = d * l.Before[at] * f * (1 - f)
				kept[2*panelUnits+j] = d * i * (1 - g*g)
				kept[3*panelUnits+j] = dh * t * o * (1 - o)
				l.DC[at] = d * f
			}
		}
	}
}

//go:build amd64 && !purego

package kernel

// float is the size of an element in bytes.
const float = 4

// at is a pointer to an element, nil for a slice that is nil or ends there.
func at(x []float32, i int) *float32 {
	if i >= len(x) {
		return nil
	}
	return &x[i]
}

// gemmVector runs a product by the vector routines, a panel of columns after the other.
func gemmVector(f Family, p *product[float32]) {
	t := tile{
		a: at(p.a, 0), outRow: float * p.n, aRow: float * p.aRow, aStep: float * p.aStep, bStep: float * p.n,
		initRow: float * p.initRow, gateRow: float * p.n, rows: p.m, k: p.k,
	}
	if p.relu {
		t.relu = 1
	}
	wide := 64
	if f == AVX2 {
		wide = 16
	}
	for j := 0; j < p.n; {
		n := min(wide, p.n-j)
		t.out, t.b, t.init, t.gate = at(p.out, j), at(p.b, j), at(p.init, j), at(p.gate, j)
		if f == AVX2 {
			if n < wide {
				n = min(n, 8)
				t.maskAt = &masks[8-n]
				gemmTail1AVX2(&t)
			} else {
				gemmAVX2(&t)
			}
		} else {
			t.mask = 1<<n - 1
			switch (n + 15) / 16 {
			case 1:
				gemmTail1AVX512(&t)
			case 2:
				gemmTail2AVX512(&t)
			case 3:
				gemmTail3AVX512(&t)
			default:
				if n < wide {
					gemmTail4AVX512(&t)
				} else {
					gemmAVX512(&t)
				}
			}
		}
		j += n
	}
}

// masks holds, from element 8-n on, a mask of the first n of eight.
var masks = [16]int32{-1, -1, -1, -1, -1, -1, -1, -1}

// forwardVector runs LSTMForward by the vector routines: a panel of 16 units at a
// time, AVX2 in halves.
func forwardVector(f Family, l *LSTMForwardArgs[float32]) {
	c := cell{
		x: at(l.X, 0), xRow: float * l.XRow, hBefore: at(l.HBefore, 0), hBeforeRow: float * l.HBeforeRow,
		beforeRow: float * l.Hidden, afterRow: float * l.Hidden, hRow: float * l.HRow,
		gatesRow: float * PanelWidth, tanhRow: float * l.Hidden, rows: l.Rows, inputs: l.Inputs, hidden: l.Hidden,
	}
	lanes := panelUnits
	c.pair = float * l.panelSize()
	if f == AVX2 {
		lanes = panelUnits / 2
		c.pair = float * lanes // the two halves of a panel
	}
	for unit := 0; unit < l.Hidden; {
		panel, half := unit/panelUnits, unit%panelUnits
		c.w = at(l.Panels, panel*l.panelSize()+half)
		c.before, c.after, c.h = at(l.Before, unit), at(l.After, unit), at(l.H, unit)
		c.gates, c.tanh = at(l.Gates, panel*l.GatesPanel+half), at(l.Tanh, unit)
		if l.Rows == 1 && l.Gates == nil && unit+2*lanes <= l.Hidden {
			stepPair(f, &c)
			unit += 2 * lanes
			continue
		}
		switch {
		case f == AVX2 && l.Gates != nil:
			cellKeepAVX2(&c)
		case f == AVX2:
			cellAVX2(&c)
		case l.Gates != nil:
			cellKeepAVX512(&c)
		default:
			cellAVX512(&c)
		}
		unit += lanes
	}
}

func stepPair(f Family, c *cell) {
	if f == AVX2 {
		cellPairAVX2(c)
	} else {
		cellPairAVX512(c)
	}
}

// backwardVector runs LSTMBackward by the vector routines.
func backwardVector(f Family, l *LSTMBackwardArgs[float32]) {
	c := cellBack{row: float * l.Hidden, rows: l.Rows}
	for panel := range l.Hidden / panelUnits {
		unit := panel * panelUnits
		c.gates, c.before, c.tanh = at(l.Gates, panel*l.GatesPanel), at(l.Before, unit), at(l.Tanh, unit)
		c.dh, c.dc = at(l.DH, unit), at(l.DC, unit)
		if f == AVX2 {
			cellBackAVX2(&c)
		} else {
			cellBackAVX512(&c)
		}
	}
}

// peakVector does loops rounds of nothing but multiply-adds.
func peakVector(f Family, loops int) {
	if f == AVX2 {
		peakAVX2(loops)
	} else {
		peakAVX512(loops)
	}
}

package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of kernel.cell, in order.
const (
	cellW = iota
	cellX
	cellBefore
	cellAfter
	cellH
	cellGates
	cellTanh
	cellXRow
	cellBeforeRow
	cellAfterRow
	cellHRow
	cellGatesRow
	cellTanhRow
	cellRows
	cellK
)

// gateStride is the distance in bytes of the gates of a unit within a panel, which
// has 16 units: i16 f16 g16 o16. AVX2 does it in halves.
const gateStride = 4 * 16

// Registers of one row: the gates.
const (
	gateI = iota
	gateF
	gateG
	gateO
	gates
)

// cells writes the fused LSTM step: products, gates and cell update of one register's
// worth of units, for all rows. The one for training also keeps what the way back
// needs.
func (s *isa) cells() {
	s.cell("cell", false)
	s.cell("cellKeep", true)
}

func (s *isa) cell(name string, keep bool) {
	t := s.routine(name, "steps one panel of units for all rows.")
	c := &cell{isa: s, t: t, keep: keep}
	c.rows, c.x = t.load(cellRows), t.load(cellX)
	c.before, c.after, c.h = t.load(cellBefore), t.load(cellAfter), t.load(cellH)
	tiles := []int{3, 2, 1}
	if s.wide {
		tiles = []int{6, 4, 2, 1}
	}
	for _, rows := range tiles {
		next, again := fmt.Sprintf("below%d", rows), fmt.Sprintf("rows%d", rows)
		Label(again)
		CMPQ(c.rows, Imm(uint64(rows)))
		JL(LabelRef(next))
		if rows == 6 {
			CMPQ(c.rows, Imm(8))
			JE(LabelRef(next))
		}
		c.tile(rows)
		SUBQ(Imm(uint64(rows)), c.rows)
		JMP(LabelRef(again))
		Label(next)
	}
	VZEROUPPER()
	RET()
}

// cell is one routine while it is written.
type cell struct {
	*isa
	t                arg
	keep             bool
	rows, x          reg.GPVirtual
	before, after, h reg.GPVirtual
}

func (c *cell) tile(rows int) {
	acc := c.product(rows)
	for r := range acc {
		if c.keep {
			c.updateKeeping(acc[r])
		} else {
			c.update(acc[r])
		}
		ADDQ(c.t.mem(cellBeforeRow), c.before)
		ADDQ(c.t.mem(cellAfterRow), c.after)
		ADDQ(c.t.mem(cellHRow), c.h)
	}
	step := GP64()
	MOVQ(c.t.mem(cellXRow), step)
	IMUL3Q(Imm(uint64(rows)), step, step)
	ADDQ(step, c.x)
}

// product is bias + x*w for the gates of each row.
func (c *cell) product(rows int) [][]reg.VecVirtual {
	w, k := c.t.load(cellW), c.t.load(cellK)
	acc := make([][]reg.VecVirtual, rows)
	for r := range acc {
		for q := range gates {
			sum := c.vec()
			VMOVUPS(Mem{Base: w, Disp: q * gateStride}, sum)
			acc[r] = append(acc[r], sum)
		}
	}
	x, row, further := GP64(), c.t.load(cellXRow), GP64()
	MOVQ(c.x, x)
	if rows > 3 {
		LEAQ(Mem{Base: x, Index: row, Scale: 2}, further)
		ADDQ(row, further)
	}
	at := func(r int) Mem {
		m := Mem{Base: x}
		if r >= 3 {
			m.Base = further
		}
		if r%3 > 0 {
			m.Index, m.Scale = row, uint8(r%3)
		}
		return m
	}
	loop := fmt.Sprintf("loop%d", rows)
	Label(loop)
	ADDQ(U32(gates*gateStride), w)
	if c.wide {
		weights := make([]reg.VecVirtual, gates)
		for q := range weights {
			weights[q] = c.vec()
			VMOVUPS(Mem{Base: w, Disp: q * gateStride}, weights[q])
		}
		for r := range rows {
			v := c.vec()
			VBROADCASTSS(at(r), v)
			for q := range weights {
				VFMADD231PS(v, weights[q], acc[r][q])
			}
		}
	} else { // fewer registers: the rows' elements stay, the weights pass
		values := make([]reg.VecVirtual, rows)
		for r := range values {
			values[r] = c.vec()
			VBROADCASTSS(at(r), values[r])
		}
		for q := range gates {
			weight := c.vec()
			VMOVUPS(Mem{Base: w, Disp: q * gateStride}, weight)
			for r := range values {
				VFMADD231PS(values[r], weight, acc[r][q])
			}
		}
	}
	ADDQ(Imm(4), x)
	if rows > 3 {
		ADDQ(Imm(4), further)
	}
	DECQ(k)
	JNZ(LabelRef(loop))
	return acc
}

// update takes the step with two divisions. With e the powers of a row's gates and
// k = (1+ei)(1+eg):
//
//	c = (c k + (1-eg)(1+ef)) / (k (1+ef))      h = (1-ec) / ((1+eo)(1+ec))
func (c *cell) update(row []reg.VecVirtual) {
	v := c.values
	i, f, g, o := row[gateI], row[gateF], row[gateG], row[gateO]
	for _, e := range []reg.VecVirtual{i, f, g} {
		c.power(e)
	}
	VADDPS(v["one"], i, i)
	VADDPS(v["one"], f, f)
	one := c.vec()
	VMOVUPS(v["one"], one)
	VSUBPS(g, one, one) // 1-eg
	VADDPS(v["one"], g, g)
	VMULPS(g, i, i)   // k
	VMULPS(f, one, g) // (1-eg)(1+ef)
	VMULPS(i, f, f)   // k (1+ef)
	VFMADD231PS(Mem{Base: c.before}, i, g)
	VDIVPS(f, g, g)
	VMOVUPS(g, Mem{Base: c.after})
	VMULPS(v["twice"], g, g)
	c.power(g)
	c.power(o)
	VADDPS(v["one"], o, o)
	VMOVUPS(v["one"], f)
	VSUBPS(g, f, f)
	VADDPS(v["one"], g, g)
	VMULPS(g, o, o)
	VDIVPS(o, f, f)
	VMOVUPS(f, Mem{Base: c.h})
}

// updateKeeping takes the step and stores the gates after their activations and
// tanh(c).
func (c *cell) updateKeeping(row []reg.VecVirtual) {
	v := c.values
	kept := c.t.load(cellGates)
	for q, e := range row {
		c.power(e)
		if q == gateG {
			c.tanh(e)
		} else {
			VADDPS(v["one"], e, e)
			s := c.vec()
			VMOVUPS(v["one"], s)
			VDIVPS(e, s, e)
		}
		VMOVUPS(e, Mem{Base: kept, Disp: q * gateStride})
	}
	ADDQ(c.t.mem(cellGatesRow), kept)
	MOVQ(kept, c.t.mem(cellGates))

	i, f, g, o := row[gateI], row[gateF], row[gateG], row[gateO]
	VMULPS(g, i, i)
	VFMADD231PS(Mem{Base: c.before}, f, i)
	VMOVUPS(i, Mem{Base: c.after})
	VMULPS(v["twice"], i, i)
	c.power(i)
	c.tanh(i)
	kept = c.t.load(cellTanh)
	VMOVUPS(i, Mem{Base: kept})
	ADDQ(c.t.mem(cellTanhRow), kept)
	MOVQ(kept, c.t.mem(cellTanh))
	VMULPS(o, i, i)
	VMOVUPS(i, Mem{Base: c.h})
}

// tanh replaces e, a power of -2x, by (1-e)/(1+e).
func (c *cell) tanh(e reg.VecVirtual) {
	up := c.vec()
	VMOVUPS(c.values["one"], up)
	VSUBPS(e, up, up)
	VADDPS(c.values["one"], e, e)
	VDIVPS(e, up, e)
}

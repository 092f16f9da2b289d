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
	cellHBefore
	cellBefore
	cellAfter
	cellH
	cellGates
	cellTanh
	cellXRow
	cellHBeforeRow
	cellBeforeRow
	cellAfterRow
	cellHRow
	cellGatesRow
	cellTanhRow
	cellRows
	cellInputs
	cellHidden
	cellPair
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
	s.cellPair()
}

func (s *isa) cell(name string, keep bool) {
	t := s.routine(name, "steps one panel of units for all rows.")
	c := &cell{isa: s, t: t, keep: keep}
	c.rows, c.x, c.hBefore = t.load(cellRows), t.load(cellX), t.load(cellHBefore)
	c.before, c.after, c.h = t.load(cellBefore), t.load(cellAfter), t.load(cellH)
	c.v = s.held("low", "high", "magic", "exp5", "exp4", "exp3", "exp2", "exp1", "exp0", "one")
	// Four rows fill the multiply-adds of AVX-512 and leave room for the constants.
	tiles := []int{3, 2, 1}
	if s.wide {
		tiles = []int{4, 2, 1}
	}
	for _, rows := range tiles {
		next, again := fmt.Sprintf("below%d", rows), fmt.Sprintf("rows%d", rows)
		Label(again)
		CMPQ(c.rows, Imm(uint64(rows)))
		JL(LabelRef(next))
		c.tile(rows)
		SUBQ(Imm(uint64(rows)), c.rows)
		JMP(LabelRef(again))
		Label(next)
	}
	VZEROUPPER()
	RET()
}

// cellPair writes the step of a single row for two registers' worth of units: the sums
// of one would wait for each other.
func (s *isa) cellPair() {
	t := s.routine("cellPair", "steps two runs of units for one row; their weights lie pair bytes apart.")
	c := &cell{isa: s, t: t, v: s.held("low", "high", "magic", "exp5", "exp4", "exp3", "exp2", "exp1", "exp0", "one")}
	c.x, c.hBefore = t.load(cellX), t.load(cellHBefore)
	c.before, c.after, c.h = t.load(cellBefore), t.load(cellAfter), t.load(cellH)
	w, pair := t.load(cellW), t.load(cellPair)
	at := func(run, q int) Mem {
		m := Mem{Base: w, Disp: q * gateStride}
		if run > 0 {
			m.Index, m.Scale = pair, 1
		}
		return m
	}
	acc := make([][]reg.VecVirtual, 2)
	for run := range acc {
		for q := range gates {
			sum := c.vec()
			VMOVUPS(at(run, q), sum)
			acc[run] = append(acc[run], sum)
		}
	}
	for _, part := range []struct {
		from  reg.GPVirtual
		field int
		loop  string
	}{{c.x, cellInputs, "inputs"}, {c.hBefore, cellHidden, "hidden"}} {
		k := t.load(part.field)
		Label(part.loop)
		ADDQ(U32(gates*gateStride), w)
		x := c.vec()
		VBROADCASTSS(Mem{Base: part.from}, x)
		for run := range acc {
			for q := range gates {
				VFMADD231PS(at(run, q), x, acc[run][q])
			}
		}
		ADDQ(Imm(4), part.from)
		DECQ(k)
		JNZ(LabelRef(part.loop))
	}
	for _, sums := range acc {
		c.update(sums)
		for _, p := range []reg.GPVirtual{c.before, c.after, c.h} {
			ADDQ(Imm(uint64(s.bytes())), p)
		}
	}
	VZEROUPPER()
	RET()
}

// cell is one routine while it is written.
type cell struct {
	*isa
	t                arg
	keep             bool
	v                operands
	rows, x, hBefore reg.GPVirtual
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
}

// product is bias + [x h]*w for the gates of each row. It moves x and h on behind the
// rows.
func (c *cell) product(rows int) [][]reg.VecVirtual {
	w := c.t.load(cellW)
	acc := make([][]reg.VecVirtual, rows)
	for r := range acc {
		for q := range gates {
			sum := c.vec()
			VMOVUPS(Mem{Base: w, Disp: q * gateStride}, sum)
			acc[r] = append(acc[r], sum)
		}
	}
	c.add(acc, w, c.x, cellXRow, cellInputs, fmt.Sprintf("inputs%d", rows))
	c.add(acc, w, c.hBefore, cellHBeforeRow, cellHidden, fmt.Sprintf("hidden%d", rows))
	return acc
}

// add adds the product of k elements of each row at from with the next rows of w.
func (c *cell) add(acc [][]reg.VecVirtual, w, from reg.GPVirtual, rowField, kField int, loop string) {
	row, k, x := c.t.load(rowField), c.t.load(kField), GP64()
	MOVQ(from, x)
	bases := []reg.GPVirtual{x}
	if len(acc) > 3 {
		bases = append(bases, GP64())
		LEAQ(Mem{Base: x, Index: row, Scale: 2}, bases[1])
		ADDQ(row, bases[1])
	}
	at := func(r int) Mem {
		m := Mem{Base: bases[r/3]}
		if r%3 > 0 {
			m.Index, m.Scale = row, uint8(r%3)
		}
		return m
	}
	Label(loop)
	ADDQ(U32(gates*gateStride), w)
	if c.wide {
		weights := make([]reg.VecVirtual, gates)
		for q := range weights {
			weights[q] = c.vec()
			VMOVUPS(Mem{Base: w, Disp: q * gateStride}, weights[q])
		}
		for r := range acc {
			v := c.vec()
			VBROADCASTSS(at(r), v)
			for q := range weights {
				VFMADD231PS(v, weights[q], acc[r][q])
			}
		}
	} else { // fewer registers: the rows' elements stay, the weights pass
		values := make([]reg.VecVirtual, len(acc))
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
	for _, base := range bases {
		ADDQ(Imm(4), base)
	}
	DECQ(k)
	JNZ(LabelRef(loop))
	IMUL3Q(Imm(uint64(len(acc))), row, row)
	ADDQ(row, from)
}

// update takes the step with two divisions. With e the powers of a row's gates and
// k = (1+ei)(1+eg):
//
//	c = (c k + (1-eg)(1+ef)) / (k (1+ef))      h = (1-ec) / ((1+eo)(1+ec))
func (c *cell) update(row []reg.VecVirtual) {
	v := c.v
	i, f, g, o := row[gateI], row[gateF], row[gateG], row[gateO]
	if c.wide {
		c.powers(v, i, f, g)
	} else {
		for _, e := range []reg.VecVirtual{i, f, g} {
			c.powers(v, e)
		}
	}
	VADDPS(v["one"], i, i)
	VADDPS(v["one"], f, f)
	down := c.fromOne(g) // 1-eg
	VADDPS(v["one"], g, g)
	VMULPS(g, i, i)    // k
	VMULPS(f, down, g) // (1-eg)(1+ef)
	VMULPS(i, f, f)    // k (1+ef)
	VFMADD231PS(Mem{Base: c.before}, i, g)
	VDIVPS(f, g, g)
	VMOVUPS(g, Mem{Base: c.after})
	VMULPS(v["twice"], g, g)
	c.powers(v, g, o)
	VADDPS(v["one"], o, o)
	down = c.fromOne(g)
	VADDPS(v["one"], g, g)
	VMULPS(g, o, o)
	VDIVPS(o, down, down)
	VMOVUPS(down, Mem{Base: c.h})
}

// fromOne is 1-e.
func (c *cell) fromOne(e reg.VecVirtual) reg.VecVirtual {
	down := c.vec()
	if one, ok := c.v["one"].(Mem); ok {
		VMOVUPS(one, down)
		VSUBPS(e, down, down)
	} else {
		VSUBPS(e, c.v["one"], down)
	}
	return down
}

// updateKeeping takes the step and stores the gates after their activations and
// tanh(c).
func (c *cell) updateKeeping(row []reg.VecVirtual) {
	v := c.v
	kept := c.t.load(cellGates)
	for q, e := range row {
		c.powers(v, e)
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
	c.powers(v, i)
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
	down := c.fromOne(e)
	VADDPS(c.v["one"], e, e)
	VDIVPS(e, down, e)
}

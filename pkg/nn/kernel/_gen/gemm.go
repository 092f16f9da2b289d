package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of kernel.tile, in order.
const (
	tileOut = iota
	tileA
	tileB
	tileInit
	tileGate
	tileOutRow
	tileARow
	tileAStep
	tileBStep
	tileInitRow
	tileGateRow
	tileRows
	tileK
	tileRelu
	tileMask   // bits, for AVX-512
	tileMaskAt // a register's worth of them, for AVX2
)

// gemms writes the matrix product: the full width of a panel, and narrower ones whose
// last register is masked.
func (s *isa) gemms() {
	if s.wide {
		s.gemm("gemm", 4, false)
		for v := 1; v <= 4; v++ {
			s.gemm(fmt.Sprintf("gemmTail%d", v), v, true)
		}
		return
	}
	s.gemm("gemm", 2, false)
	s.gemm("gemmTail1", 1, true)
}

// gemm writes one routine of a given width in registers: all rows of out, six, four,
// two or one at a time.
func (s *isa) gemm(name string, width int, masked bool) {
	t := s.routine(name, fmt.Sprintf("computes %d columns of all rows of a tile.", width*s.lanes))
	g := &gemm{isa: s, t: t, width: width}
	if masked {
		g.loadMask()
	}
	g.rows, g.out, g.a = t.load(tileRows), t.load(tileOut), t.load(tileA)
	g.init, g.gate = t.load(tileInit), t.load(tileGate)
	for _, rows := range []int{6, 4, 2, 1} {
		next, again := fmt.Sprintf("below%d", rows), fmt.Sprintf("rows%d", rows)
		Label(again)
		CMPQ(g.rows, Imm(uint64(rows)))
		JL(LabelRef(next))
		if rows == 6 { // eight rows are better as four and four
			CMPQ(g.rows, Imm(8))
			JE(LabelRef(next))
		}
		g.tile(rows)
		SUBQ(Imm(uint64(rows)), g.rows)
		JMP(LabelRef(again))
		Label(next)
	}
	VZEROUPPER()
	RET()
}

// gemm is one routine while it is written.
type gemm struct {
	*isa
	t          arg
	width      int
	rows       reg.GPVirtual
	out, a     reg.GPVirtual
	init, gate reg.GPVirtual
	masks      []reg.OpmaskVirtual // AVX-512: of each register
	mask       reg.VecVirtual      // AVX2: of the only register
	acc        [][]reg.VecVirtual
}

func (g *gemm) loadMask() {
	if !g.wide {
		at := g.t.load(tileMaskAt)
		g.mask = g.vec()
		VMOVUPS(Mem{Base: at}, g.mask)
		return
	}
	bits := g.t.load(tileMask)
	for range g.width {
		k := K()
		KMOVW(bits.As32(), k)
		SHRQ(Imm(16), bits)
		g.masks = append(g.masks, k)
	}
}

// load reads register v of a row.
func (g *gemm) load(m Mem, v int, to reg.VecVirtual) {
	m.Disp += v * g.bytes()
	switch {
	case g.masks != nil:
		VMOVUPS_Z(m, g.masks[v], to)
	case g.mask != nil:
		VMASKMOVPS(m, g.mask, to)
	default:
		VMOVUPS(m, to)
	}
}

func (g *gemm) store(from reg.VecVirtual, m Mem, v int) {
	m.Disp += v * g.bytes()
	switch {
	case g.masks != nil:
		VMOVUPS(from, g.masks[v], m)
	case g.mask != nil:
		VMASKMOVPS(from, g.mask, m)
	default:
		VMOVUPS(from, m)
	}
}

// tile writes the product for so many rows and moves the pointers on behind them.
func (g *gemm) tile(rows int) {
	name := func(s string) string { return fmt.Sprintf("%s%d", s, rows) }
	g.acc = make([][]reg.VecVirtual, rows)
	for r := range g.acc {
		for range g.width {
			g.acc[r] = append(g.acc[r], g.vec())
		}
	}
	g.start(name)
	g.product(rows, name)
	g.finish(name)

	step := GP64()
	MOVQ(g.t.mem(tileARow), step)
	IMUL3Q(Imm(uint64(rows)), step, step)
	ADDQ(step, g.a)
}

// start sets the sums to the rows of init, or to zero.
func (g *gemm) start(name func(string) string) {
	TESTQ(g.init, g.init)
	JZ(LabelRef(name("zero")))
	step := g.t.load(tileInitRow)
	for _, row := range g.acc {
		for v, sum := range row {
			g.load(Mem{Base: g.init}, v, sum)
		}
		ADDQ(step, g.init)
	}
	JMP(LabelRef(name("started")))
	Label(name("zero"))
	for _, row := range g.acc {
		for _, sum := range row {
			g.zero(sum)
		}
	}
	Label(name("started"))
}

// product adds a*b: for each p the registers of a row of b, times an element of each
// row of a.
func (g *gemm) product(rows int, name func(string) string) {
	k := g.t.load(tileK)
	TESTQ(k, k)
	JZ(LabelRef(name("done")))
	b, row := g.t.load(tileB), g.t.load(tileARow)
	// A base for every three rows: those at once, twice and no distance from it.
	bases := make([]reg.GPVirtual, (rows+2)/3)
	for i := range bases {
		bases[i] = GP64()
		if i == 0 {
			MOVQ(g.a, bases[i])
			continue
		}
		LEAQ(Mem{Base: bases[i-1], Index: row, Scale: 2}, bases[i])
		ADDQ(row, bases[i])
	}
	Label(name("loop"))
	weights := make([]reg.VecVirtual, g.width)
	for v := range weights {
		weights[v] = g.vec()
		g.load(Mem{Base: b}, v, weights[v])
	}
	for r := range rows {
		at := Mem{Base: bases[r/3]}
		if r%3 > 0 {
			at.Index, at.Scale = row, uint8(r%3)
		}
		x := g.vec()
		VBROADCASTSS(at, x)
		for v := range weights {
			VFMADD231PS(x, weights[v], g.acc[r][v])
		}
	}
	for _, base := range bases {
		ADDQ(g.t.mem(tileAStep), base)
	}
	ADDQ(g.t.mem(tileBStep), b)
	DECQ(k)
	JNZ(LabelRef(name("loop")))
	Label(name("done"))
}

// finish applies relu or the gate, and stores.
func (g *gemm) finish(name func(string) string) {
	CMPQ(g.t.mem(tileRelu), Imm(0))
	JE(LabelRef(name("linear")))
	zero := g.vec()
	g.isa.zero(zero)
	for _, row := range g.acc {
		for _, sum := range row {
			VMAXPS(sum, zero, sum) // NaN stays
		}
	}
	Label(name("linear"))
	TESTQ(g.gate, g.gate)
	JZ(LabelRef(name("open")))
	gateRow := g.t.load(tileGateRow)
	zero = g.vec()
	g.isa.zero(zero)
	for _, row := range g.acc {
		for v, sum := range row {
			y := g.vec()
			g.load(Mem{Base: g.gate}, v, y)
			if g.wide {
				k := K()
				VCMPPS(Imm(6), zero, y, k) // y not <= 0
				VMOVAPS_Z(sum, k, sum)
			} else {
				VCMPPS(Imm(6), zero, y, y)
				VANDPS(y, sum, sum)
			}
		}
		ADDQ(gateRow, g.gate)
	}
	Label(name("open"))
	outRow := g.t.load(tileOutRow)
	for _, row := range g.acc {
		for v, sum := range row {
			g.store(sum, Mem{Base: g.out}, v)
		}
		ADDQ(outRow, g.out)
	}
}

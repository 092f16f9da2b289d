package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

// Fields of kernel.cellBack, in order.
const (
	backGates = iota
	backBefore
	backTanh
	backDH
	backDC
	backRow // of all but the gates, which have 64 elements
	backRows
)

// cellGradient writes the way back through one panel of units for all rows: the
// equations of LSTMBackward.
func (s *isa) cellGradient() {
	t := s.routine("cellBack", "goes back through one panel of units for all rows.")
	kept, before, tanh := t.load(backGates), t.load(backBefore), t.load(backTanh)
	dh, dc, row, rows := t.load(backDH), t.load(backDC), t.load(backRow), t.load(backRows)
	one := s.vec()
	VMOVUPS(s.values["one"], one)
	// The step before lies that far below, and comes next: by then it is in the cache.
	keptBelow, below := GP64(), GP64()
	MOVQ(rows, keptBelow)
	IMUL3Q(U32(gates*gateStride), keptBelow, keptBelow)
	NEGQ(keptBelow)
	MOVQ(rows, below)
	IMULQ(row, below)
	NEGQ(below)
	Label("loop")
	for q := range gates {
		PREFETCHT0(Mem{Base: kept, Index: keptBelow, Scale: 1, Disp: q * gateStride})
	}
	PREFETCHT0(Mem{Base: before, Index: below, Scale: 1})
	PREFETCHT0(Mem{Base: tanh, Index: below, Scale: 1})
	for at := 0; at < gateStride; at += s.bytes() {
		gate := func(q int) Mem { return Mem{Base: kept, Disp: q*gateStride + at} }
		i, f, g, o, tc, h, d, x := s.vec(), s.vec(), s.vec(), s.vec(), s.vec(), s.vec(), s.vec(), s.vec()
		VMOVUPS(gate(gateI), i)
		VMOVUPS(gate(gateF), f)
		VMOVUPS(gate(gateG), g)
		VMOVUPS(gate(gateO), o)
		VMOVUPS(Mem{Base: tanh, Disp: at}, tc)
		VMOVUPS(Mem{Base: dh, Disp: at}, h)

		// do = dh tanh(c) o (1-o)
		ho := s.vec()
		VMULPS(o, h, ho)
		VSUBPS(o, one, x)
		VMULPS(tc, x, x)
		VMULPS(ho, x, x)
		VMOVUPS(x, gate(gateO))
		// d = dc + dh o (1-tanh(c)^2)
		VMOVAPS(one, x)
		VFNMADD231PS(tc, tc, x)
		VMOVUPS(Mem{Base: dc, Disp: at}, d)
		VFMADD231PS(ho, x, d)
		// di = d g i (1-i)
		VSUBPS(i, one, x)
		VMULPS(i, x, x)
		VMULPS(g, x, x)
		VMULPS(d, x, x)
		VMOVUPS(x, gate(gateI))
		// dg = d i (1-g^2)
		VMOVAPS(one, x)
		VFNMADD231PS(g, g, x)
		VMULPS(i, x, x)
		VMULPS(d, x, x)
		VMOVUPS(x, gate(gateG))
		// df = d c f (1-f), and dc = d f
		VSUBPS(f, one, x)
		VMULPS(f, d, f)
		VMOVUPS(f, Mem{Base: dc, Disp: at})
		VMULPS(Mem{Base: before, Disp: at}, x, x)
		VMULPS(f, x, x)
		VMOVUPS(x, gate(gateF))
	}
	ADDQ(U32(gates*gateStride), kept)
	ADDQ(row, before)
	ADDQ(row, tanh)
	ADDQ(row, dh)
	ADDQ(row, dc)
	DECQ(rows)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// peak writes a loop of nothing but independent fused multiply-adds: what a core can
// do at most.
func (s *isa) peak() {
	TEXT("peak"+s.name, NOSPLIT, "func(loops int)")
	Doc("peak" + s.name + " does loops times the multiply-adds that peakAdds counts.")
	loops := Load(Param("loops"), GP64())
	chains := 12
	if s.wide {
		chains = 24
	}
	x := s.vec()
	s.zero(x)
	acc := make([]Op, chains)
	for i := range acc {
		v := s.vec()
		s.zero(v)
		acc[i] = v
	}
	Label("loop")
	for _, a := range acc {
		VFMADD231PS(x, x, a)
	}
	DECQ(loops)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

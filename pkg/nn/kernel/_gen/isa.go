package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is what the routines need to know of an instruction set.
type isa struct {
	name   string // suffix of the routines
	lanes  int    // float32s in a register
	vec    func() reg.VecVirtual
	values map[string]Mem // constants, one register's worth each
	wide   bool           // AVX-512: 32 registers and masks
}

func avx512() isa {
	return isa{name: "AVX512", lanes: 16, vec: ZMM, wide: true, values: map[string]Mem{}}
}

func avx2() isa {
	return isa{name: "AVX2", lanes: 8, vec: YMM, values: map[string]Mem{}}
}

// bytes is the size of a register.
func (s *isa) bytes() int { return 4 * s.lanes }

// exponentLimit bounds the exponent of a gate: beyond it sigmoid and tanh are their
// limits to 1e-12, and the product of three powers stays finite.
const exponentLimit = 40

// constants lays out what the activations read. The polynomial is that of pow2 in
// activation.go.
func (s *isa) constants() {
	for _, c := range []struct {
		name  string
		value float32
	}{
		{"low", -exponentLimit}, {"high", exponentLimit}, {"magic", 3 << 22},
		{"exp0", 1.0000000754548972}, {"exp1", 0.6931471880262287}, {"exp2", 0.24022107485308208},
		{"exp3", 0.05550357114219461}, {"exp4", 0.009676031918326564}, {"exp5", 0.0013390863364533504},
		{"zero", 0}, {"one", 1}, {"twice", -2 * math.Log2E},
	} {
		m := GLOBL(c.name+s.name, RODATA|NOPTR)
		for i := range s.lanes {
			DATA(4*i, U32(math.Float32bits(c.value)))
		}
		s.values[c.name] = m
	}
}

// arg is a field of the routine's argument struct: every field has 8 bytes.
type arg struct{ base reg.GPVirtual }

func (s *isa) routine(name, doc string) arg {
	TEXT(name+s.name, NOSPLIT, "func(t *byte)")
	Doc(name + s.name + " " + doc)
	return arg{Load(Param("t"), GP64()).(reg.GPVirtual)}
}

// load reads field i.
func (a arg) load(i int) reg.GPVirtual {
	r := GP64()
	MOVQ(a.mem(i), r)
	return r
}

func (a arg) mem(i int) Mem { return Mem{Base: a.base, Disp: 8 * i} }

// held keeps constants in registers where there are enough of them: the activations
// would otherwise wait for their loads.
func (s *isa) held(names ...string) operands {
	held := operands{}
	for name, m := range s.values {
		held[name] = m
	}
	if !s.wide {
		return held
	}
	for _, name := range names {
		r := s.vec()
		VMOVUPS(s.values[name], r)
		held[name] = r
	}
	return held
}

// operands are constants, each in memory or in a register.
type operands map[string]Op

// powers replaces the exponents in each register by their powers of two, with two
// scratch registers for each: t = n + f, |f| <= 1/2, a polynomial for 2^f, and n into
// the exponent bits. NaN becomes the lower limit. The registers go side by side, for
// each step waits for the one before.
func (s *isa) powers(v operands, exponents ...reg.VecVirtual) {
	p, shifted := make([]reg.VecVirtual, len(exponents)), make([]reg.VecVirtual, len(exponents))
	each := func(do func(i int, t reg.VecVirtual)) {
		for i, t := range exponents {
			do(i, t)
		}
	}
	each(func(i int, t reg.VecVirtual) {
		p[i], shifted[i] = s.vec(), s.vec()
		low := v["low"]
		if m, ok := low.(Mem); ok {
			VMOVUPS(m, p[i])
			low = p[i]
		}
		VMAXPS(low, t, t) // the second operand of the machine is low: NaN takes it
	})
	each(func(_ int, t reg.VecVirtual) { VMINPS(v["high"], t, t) })
	each(func(i int, t reg.VecVirtual) { VADDPS(v["magic"], t, shifted[i]) })
	each(func(i int, _ reg.VecVirtual) { VSUBPS(v["magic"], shifted[i], p[i]) })
	each(func(i int, t reg.VecVirtual) { VSUBPS(p[i], t, t) })
	each(func(i int, _ reg.VecVirtual) { VMOVUPS(v["exp5"], p[i]) })
	for _, c := range []string{"exp4", "exp3", "exp2", "exp1", "exp0"} {
		each(func(i int, t reg.VecVirtual) { VFMADD213PS(v[c], t, p[i]) })
	}
	each(func(i int, _ reg.VecVirtual) { VPSLLD(Imm(23), shifted[i], shifted[i]) })
	each(func(i int, t reg.VecVirtual) { VPADDD(shifted[i], p[i], t) })
}

// zero sets a register to zeros. (An exclusive or of a register with itself would have
// the allocator keep the register before it is set.)
func (s *isa) zero(v reg.VecVirtual) { VMOVUPS(s.values["zero"], v) }

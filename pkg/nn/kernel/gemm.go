package kernel

import "fmt"

// Float is the element type of a kernel: float32 to serve and train, float64 to
// check gradients.
type Float interface{ float32 | float64 }

// product is a matrix product with what comes before and after it:
//
//	out[i][j] = gate(relu(init[i][j] + sum over p of a[i][p] * b[p][j]))
//
// out [m][n] and b [k][n] are row-major. The sum of an element starts from init and
// runs over p upwards, whatever the family and the number of rows.
type product[T Float] struct {
	out, a, b   []T
	init        []T // nil: zeros; out itself: the product is added
	gate        []T // [m][n], nil: none. Where it is not positive out is 0
	m, k, n     int
	aRow, aStep int // a[i][p] is at i*aRow + p*aStep
	initRow     int // 0: the same row for all
	relu        bool
}

// Gemm adds a product to out, all row-major:
//
//	out[i][j] += sum over p of a[i][p] * b[p][j]     out [m][n], a [m][k], b [k][n]
//
// Panics if a slice is too short, as the others do.
func Gemm[T Float](out, a, b []T, m, k, n int) {
	check("gemm", len(out), len(a), len(b), m, k, n)
	run(&product[T]{out: out, a: a, b: b, init: out, initRow: n, m: m, k: k, n: n, aRow: k, aStep: 1})
}

// Linear is a layer of a network, with bias [n]:
//
//	out[i][j] = bias[j] + sum over p of a[i][p] * b[p][j]
func Linear[T Float](out, a, b, bias []T, m, k, n int) {
	linear("linear", out, a, b, bias, m, k, n, false)
}

// LinearRelu is Linear with negative results set to 0. NaN stays NaN.
func LinearRelu[T Float](out, a, b, bias []T, m, k, n int) {
	linear("linear with relu", out, a, b, bias, m, k, n, true)
}

func linear[T Float](name string, out, a, b, bias []T, m, k, n int, relu bool) {
	check(name, len(out), len(a), len(b), m, k, n)
	if len(bias) < n {
		panic(fmt.Sprintf("kernel: %s: bias has %d elements, needs %d", name, len(bias), n))
	}
	run(&product[T]{out: out, a: a, b: b, init: bias, m: m, k: k, n: n, aRow: k, aStep: 1, relu: relu})
}

// GemmGate is the way back through a layer with relu whose result was y [m][n]:
//
//	out[i][j] = y[i][j] > 0 ? sum over p of a[i][p] * b[p][j] : 0
func GemmGate[T Float](out, a, b, y []T, m, k, n int) {
	check("gated gemm", len(out), len(a), len(b), m, k, n)
	if len(y) < m*n {
		panic(fmt.Sprintf("kernel: gated gemm: gate has %d elements, needs %d", len(y), m*n))
	}
	run(&product[T]{out: out, a: a, b: b, gate: y, m: m, k: k, n: n, aRow: k, aStep: 1})
}

// transBlock is how many rows of b a tile of GemmTransA takes before the next tile:
// what stays in the first-level cache.
const transBlock = 64

// GemmTransA adds the product of a transposed matrix to out, all row-major:
//
//	out[i][j] += sum over p of a[p][i] * b[p][j]     out [m][n], a [k][m], b [k][n]
//
// It is the weight gradient of a layer: a its inputs, b the gradient of its
// outputs, k all rows of all steps.
func GemmTransA[T Float](out, a, b []T, m, k, n int) {
	check("transposed gemm", len(out), len(a), len(b), m, k, n)
	for from := 0; from < k; from += transBlock {
		run(&product[T]{
			out: out, a: a[from*m:], b: b[from*n:], init: out, initRow: n,
			m: m, k: min(transBlock, k-from), n: n, aRow: 1, aStep: m,
		})
	}
}

// SumRows adds the rows of a [len(a)/len(out)][len(out)] to out, first row first.
func SumRows[T Float](out, a []T) { sumRowsBy(Active(), out, a) }

func sumRowsBy[T Float](f Family, out, a []T) {
	n := len(out)
	if n == 0 {
		return
	}
	if f != Go {
		if out, ok := any(out).([]float32); ok {
			// A product with ones: a row of one element that is read again and again.
			ones := [1]float32{1}
			gemmVector(f, &product[float32]{out: out, a: ones[:], b: any(a).([]float32), init: out, m: 1, k: len(a) / n, n: n})
			return
		}
	}
	for i := 0; i+n <= len(a); i += n {
		row := a[i : i+n]
		for j := range out {
			out[j] += row[j]
		}
	}
}

// run computes a product by the active family.
func run[T Float](p *product[T]) { runBy(Active(), p) }

func runBy[T Float](f Family, p *product[T]) {
	if p.m == 0 || p.n == 0 {
		return
	}
	if f != Go {
		if p, ok := any(p).(*product[float32]); ok {
			gemmVector(f, p)
			return
		}
	}
	productGeneric(p)
}

func check(name string, out, a, b, m, k, n int) {
	if m < 0 || k < 0 || n < 0 || out < m*n || a < m*k || b < k*n {
		panic(fmt.Sprintf("kernel: %s of m=%d k=%d n=%d: slices have out=%d a=%d b=%d elements, need %d, %d, %d",
			name, m, k, n, out, a, b, m*n, m*k, k*n))
	}
}

//go:build amd64 && !purego

package kernel

//go:generate sh -c "cd _gen && go run . -isa avx512 -out ../kernel_avx512_amd64.s && go run . -isa avx2 -out ../kernel_avx2_amd64.s"

// tile is the argument of a matrix product routine, all of out's rows by a panel of
// its columns. Its loop in Go, with strides in bytes:
//
//	for r := range rows { for j := range columns {
//		sum := 0, or init[r][j]
//		for p := range k { sum = fma(a[r*aRow+p*aStep], b[p*bStep+j], sum) }
//		if relu != 0 { sum = max(sum, 0) }
//		if gate != nil && gate[r][j] <= 0 { sum = 0 }
//		out[r][j] = sum
//	}}
//
// The order of the fields is that of _gen/gemm.go; each has 8 bytes.
type tile struct {
	out, a, b, init, gate                        *float32
	outRow, aRow, aStep, bStep, initRow, gateRow int
	rows, k, relu                                int
	mask                                         uint64 // AVX-512: a bit for each column
	maskAt                                       *int32 // AVX2: eight of -1 or 0
}

// cell is the argument of the fused LSTM step, all rows of one panel of units. The
// fields are those of LSTMForwardArgs, from the panel's first unit on, in the order of
// _gen/cell.go; strides are in bytes.
type cell struct {
	w, x, hBefore, before, after, h, gates, tanh                   *float32
	xRow, hBeforeRow, beforeRow, afterRow, hRow, gatesRow, tanhRow int
	rows, inputs, hidden, pair                                     int
}

// cellBack is the argument of the way back through one panel of units. The fields are
// those of LSTMBackwardArgs, from the panel's first unit on, in the order of
// _gen/back.go; row is the distance in bytes of all but gates.
type cellBack struct {
	gates, before, tanh, dh, dc *float32
	row, rows                   int
}

//go:noescape
func gemmAVX512(t *tile)

//go:noescape
func gemmTail1AVX512(t *tile)

//go:noescape
func gemmTail2AVX512(t *tile)

//go:noescape
func gemmTail3AVX512(t *tile)

//go:noescape
func gemmTail4AVX512(t *tile)

//go:noescape
func cellAVX512(t *cell)

//go:noescape
func cellKeepAVX512(t *cell)

//go:noescape
func cellPairAVX512(t *cell)

//go:noescape
func cellBackAVX512(t *cellBack)

//go:noescape
func gemmAVX2(t *tile)

//go:noescape
func gemmTail1AVX2(t *tile)

//go:noescape
func cellAVX2(t *cell)

//go:noescape
func cellKeepAVX2(t *cell)

//go:noescape
func cellPairAVX2(t *cell)

//go:noescape
func cellBackAVX2(t *cellBack)

func peakAVX512(loops int)

func peakAVX2(loops int)

package kernel

// Transpose writes src [rows][cols] as dst [cols][rows].
func Transpose[T Float](dst, src []T, rows, cols int) {
	for i := range rows {
		for j, v := range src[i*cols : (i+1)*cols] {
			dst[j*rows+i] = v
		}
	}
}

// FillRows sets every row of out [len(out)/len(row)][len(row)] to row.
func FillRows[T Float](out, row []T) {
	for i := 0; i < len(out); i += len(row) {
		copy(out[i:i+len(row)], row)
	}
}

// SumRows adds the rows of a [len(a)/len(out)][len(out)] to out, first row first.
func SumRows[T Float](out, a []T) {
	n := len(out)
	for i := 0; i < len(a); i += n {
		row := a[i : i+n]
		for j := range out {
			out[j] += row[j]
		}
	}
}

// Relu sets negative elements to 0. NaN stays NaN.
func Relu[T Float](x []T) {
	for i, v := range x {
		if v < 0 {
			x[i] = 0
		}
	}
}

// ReluGrad zeroes the elements of grad whose output y of Relu is not positive.
func ReluGrad[T Float](grad, y []T) {
	y = y[:len(grad)]
	for i := range grad {
		if y[i] <= 0 {
			grad[i] = 0
		}
	}
}

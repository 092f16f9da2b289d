package kernel

// productGeneric is the twin of the vector routines: the same sums in the same order,
// except that multiply and add are rounded apart where the compiler does not fuse them.
func productGeneric[T Float](p *product[T]) {
	for i := range p.m {
		row := p.out[i*p.n : i*p.n+p.n]
		switch {
		case p.init == nil:
			clear(row)
		case &p.init[0] != &p.out[0]:
			copy(row, p.init[i*p.initRow:i*p.initRow+p.n])
		}
	}
	if p.aStep == 1 {
		addProduct(p)
	} else {
		addTransposed(p)
	}
	for i := range p.m {
		row := p.out[i*p.n : i*p.n+p.n]
		if p.relu {
			for j, v := range row {
				if v < 0 {
					row[j] = 0
				}
			}
		}
		if p.gate != nil {
			for j, y := range p.gate[i*p.n : i*p.n+p.n] {
				if y <= 0 {
					row[j] = 0
				}
			}
		}
	}
}

// addProduct adds a*b to out, rows of a one after the other.
func addProduct[T Float](q *product[T]) {
	out, a, b, m, k, n := q.out, q.a, q.b, q.m, q.k, q.n
	i := 0
	for ; i+2 <= m; i += 2 {
		o0, o1 := out[i*n:i*n+n], out[(i+1)*n:(i+1)*n+n]
		a0, a1 := a[i*q.aRow:i*q.aRow+k], a[(i+1)*q.aRow:(i+1)*q.aRow+k]
		p := 0
		for ; p+4 <= k; p += 4 {
			add2x4(o0, o1, b[p*n:p*n+n], b[(p+1)*n:(p+1)*n+n], b[(p+2)*n:(p+2)*n+n], b[(p+3)*n:(p+3)*n+n],
				a0[p], a0[p+1], a0[p+2], a0[p+3], a1[p], a1[p+1], a1[p+2], a1[p+3])
		}
		for ; p < k; p++ {
			add2x1(o0, o1, b[p*n:p*n+n], a0[p], a1[p])
		}
	}
	if i < m {
		o0, a0 := out[i*n:i*n+n], a[i*q.aRow:i*q.aRow+k]
		p := 0
		for ; p+4 <= k; p += 4 {
			add1x4(o0, b[p*n:p*n+n], b[(p+1)*n:(p+1)*n+n], b[(p+2)*n:(p+2)*n+n], b[(p+3)*n:(p+3)*n+n],
				a0[p], a0[p+1], a0[p+2], a0[p+3])
		}
		for ; p < k; p++ {
			add1x1(o0, b[p*n:p*n+n], a0[p])
		}
	}
}

// addTransposed adds a*b to out for an a that lies transposed, [k][m].
func addTransposed[T Float](q *product[T]) {
	out, a, b, m, k, n := q.out, q.a, q.b, q.m, q.k, q.n
	i := 0
	for ; i+2 <= m; i += 2 {
		o0, o1 := out[i*n:i*n+n], out[(i+1)*n:(i+1)*n+n]
		p := 0
		for ; p+4 <= k; p += 4 {
			r0, r1, r2, r3 := a[p*m+i:p*m+i+2], a[(p+1)*m+i:(p+1)*m+i+2], a[(p+2)*m+i:(p+2)*m+i+2], a[(p+3)*m+i:(p+3)*m+i+2]
			add2x4(o0, o1, b[p*n:p*n+n], b[(p+1)*n:(p+1)*n+n], b[(p+2)*n:(p+2)*n+n], b[(p+3)*n:(p+3)*n+n],
				r0[0], r1[0], r2[0], r3[0], r0[1], r1[1], r2[1], r3[1])
		}
		for ; p < k; p++ {
			add2x1(o0, o1, b[p*n:p*n+n], a[p*m+i], a[p*m+i+1])
		}
	}
	if i < m {
		o0 := out[i*n : i*n+n]
		p := 0
		for ; p+4 <= k; p += 4 {
			add1x4(o0, b[p*n:p*n+n], b[(p+1)*n:(p+1)*n+n], b[(p+2)*n:(p+2)*n+n], b[(p+3)*n:(p+3)*n+n],
				a[p*m+i], a[(p+1)*m+i], a[(p+2)*m+i], a[(p+3)*m+i])
		}
		for ; p < k; p++ {
			add1x1(o0, b[p*n:p*n+n], a[p*m+i])
		}
	}
}

// The tiles: one or two rows of out take one or four rows of b. Two by four keeps
// eight coefficients in registers and loads each element of b once for two rows.

func add2x4[T Float](o0, o1, b0, b1, b2, b3 []T, a00, a01, a02, a03, a10, a11, a12, a13 T) {
	n := len(o0)
	o1, b0, b1, b2, b3 = o1[:n], b0[:n], b1[:n], b2[:n], b3[:n]
	for j := range o0 {
		v0, v1, v2, v3 := b0[j], b1[j], b2[j], b3[j]
		o0[j] = mulAdd(mulAdd(mulAdd(mulAdd(o0[j], a00, v0), a01, v1), a02, v2), a03, v3)
		o1[j] = mulAdd(mulAdd(mulAdd(mulAdd(o1[j], a10, v0), a11, v1), a12, v2), a13, v3)
	}
}

func add2x1[T Float](o0, o1, b0 []T, a0, a1 T) {
	n := len(o0)
	o1, b0 = o1[:n], b0[:n]
	for j := range o0 {
		v := b0[j]
		o0[j] = mulAdd(o0[j], a0, v)
		o1[j] = mulAdd(o1[j], a1, v)
	}
}

func add1x4[T Float](o0, b0, b1, b2, b3 []T, a0, a1, a2, a3 T) {
	n := len(o0)
	b0, b1, b2, b3 = b0[:n], b1[:n], b2[:n], b3[:n]
	for j := range o0 {
		o0[j] = mulAdd(mulAdd(mulAdd(mulAdd(o0[j], a0, b0[j]), a1, b1[j]), a2, b2[j]), a3, b3[j])
	}
}

func add1x1[T Float](o0, b0 []T, a0 T) {
	b0 = b0[:len(o0)]
	for j := range o0 {
		o0[j] = mulAdd(o0[j], a0, b0[j])
	}
}

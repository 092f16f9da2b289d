package kernel

// mulAdd is s + a*b with both operations rounded. The conversion keeps the compiler
// from fusing them: with GOAMD64=v3 it fuses some and not others, and then a row
// would depend on the tile it falls into.
func mulAdd[T Float](s, a, b T) T { return s + T(a*b) }

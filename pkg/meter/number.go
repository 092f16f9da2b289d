package meter

// Finite says whether x is neither NaN nor an infinity.
func Finite[F ~float32 | ~float64](x F) bool { return x-x == 0 }

// FloorDiv is a/b rounded towards minus infinity, for b > 0.
func FloorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

package kernel

// Peak does loops rounds of nothing but independent multiply-adds in vector registers
// and returns how many there were: timed, it is the most that one core can do, which
// products are held against. 0 for the family Go, which has no vectors.
func Peak(loops int) (multiplyAdds float64) {
	perLoop := 0
	switch Active() {
	case AVX512:
		perLoop = 24 * 16
	case AVX2:
		perLoop = 12 * 8
	default:
		return 0
	}
	peakVector(Active(), loops)
	return float64(loops) * float64(perLoop)
}

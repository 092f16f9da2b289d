package accuracy

import (
	"math"
	"slices"
)

// radixFrom is the length from which counting digits beats comparing: a sort of
// random values mispredicts every other branch.
const radixFrom = 96

// sortFloats sorts finite values; spare [len(values)] is overwritten.
func sortFloats(values, spare []float32) {
	if len(values) < radixFrom {
		slices.Sort(values)
		return
	}
	var count [4][256]uint32
	for _, v := range values {
		k := sortKey(v)
		count[0][k&255]++
		count[1][k>>8&255]++
		count[2][k>>16&255]++
		count[3][k>>24]++
	}
	from, to := values, spare[:len(values)]
	for digit := range 4 { // an even number of passes ends where it began
		c := &count[digit]
		var sum uint32
		for i, n := range c {
			c[i] = sum
			sum += n
		}
		shift := 8 * digit
		for _, v := range from {
			d := sortKey(v) >> shift & 255
			to[c[d]] = v
			c[d]++
		}
		from, to = to, from
	}
}

// sortKey orders as the values do: bits of a negative number fall as it rises.
func sortKey(v float32) uint32 {
	b := math.Float32bits(v)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

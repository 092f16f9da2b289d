package meter

// Whole is the value of an interval that has several readings: sum is the sum of the have readings
// that are there, and want is how many a whole interval has. Energy is summed, power averaged. When
// readings are missing, the value is estimated as if they were like the others. When more than half
// of them are missing, ok is false.
func (k Kind) Whole(sum float64, have, want int) (value float64, estimated, ok bool) {
	if have < 1 || 2*have < want {
		return 0, false, false
	}
	value = sum / float64(have)
	if k == Energy {
		value *= float64(want)
		if have == want {
			value = sum
		}
	}
	return value, have < want, true
}

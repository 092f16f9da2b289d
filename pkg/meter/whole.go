package meter

// Whole joins the readings of one interval that come finer than it: sum is that
// of those which are there, have their number and want that of a whole interval.
// Energy is summed, power averaged. With some missing it is estimated as if they
// were like the others; with less than half there it is not known.
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

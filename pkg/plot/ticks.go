package plot

import (
	"math"
	"strconv"
)

// span is the range of an axis.
type span struct{ from, to float64 }

func (s span) length() float64 { return s.to - s.from }

// tick is a labelled position on an axis.
type tick struct {
	at    float64
	label string
}

// smallest is the smallest range of values that is drawn to scale. Values that vary less are a flat
// line.
const smallest = 1e-30

// fromZero returns the axis for some values. It starts at 0 unless a value is negative, because a
// cut axis makes small differences look large. It has some room at the ends.
func fromZero(sets ...[]float64) span {
	var s span
	for _, values := range sets {
		for _, v := range values {
			if !math.IsNaN(v) {
				s.from, s.to = min(s.from, v), max(s.to, v)
			}
		}
	}
	if s.length() < smallest {
		return span{s.from, s.from + 1}
	}
	room := 0.06 * s.length()
	if s.to > 0 {
		s.to += room
	}
	if s.from < 0 {
		s.from -= room
	}
	return s
}

// ticks labels about n round values inside the span, n/0.7 + 1 at most.
func (s span) ticks(n int) []tick {
	step := roundStep(0.7 * s.length() / float64(max(n, 1)))
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var out []tick
	for i := math.Ceil(s.from/step - 1e-9); i*step <= s.to+step*1e-9; i++ {
		out = append(out, tick{i * step, label(i*step, decimals)})
	}
	return out
}

// roundStep returns the smallest of 1, 2, 5, 10, 20, ... that is not smaller than least.
func roundStep(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= least*(1-1e-9) {
			return factor * power
		}
	}
	return 10 * power
}

// label writes a value without a thousands mark, or with a power of ten when plain digits would
// fill the margin.
func label(v float64, decimals int) string {
	if v != 0 && (math.Abs(v) >= 1e7 || decimals > 5) {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	return strconv.FormatFloat(v+0, 'f', decimals, 64) // + 0 turns a negative zero into 0
}

package series

import "github.com/loadtide/loadtide/pkg/meter"

// Ring is a view of the newest cells of a series. Cell n is the interval that starts n intervals,
// and the phase of the series, after the Unix epoch. It lies at n modulo the length. A ring as long
// as a history holds all of the history, so training reads the same type as serving.
//
// A Ring is a value over slices that belong to a slab of the engine or to a history. The caller of
// Put writes Newest and Known back to that owner.
type Ring struct {
	Values  []float32 // in the series' own unit
	Quality meter.Qualities
	Newest  int64 // the newest cell; has no meaning while Known is 0
	Known   int   // cells written up to Newest without a hole, at most len(Values)
}

// First is the oldest cell that the ring has.
func (r *Ring) First() int64 { return r.Newest - int64(r.Known) + 1 }

// Has says whether the ring holds cell n.
func (r *Ring) Has(n int64) bool { return r.Known > 0 && n <= r.Newest && n >= r.First() }

// At is the value and quality of cell n, which the ring must hold.
func (r *Ring) At(n int64) (float32, meter.Quality) {
	i := int(n % int64(len(r.Values)))
	return r.Values[i], r.Quality.At(i)
}

// Set replaces cell n.
func (r *Ring) Set(n int64, value float32, q meter.Quality) {
	i := int(n % int64(len(r.Values)))
	r.Values[i] = value
	r.Quality.Set(i, q)
}

// Until is the ring without the cells after n, which lies in the ring or just before it. The cells
// that newer ones have overwritten are missing.
func (r Ring) Until(n int64) Ring {
	r.Known -= int(r.Newest - n)
	r.Newest = n
	return r
}

// accepted counts the accepted cells from cell n on.
func (r *Ring) accepted(n int64) int {
	count, left := 0, int(r.Newest-max(n, r.First())+1)
	for i := int(r.Newest % int64(len(r.Values))); left > 0; left-- {
		if r.Quality.At(i).Accepted() {
			count++
		}
		if i--; i < 0 {
			i = len(r.Values) - 1
		}
	}
	return count
}

// Put writes the cell after the newest one, or the first one.
func (r *Ring) Put(n int64, value float32, q meter.Quality) {
	r.Set(n, value, q)
	r.Newest = n
	if r.Known < len(r.Values) {
		r.Known++
	}
}

// SameHour is the value a day before cell n, which lies at most a day after the newest cell: the
// forecast of a rule without a model. When less than a day is known, it is the newest value. day is
// in cells.
func (r *Ring) SameHour(n int64, day int) float32 {
	if m := n - int64(day); r.Has(m) {
		v, _ := r.At(m)
		return v
	}
	v, _ := r.At(r.Newest)
	return v
}

// Past copies the known cells into dst, oldest first, and returns them. dst must hold len(Values).
func (r *Ring) Past(dst []float32) []float32 {
	dst = dst[:r.Known]
	r.copyTo(dst, r.Newest)
	return dst
}

// copyTo copies the len(dst) cells that end with cell end, in two runs.
func (r *Ring) copyTo(dst []float32, end int64) {
	size := len(r.Values)
	for len(dst) > 0 {
		last := int(end % int64(size))
		n := min(len(dst), last+1)
		copy(dst[len(dst)-n:], r.Values[last+1-n:last+1])
		dst = dst[:len(dst)-n]
		end -= int64(n)
	}
}

// Shortened is the ring with room for its known cells alone.
func (r *Ring) Shortened() Ring {
	short := Ring{Values: make([]float32, r.Known), Quality: meter.NewQualities(r.Known)}
	for n := r.First(); n <= r.Newest; n++ {
		value, quality := r.At(n)
		short.Put(n, value, quality)
	}
	return short
}

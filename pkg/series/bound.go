package series

import "slices"

// The bounds of a feature. In the public readings of docs/accuracy.md one cell in ten thousand lies
// beyond them, nearly all of series whose scale comes from a week of zeros.
const (
	// farthest is how many scales from the centre a cell may be whatever the cells around it are.
	farthest = 12
	// company is the share of the day up to a cell that must lie nearly as far for a cell that lies
	// further, and ahead is how many times as far the cell may then be.
	company, ahead = 0.25, 4
)

// boundAll bounds the z of the cells of r that end with cell end. A cell that lies beyond farthest
// is moved to it, or to ahead times what a quarter of the day up to the cell reaches, where that is
// more: no single cell can throw a forecast, and a new level is seen as it is after six hours. A
// bound depends on no later cell, so training, which sees later ones, has the bounds of serving.
func boundAll(z []float32, r *Ring, s Scaler, end int64, day int) {
	before := r.scaled(s, end-int64(len(z)), day-1)
	all := append(before, z...)
	least := int(company * float64(day))
	var lately []float32
	for i := range z {
		at := len(before) + i
		size := magnitude(all[at])
		if size <= farthest {
			continue
		}
		lately = lately[:0]
		for _, v := range all[max(at-day+1, 0) : at+1] {
			lately = append(lately, magnitude(v))
		}
		most := float32(farthest)
		if len(lately) >= least {
			slices.Sort(lately)
			most = max(most, ahead*lately[len(lately)-least])
		}
		if size > most {
			z[i] = min(max(z[i], -most), most)
		}
	}
}

// scaled is the up to n cells that end with cell end, as far as the ring has them, scaled.
func (r *Ring) scaled(s Scaler, end int64, n int) []float32 {
	n = max(min(n, int(end-r.First())+1), 0)
	z := make([]float32, n)
	r.copyTo(z, end)
	for i, v := range z {
		z[i] = s.Forward(v)
	}
	return z
}

func magnitude(v float32) float32 { return max(v, -v) }

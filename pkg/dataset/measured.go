package dataset

import (
	"math"
	"slices"
)

// farTargets is how far from the centre the targets of a window may be, as the root of their mean
// square in scales. Targets of a usual series are at 1.
const farTargets = 4

// Measured draws n batches that measure a network. Windows whose targets are farther than
// farTargets, and than as many times the middle window, have no weight: a meter whose scale is
// tiny, or wrong by a factor of thousands, would decide alone which iteration is the best. without
// names the series of those windows, in the order of their first window.
func (s *Sampler) Measured(n int) (all []*Batch, without []string) {
	all = make([]*Batch, n)
	var far []float64  // by window
	var names []string // by window
	for i := range all {
		all[i] = &Batch{}
		s.Next(all[i])
		for w := range all[i].B {
			far = append(far, all[i].far(w))
			names = append(names, s.drawn[w].ID.String())
		}
	}
	sorted := slices.Sorted(slices.Values(far))
	most := farTargets * max(sorted[len(sorted)/2], 1)
	for k, size := range far {
		if size <= most {
			continue
		}
		all[k/s.cfg.Batch].drop(k % s.cfg.Batch)
		if !slices.Contains(without, names[k]) {
			without = append(without, names[k])
		}
	}
	return all, without
}

// far is the root of the mean square of the targets of window w that have a weight, 0 without any.
func (b *Batch) far(w int) float64 {
	var sum, count float64
	horizon := b.horizon()
	for s := range b.S {
		row := (s*b.B + w) * horizon
		for k := row; k < row+horizon; k++ {
			if b.Weight[k] > 0 {
				z := float64(b.Target[k])
				sum, count = sum+z*z, count+1
			}
		}
	}
	return math.Sqrt(sum / max(count, 1))
}

// drop takes the weight from the targets of window w.
func (b *Batch) drop(w int) {
	horizon := b.horizon()
	for s := range b.S {
		row := (s*b.B + w) * horizon
		clear(b.Weight[row : row+horizon])
	}
}

func (b *Batch) horizon() int { return len(b.Weight) / (b.S * b.B) }

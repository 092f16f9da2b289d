package dataset

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// DropLone leaves out the readings that are far ahead of all before them and that no later reading
// confirms: they come from a wrong clock and would stretch the history by years. It returns their
// number. A series all of which comes that rarely stays: Build leaves it out as a whole.
func (b *Builder) DropLone() int {
	dropped := 0
	for i := range b.series {
		reads := b.series[i].reads
		slices.SortStableFunc(reads, bySecond)
		if seldom(reads) {
			continue
		}
		kept := reads[:0] // never longer than what is read already
		for k, r := range reads {
			if len(kept) > 0 && lone(reads[k:], kept[len(kept)-1].second, secondOf) {
				dropped++
				continue
			}
			kept = append(kept, r)
		}
		b.series[i].reads = kept
	}
	return dropped
}

// seldom reports whether readings in the order of time come at a rhythm that is so slow that none
// of them confirms another.
func seldom(reads []reading) bool {
	if len(reads) < 3 {
		return false
	}
	alike := 0
	for i := 2; i < len(reads); i++ {
		before, after := reads[i-1].second-reads[i-2].second, reads[i].second-reads[i-1].second
		if meter.FarAhead(reads[i].second, reads[i-1].second) && meter.Alike(before, after) {
			alike++
		}
	}
	return 2*alike > len(reads)-2
}

// lone reports whether the first of readings in the order of time is far ahead of newest and the
// next moment does not confirm it. A repeat of the same moment confirms nothing.
func lone[T any](readings []T, newest int64, second func(T) int64) bool {
	first := second(readings[0])
	if !meter.FarAhead(first, newest) {
		return false
	}
	for _, r := range readings[1:] {
		if next := second(r); next > first {
			return !meter.Confirms(next, first)
		}
	}
	return true
}

func secondOf(r reading) int64 { return r.second }

package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Coarse tells in a line which series Build left out because their readings come more rarely than
// the interval of the histories, or at a step that does not divide that interval or the hour. Coarse
// is empty when there are none.
func (b *Builder) Coarse() string {
	var lines []string
	if len(b.odd) > 0 {
		lines = append(lines, fmt.Sprintf(
			"%d of %d series come at a step that does not divide the hour and are left out: %s",
			len(b.odd), len(b.series), SomeOf(b.odd)))
	}
	if len(b.apart) > 0 {
		lines = append(lines, fmt.Sprintf(
			"%d of %d series come at a step that does not divide %d minutes and are left out: %s",
			len(b.apart), len(b.series), b.interval/60, SomeOf(b.apart)))
	}
	if len(b.left) > 0 {
		lines = append(lines, b.rare())
	}
	return strings.Join(lines, "; ")
}

// rare tells of the series that come more rarely than the interval of the histories.
func (b *Builder) rare() string {
	return fmt.Sprintf("%d of %d series come more rarely than every %d minutes and are left out: %s",
		len(b.left), len(b.series), max(b.interval, 300)/60, SomeOf(b.left))
}

// LeftOut tells a person, in a line each, what Add and Build left out, and why.
func (b *Builder) LeftOut() []string {
	var all []string
	for _, text := range []string{b.repeatsRemark(), b.Coarse(), b.changedRemark(), b.refusedRemark(),
		b.keptRemark()} {
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

func (b *Builder) changedRemark() string {
	if len(b.changed) == 0 {
		return ""
	}
	return fmt.Sprintf("%d of %d series came more rarely than every %d minutes before they changed; the readings before are left out: %s",
		len(b.changed), len(b.series), b.interval/60, SomeOf(b.changed))
}

func (b *Builder) refusedRemark() string {
	all := maps.Clone(b.refused)
	for reason, n := range b.offGrid {
		all[reason] += n
	}
	count := 0
	var reasons []string
	for _, reason := range slices.Sorted(maps.Keys(all)) {
		count += all[reason]
		reasons = append(reasons, fmt.Sprintf("%d %s", all[reason], reason))
	}
	if count == 0 {
		return ""
	}
	return fmt.Sprintf("%d readings are left out, as serving refuses them: %s", count, SomeOf(reasons))
}

// commonStep is the most frequent distance of neighbouring readings in the order of time, in
// seconds; 0 when there are less than two moments.
func commonStep(reads []reading) int64 {
	counts := map[int64]int{}
	for i := 1; i < len(reads); i++ {
		if step := reads[i].second - reads[i-1].second; step > 0 {
			counts[step]++
		}
	}
	var common int64
	for step, n := range counts {
		if n > counts[common] || n == counts[common] && step < common {
			common = step
		}
	}
	// a few stray readings do not make it finer
	if counts[common] == counts[meter.HourSeconds] {
		return meter.HourSeconds
	}
	return common
}

// bySecond orders readings by time.
func bySecond(a, b reading) int { return cmp.Compare(a.second, b.second) }

package grid

import (
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// evidence is what the points of a stretch of time say about how a series is sent.
type evidence struct {
	step   int32 // seconds between readings: regular, or the median of fine ones; 0 for no step
	class  int32
	weight int64 // seconds that the gaps of this class cover; without one, of the most frequent
	coarse int64 // seconds between readings that come less often than hourly; else 0
	steady int64 // coarse, of readings that come regularly; else 0
	odd    int64 // seconds between readings that come regularly, at a step of no class; else 0
	// irregular says that there are enough gaps, and no class covers half of their time.
	irregular bool
}

// weigh looks at the points from a second on.
func (s *State) weigh(from int64) evidence {
	g := s.Raw.gaps(from)
	switch class := s.prevailing(from, &g); class {
	case none:
		return g.irregular()
	case fine:
		return evidence{step: int32(median(g.by[1])), class: fine, weight: g.covered[1]}
	default:
		_, weight := s.multiples(from, class)
		return evidence{step: class, class: class, weight: weight}
	}
}

// prevailing returns the class of step that gaps from a second on tell, or none. It is the class
// that covers most of the time, and at least half of it. When gaps of that class start at several
// moments of the step, or the class covers less than half of the time of energy, some readings of
// a finer step may be lost: then the finer step tells. Readings that drift away from a class have
// no class.
func (s *State) prevailing(from int64, g *gaps) int32 {
	best := g.most()
	class, half := classes[best], g.half(best)
	if half && (class == fine || s.Raw.inPhase(from, class)) {
		return class
	}
	if !half && !s.additive() {
		return none
	}
	if step := s.finer(from, g); step != none {
		return step
	}
	if !half || s.Kind != meter.Register && g.drifts(best) {
		return none
	}
	return class
}

// gaps are the times between the points of a stretch of time, in seconds.
type gaps struct {
	count    int
	together int64                 // of those that are at most an hour
	by       [len(classes)][]int64 // the same by class
	covered  [len(classes)]int64   // the time of those
	long     []int64               // those that are more than an hour
}

// gaps returns the gaps from a second on.
func (r *Raw) gaps(from int64) gaps {
	var g gaps
	for i := find(r.Points, from); i+1 < len(r.Points); i++ {
		gap := r.Points[i+1].Second - r.Points[i].Second
		g.count++
		if gap > hour+tolerance(hour) {
			g.long = append(g.long, gap)
			continue
		}
		k := slices.Index(classes[:], classOf(gap))
		g.by[k] = append(g.by[k], gap)
		g.covered[k] += gap
		g.together += gap
	}
	return g
}

// most is the index of the class, other than none, that covers most of the time. Of equal classes
// the finest counts.
func (g *gaps) most() int {
	best := 1
	for k := 2; k < len(g.covered); k++ {
		if g.covered[k] > g.covered[best] {
			best = k
		}
	}
	return best
}

// half says that the class at index k covers at least half of the time.
func (g *gaps) half(k int) bool { return g.covered[k] > 0 && 2*g.covered[k] >= g.together }

// drifts says that the gaps of a class are regular, and of another step than that of the class: a
// meter that sends every 8 minutes does not send every 7 and a half.
func (g *gaps) drifts(k int) bool {
	step, n := int64(classes[k]), int64(len(g.by[k]))
	off := g.covered[k] - step*n
	return 2*max(off, -off) > step && 25*max(off, -off) > step*n && oddStep(g.by[k]) != 0
}

// irregular is the evidence of gaps without a class. A class that covers half of the time drifts.
func (g *gaps) irregular() evidence {
	e := evidence{irregular: g.together > 0 && g.count >= 3}
	off, seconds := g.by[0], g.covered[0]
	if best := g.most(); g.half(best) {
		off, seconds = append(off, g.by[best]...), seconds+g.covered[best]
	} else {
		e.weight = g.covered[best]
	}
	if g.together == 0 && len(g.long) >= 3 {
		e.coarse, e.steady = median(g.long), oddStep(g.long)
	}
	if 2*seconds > g.together {
		e.odd = oddStep(off)
	}
	return e
}

// inPhase says that most gaps of a regular class, from a second on, start at one phase.
func (r *Raw) inPhase(from int64, class int32) bool {
	counts := map[int32]int{}
	count, most := 0, 0
	for i := find(r.Points, from); i+1 < len(r.Points); i++ {
		if r.gapClass(i) == class {
			phase := roundPhase(r.Points[i].Second, int64(class))
			counts[phase]++
			count, most = count+1, max(most, counts[phase])
		}
	}
	return 2*most > count
}

// finer returns the longest regular step of which nearly all gaps from a second on are multiples,
// and a share are the step itself, or none.
func (s *State) finer(from int64, g *gaps) int32 {
	for k := len(classes) - 1; k >= 2; k-- {
		if g.covered[k] == 0 || 8*g.covered[k] < g.together || g.drifts(k) {
			continue
		}
		if all, _ := s.multiples(from, classes[k]); 10*all >= 9*g.together {
			return classes[k]
		}
	}
	return none
}

// multiples returns the time of the gaps from a second on that are multiples of a step and at most
// an hour. Those that are of the step in force speak for no other step.
func (s *State) multiples(from int64, step int32) (all, speak int64) {
	for i := find(s.Raw.Points, from); i+1 < len(s.Raw.Points); i++ {
		gap := s.Raw.Points[i+1].Second - s.Raw.Points[i].Second
		if _, on := near(gap, int64(step), 0); !on || gap > hour+tolerance(hour) {
			continue
		}
		all += gap
		if class := classOf(gap); class == step || class != s.Step {
			speak += gap
		}
	}
	return all, speak
}

// oddStep returns the step of gaps of no class: three quarters of the gaps are alike. It is 0 where
// they have none.
func oddStep(gaps []int64) int64 {
	if len(gaps) < 3 {
		return 0
	}
	step, alike := median(gaps), 0
	for _, gap := range gaps {
		if max(gap-step, step-gap) <= tolerance(step) {
			alike++
		}
	}
	if 4*alike < 3*len(gaps) {
		return 0
	}
	return step
}

func median(values []int64) int64 {
	slices.Sort(values)
	return values[len(values)/2]
}

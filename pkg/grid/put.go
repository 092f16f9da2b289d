package grid

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Put takes the next reading of a series, in any order of time, and writes what it came to into
// out. The point's value is finite and in the unit of the series. Its second is what the reading
// bears: the start of its interval or, with AtEnd, the end.
func (s *State) Put(p Point, past Past, out *Outcome) {
	out.reset()
	p.Second -= s.stamped(p.Span)
	s.put(p, past, out)
	s.asSent(out)
}

func (s *State) put(p Point, past Past, out *Outcome) {
	p.Waiting, p.Counted = false, false
	if p.bad() {
		p.Value, p.Quality = 0, meter.Bad
	}
	if !s.accepts(p, past, out) {
		return
	}
	var room [2]Point
	group, ok := s.ahead(p, room[:0], out)
	if !ok {
		return
	}
	if len(group) == 1 && s.Raw == nil && s.plain(p, past, out) {
		return
	}
	if out.Rebuilt {
		past = nothing{}
	}
	s.take(group, past, out)
}

// nothing is the past of a series that begins anew.
type nothing struct{}

func (nothing) Bounds() (first, newest int64, ok bool)      { return 0, 0, false }
func (nothing) Said(int64) (value float32, q meter.Quality) { return 0, meter.Missing }

// accepts refuses what can never be a cell of the series, and begins a new series.
func (s *State) accepts(p Point, past Past, out *Outcome) bool {
	if p.Span != 0 && (p.Span < finest || hour%p.Span != 0) {
		out.reject(p, meter.ReasonIntervalUnsupported,
			"interval of %d s: an interval is 5 minutes to an hour and divides the hour", p.Span)
		return false
	}
	if p.bad() && s.Kind == meter.Register {
		out.reject(p, meter.ReasonBadQuality,
			"quality %q of a register: leave the reading out, the next one gives what was used in between", p.Quality)
		return false
	}
	if from, to, yes := s.falls(p); yes {
		out.reject(p, meter.ReasonRegisterFalls, fallsText, p.Value, from.Value, to.Value)
		return false
	}
	first, newest, known := past.Bounds()
	if p.bad() && (!s.Begun || known && s.cellOf(p) <= first) {
		out.reject(p, meter.ReasonBadQuality, "quality %q on the first reading of a series: %s", p.Quality, nothingBefore)
		return false
	}
	if !s.Begun {
		s.begin(p)
	}
	if known && newest-s.cellOf(p) > s.LateCells() && !s.begins(p, first, newest) {
		if !s.late(p, first, newest, past, out) {
			s.old(p, first, newest, past, out)
		}
		return false
	}
	return true
}

// begins says that a reading is of two weeks of a series all of whose readings are kept: its cells are
// made again as if the readings had come in order.
func (s *State) begins(p Point, first, newest int64) bool {
	return s.Raw != nil && p.Second >= s.Raw.From && s.keepsAll(first, newest) &&
		newest-s.cellOf(p) < s.RecentCells()
}

// keepsAll says that all readings of the last two weeks are kept, of a series whose cells lie between
// two: it is no older, or its first history comes in any order.
func (s *State) keepsAll(first, newest int64) bool {
	return s.Raw.From == math.MinInt64 && newest-first < s.RecentCells() || s.Raw.Disordered()
}

// late takes a reading that is one whole cell of the last two weeks. A series that spans less may
// begin earlier with it. It returns false for other readings.
func (s *State) late(p Point, first, newest int64, past Past, out *Outcome) bool {
	n, ok := s.whole(p)
	young := newest-first < s.RecentCells()
	if !ok || newest-n >= s.RecentCells() || n < first && !young {
		return false
	}
	if n >= first {
		value, quality := past.Said(n)
		switch {
		case quality.Accepted() && s.same(p, Point{Value: float64(value), Quality: quality}):
			out.Decision = Repeated
			return true
		case quality == meter.Bad && !young: // what was read is not known any more
			return false
		}
	}
	out.Late = !young
	out.Cells = append(out.Cells, Cell{n, float32(p.Value), p.Quality})
	return true
}

// whole returns the cell that a reading is by itself; ok is false when it is none.
func (s *State) whole(p Point) (n int64, ok bool) {
	at, on := near(p.Second, int64(s.Interval), int64(s.Phase))
	return s.Cell(at), on && (p.Span == 0 || p.Span == s.Interval) && s.Step == s.Interval &&
		s.Kind != meter.Register && s.Coarse == 0
}

// old decides on a reading that is too late to change its cell: it repeats what the cell holds, or
// says something else, or nobody can know.
func (s *State) old(p Point, first, newest int64, past Past, out *Outcome) {
	behind := newest - s.cellOf(p)
	remembered, most := newest-first+1 <= s.LateCells(), s.LateCells()
	if n, ok := s.whole(p); ok {
		remembered, most = newest-first+1 < memory/int64(s.Interval)+1, s.RecentCells()-1
		if n >= first {
			value, quality := past.Said(n)
			if quality.Accepted() && s.same(p, Point{Value: float64(value), Quality: quality}) {
				out.Decision = Repeated
				return
			}
			remembered = quality != meter.Bad // a cell that was filled does not tell what was read
		}
	}
	if remembered {
		out.reject(p, meter.ReasonTooLate, "ts is %d intervals before the series' newest one and says something new: "+
			"readings and corrections are taken up to %d intervals late", behind, most)
		return
	}
	out.reject(p, meter.ReasonBehindHistory, "ts is %d intervals before the series' newest one, older than what the series "+
		"remembers: the reading may repeat one that was taken; history is taken before newer readings only", behind)
}

// cellOf is the cell that a reading is first taken for; of a register the one that it closes.
func (s *State) cellOf(p Point) int64 {
	if s.Kind == meter.Register {
		return s.Cell(p.Second - 1)
	}
	if step := int64(s.Step); step >= finest {
		at, _ := near(p.Second, step, int64(s.Phase)%step)
		return s.Cell(at)
	}
	return s.Cell(p.Second)
}

// plain takes a reading that is one whole cell, of a series whose readings all are.
func (s *State) plain(p Point, past Past, out *Outcome) bool {
	at, on := near(p.Second, int64(s.Interval), int64(s.Phase))
	if !on || p.Span != 0 && p.Span != s.Interval {
		return false
	}
	n := s.Cell(at)
	first, newest, known := past.Bounds()
	if known && n <= newest && n >= first {
		value, quality := past.Said(n)
		if quality != meter.Missing && s.same(p, Point{Value: float64(value), Quality: quality}) {
			out.Decision = Repeated
			return true
		}
	}
	if known && n != newest+1 && p.Span == 0 && !p.bad() && s.turnsCoarser(n, first, newest, past) {
		return false
	}
	s.Heard, s.Last = max(s.Heard, n), max(s.Last, p.Second)
	out.Cells = append(out.Cells, Cell{n, float32(p.Value), p.Quality})
	return true
}

// turnsCoarser says that with cell n there are four cells that were read, equally far apart and
// nothing between them: the meter may send at a longer step.
func (s *State) turnsCoarser(n, first, newest int64, past Past) bool {
	for skip := int64(2); skip*int64(s.Interval) <= hour; skip++ {
		if n > newest && n != newest+skip || classOf(skip*int64(s.Interval)) == none {
			continue
		}
		for start := n - 3*skip; start <= n; start += skip {
			if s.lone(start, skip, n, first, newest, past) {
				return true
			}
		}
	}
	return false
}

// lone says that of the cells from start to start+3*skip every skip-th was read, n among them, and no
// other.
func (s *State) lone(start, skip, n, first, newest int64, past Past) bool {
	if start < first || start+3*skip > max(n, newest) {
		return false
	}
	for m := start; m <= start+3*skip; m++ {
		there := m == n
		if !there && m <= newest {
			_, quality := past.Said(m)
			there = quality.Accepted()
		}
		if there != ((m-start)%skip == 0) {
			return false
		}
	}
	return true
}

// take adds readings to the points of a series and makes the cells that depend on them. The last
// of the group is the one that came; the one before, if there is one, was held.
func (s *State) take(group []Point, past Past, out *Outcome) {
	if s.Raw == nil {
		s.unfold(past)
	}
	r := s.Raw
	var before meter.Counts
	if s.Kind == meter.Register {
		before = s.differ(&out.differences, past)
	}
	lowest, highest, at, repeated := len(r.Points)+len(group), 0, -1, false
	for k, p := range group {
		disordered := r.Disordered()
		i, there := s.insert(p, out)
		if k+1 < len(group) && (there || s.Kind == meter.Register) {
			out.Released++ // the one that was held says nothing new, or counts at once
		}
		if repeated = there; there {
			continue
		}
		lowest, highest, at = min(lowest, i), max(highest+1, i), i
		s.hear(i, disordered)
	}
	if at < 0 {
		out.Decision = Repeated
		return
	}
	if r.Young {
		s.learn(out)
	}
	if out.Rebuilt {
		past, lowest = nothing{}, 0
	}
	if s.Kind == meter.Register {
		s.registered(before, past, out)
	} else {
		lowest, at = s.giveUp(lowest, at, out)
		s.emit(lowest, s.place(lowest, highest, at, out.Rebuilt, out), past, out)
	}
	if repeated { // the one that was held is new
		s.repeated(at, out)
	}
	s.forgetOld(out)
	if over := len(r.Points) - mostPoints; over > 0 {
		s.refuseWaiting(over, out)
		r.drop(over)
	}
	if !out.Rebuilt && len(out.Cells) > 0 {
		s.adapt(past, out)
	}
	s.fold()
}

// repeated decides on a reading that repeats the one that was held, which is at index at now.
func (s *State) repeated(at int, out *Outcome) {
	out.Decision = Repeated
	if s.Kind != meter.Register && !s.Raw.Points[at].Waiting {
		out.Released++
	}
}

// insert puts a point in order, in place of an earlier one of its moment. there says that the
// series has it already.
func (s *State) insert(p Point, out *Outcome) (at int, there bool) {
	r := s.Raw
	if i := s.moment(p); i >= 0 {
		was := &r.Points[i]
		if s.same(*was, p) {
			return i, true
		}
		if !was.Counted && s.Kind != meter.Register {
			out.Released++ // it is superseded
		}
		r.mark(was, false)
		r.Points = slices.Delete(r.Points, i, i+1)
	}
	at = find(r.Points, p.Second)
	p.Counted = s.Kind == meter.Register
	r.Points = slices.Insert(r.Points, at, p)
	return at, false
}

// moment returns the index of the point that stands for the same moment as p, or -1.
func (s *State) moment(p Point) int {
	points, step := s.Raw.Points, int64(s.Step)
	if i := find(points, p.Second); i < len(points) && points[i].Second == p.Second {
		return i
	}
	if step < finest || s.Kind == meter.Register || s.Raw.Young {
		return -1
	}
	at, on := near(p.Second, step, int64(s.Phase)%step)
	if !on {
		return -1
	}
	// Of readings that come every minute several are near one boundary, and each is of its own moment.
	i := find(points, at-tolerance(step))
	if i == len(points) || points[i].Second > at+tolerance(step) || points[i].Step == fine {
		return -1
	}
	return i
}

// ahead holds a reading that is far ahead of its series until a second one agrees: one wrong clock
// must not shut the window for the readings that are right. It appends to group the readings to be
// taken now, one that was held before this one; ok is false when there are none.
func (s *State) ahead(p Point, group []Point, out *Outcome) (taken []Point, ok bool) {
	cell, late, held := s.cellOf(p), s.LateCells(), s.Held
	if s.Heard == math.MinInt64 || !meter.FarAhead(s.Start(cell), s.Start(s.Heard)) {
		if held == nil || s.cellOf(*held)-cell > late {
			return append(group, p), true
		}
		s.Held = nil
		return append(group, *held, p), true
	}
	switch {
	case p.bad():
		out.reject(p, meter.ReasonBadQuality, "quality %q after %d silent intervals: %s", p.Quality, cell-s.Heard-1, nothingBefore)
		return nil, false
	case held != nil && held.Second == p.Second && s.same(*held, p):
		out.Decision = Repeated
		return nil, false
	case held != nil && held.Second != p.Second && meter.Confirms(s.Start(cell), s.Start(s.cellOf(*held))):
		s.Held = nil
		if min(cell, s.cellOf(*held))-s.Heard > memory/int64(s.Interval)+1 {
			s.restart(out)
			out.Rebuilt, out.Restarted = true, true
		}
		return append(group, *held, p), true
	case held != nil && s.disorderly(cell):
		s.Held = nil
		return append(group, *held, p), true
	case held != nil:
		s.seldom(*held, p)
		out.refuse(*held, meter.ReasonUnconfirmed, unconfirmed, s.cellOf(*held)-s.Heard)
	}
	far := p
	s.Held = &far
	out.Decision = Waiting
	return nil, false
}

// disorderly says that two readings which are far ahead, up to a cell, and do not agree are of the
// first history of a series in any order, and no two wrong clocks: they are within two weeks of each
// other and of what was heard, and the readings before came in any order, or neither all three nor
// four in a row at one step. A single reading before must be within two weeks of both: readings may
// come once a week.
func (s *State) disorderly(cell int64) bool {
	r := s.Raw
	if r == nil || !r.Young || len(r.Points) == 0 {
		return false
	}
	held, from := s.cellOf(*s.Held), s.Heard
	if len(r.Points) == 1 {
		from = s.Cell(r.Points[0].Second)
	}
	if max(cell, held)-min(cell, held, from) >= s.RecentCells() {
		return false
	}
	steady := len(r.Points) == 3 && r.gapClass(0) != none && r.gapClass(0) == r.gapClass(1)
	for i := range r.Points {
		steady = steady || r.inRun(i)
	}
	return !steady || r.Disordered()
}

// seldom notes that a new series sends more rarely than readings can confirm each other: its first
// readings are as far from each other as from the next one, a week or a month.
func (s *State) seldom(held, next Point) {
	before, after := held.Second-s.Last, next.Second-held.Second
	if s.Raw != nil && s.Raw.Young && meter.Alike(before, after) {
		s.Coarse = int32(min(after, math.MaxInt32))
	}
}

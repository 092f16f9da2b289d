package grid

import (
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	// memory is the time that a ring of cells holds: two weeks that features look back on, and the
	// time in which a reading may be late.
	memory = recent + lateness
	// patience is how long a point off the grid waits for others like it, in event time.
	patience = 4*hour + 120
	// youngPoints is the fewest points that are evidence of a day; a series that sends more rarely is
	// not forecast.
	youngPoints = 8
	// orderPoints is the number of points that tell readings in any order: of so many, one comes
	// between others, but for one time in 200,000.
	orderPoints = 12
	// mostPoints bounds the points of a series. Of a meter that sends more in the time in which
	// readings may be late, the oldest ones count as they are.
	mostPoints = 20000
)

// Pattern is how one series is sent, as far as it is known. The zero Pattern with a Kind, and a Set
// interval where an operator gave one, has heard nothing.
type Pattern struct {
	Grid
	Set   int32      // interval that an operator gave; 0 is learnt
	Kind  meter.Kind // unknown counts as power
	Begun bool
	Step  int32 // seconds from one reading to the next; 0 at irregular moments
	// Coarse is the seconds between readings that no interval can be made of: readings that come less
	// often than hourly, or energy of a time that does not divide the hour. Else it is 0.
	Coarse int32
	Heard  int64 // newest cell that a reading stands for
	Last   int64 // second of the newest reading
}

// State is all that is remembered of how one series is sent.
type State struct {
	Pattern
	AtEnd bool   // readings bear the end of their interval
	Held  *Point // a reading far ahead of the series, until a second one agrees
	Raw   *Raw   // nil while each reading is one cell
}

// Raw is the readings of a series that are not cells by themselves.
type Raw struct {
	Points []Point // ascending by Second
	Strays int     // of them, those that wait
	Young  bool    // the series is in its first day, or its first history comes in any order
	// First is the second, while Young, from which on readings are known to come in order: that of the
	// first one, or of the newest one when readings came in any order.
	First int64
	From  int64 // Unix second from which on Points has every reading
}

// Past is the cells that a caller has of a series.
type Past interface {
	// Bounds returns the oldest and the newest cell; ok is false when there are none.
	Bounds() (first, newest int64, ok bool)
	// Said returns what the sender said of a cell within the bounds: MISSING when nothing, BAD when
	// the sender called it bad.
	Said(n int64) (value float32, quality meter.Quality)
}

// Cell is what the readings of one interval come to, as far as their sender says. MISSING is a
// cell that has too few; its value has no meaning.
type Cell struct {
	N       int64
	Value   float32
	Quality meter.Quality
}

// additive says that values add up over time; others are means.
func (s *Pattern) additive() bool { return s.Kind == meter.Energy }

// holds says that a value stands until the next one: power that comes at irregular moments, or
// more often than every 5 minutes.
func (s *Pattern) holds() bool { return s.Step < finest && !s.additive() && s.Kind != meter.Register }

// begin makes the grid for the first reading of a series. It is a guess until there is evidence.
func (s *State) begin(p Point) {
	interval := int32(hour)
	switch {
	case s.Set > 0:
		interval = s.Set
	case p.Span > 0:
		interval = intervalOf(p.Span)
	}
	s.Step = interval
	if p.Span > 0 {
		s.Step = p.Span
	}
	s.Grid = Grid{Interval: interval}
	if s.Kind != meter.Register {
		s.Phase = roundPhase(p.Second, int64(min(s.Step, interval)))
	}
	s.Begun, s.Heard, s.Last = true, math.MinInt64, math.MinInt64
	s.Raw = &Raw{Young: true, First: p.Second, From: math.MinInt64}
}

// restart forgets the points and cells of a series whose next reading has nothing in common with
// them, and refuses those that wait. How the meter sends stays known.
func (s *State) restart(out *Outcome) {
	if s.Raw != nil {
		s.refuseWaiting(len(s.Raw.Points), out)
	}
	s.Heard, s.Last = math.MinInt64, math.MinInt64
	s.Raw = &Raw{From: math.MinInt64}
}

// unfold makes points of the cells of a series each of which was one reading.
func (s *State) unfold(past Past) {
	s.Raw = &Raw{From: math.MinInt64}
	first, newest, ok := past.Bounds()
	if !ok {
		return
	}
	from := max(first, newest-s.LateCells())
	if from > first {
		s.Raw.From = s.Start(from)
	}
	for n := from; n <= newest; n++ {
		value, quality := past.Said(n)
		if quality != meter.Missing && quality != meter.Unknown {
			s.Raw.Points = append(s.Raw.Points, Point{
				Second: s.Start(n), Value: float64(value), Quality: quality, Step: s.Interval, Counted: true,
			})
		}
	}
}

// fold forgets the points of a series each of which is one whole cell.
func (s *State) fold() {
	r := s.Raw
	if r == nil || r.Young || s.Coarse > 0 || s.Kind == meter.Register || s.Step != s.Interval {
		return
	}
	for i := range r.Points {
		p := &r.Points[i]
		if _, on := near(p.Second, int64(s.Interval), int64(s.Phase)); !on || p.Step != s.Interval {
			return
		}
	}
	s.Raw = nil
}

// Settle forgets the points of cells up to n, which can no longer change. The last ones before
// stay: they tell the step, and of a register what it showed. So do those that wait, and the ones
// after them.
func (s *State) Settle(n int64) {
	r := s.Raw
	if r == nil || r.Young {
		return
	}
	const context = 3
	gone := find(r.Points, s.Start(n+1)+1) - context
	if s.Kind == meter.Register { // a read is momentary or not by what stands before it
		gone = min(gone, find(r.Points, s.Start(n+1)-meter.MomentSeconds))
	}
	if r.Strays > 0 && gone > 0 {
		if i := slices.IndexFunc(r.Points[:gone], Point.uncounted); i >= 0 {
			gone = i
		}
	}
	if gone > 0 {
		r.drop(gone)
	}
}

// drop forgets the oldest points.
func (r *Raw) drop(count int) {
	r.From = r.Points[count].Second
	for i := range r.Points[:count] {
		r.mark(&r.Points[i], false)
	}
	r.Points = append(r.Points[:0], r.Points[count:]...)
}

// forgetOld forgets the points of a first history in any order that are two weeks before the newest one:
// their cells can no longer change. Those that wait and never counted are refused.
func (s *State) forgetOld(out *Outcome) {
	r, from := s.Raw, s.Last-recent
	if !r.Disordered() || r.Points[0].Second >= from {
		return
	}
	old := find(r.Points, from)
	for _, p := range r.Points[:old] {
		if p.uncounted() {
			out.refuse(p, meter.ReasonTooLate, "ts is two weeks before the series' newest one, and nothing like it came")
		}
	}
	r.drop(old)
	r.From = from
}

// refuseWaiting refuses those of the oldest points that wait and never counted.
func (s *State) refuseWaiting(oldest int, out *Outcome) {
	for _, p := range s.Raw.Points[:oldest] {
		if p.uncounted() {
			out.refuse(p, meter.ReasonIntervalUnsupported, lonely)
		}
	}
}

// Waiting returns how many readings wait for others to agree and never counted.
func (s *State) Waiting() int {
	n := 0
	if s.Held != nil {
		n++
	}
	if s.Raw != nil && s.Raw.Strays > 0 {
		for _, p := range s.Raw.Points {
			if p.uncounted() {
				n++
			}
		}
	}
	return n
}

// End says that no more readings come: out has the refusals of those that wait. The state is of no
// use after it.
func (s *State) End(out *Outcome) {
	out.reset()
	if s.Raw != nil {
		s.refuseWaiting(len(s.Raw.Points), out)
	}
	if s.Held != nil {
		out.refuse(*s.Held, meter.ReasonUnconfirmed, unconfirmed, s.cellOf(*s.Held)-s.Heard)
	}
	s.asSent(out)
}

// Become gives a series, which was taken for one of power, the kind that a reading says. The cells of
// one that makes them of several readings were means: it says that they are void. The readings that
// are kept are cells again when the next one comes. Out tells of those that waited.
func (s *State) Become(kind meter.Kind, out *Outcome) (void bool) {
	out.reset()
	s.Kind = kind
	if kind != meter.Energy || s.Step == s.Interval && s.Raw == nil {
		return false
	}
	if s.Step == 0 {
		s.Step = s.Interval // energy is not read at irregular moments
	}
	if s.Raw != nil && len(s.Raw.Points) > 0 {
		s.place(0, 0, -1, true, out)
	}
	return true
}

// Clone is a state with memory of its own.
func (s State) Clone() State {
	if s.Held != nil {
		held := *s.Held
		s.Held = &held
	}
	if s.Raw != nil {
		raw := *s.Raw
		raw.Points = slices.Clone(raw.Points)
		s.Raw = &raw
	}
	return s
}

// Adopt takes over the readings that an older release kept of a series: points that count from cell
// from on, and strays that wait for others.
func (s *State) Adopt(points, strays []Point, from int64, past Past) {
	if len(points)+len(strays) == 0 && s.Step == s.Interval && s.Kind != meter.Register {
		return
	}
	if len(points) == 0 && s.Step == s.Interval && s.Kind != meter.Register {
		s.unfold(past)
	} else {
		s.Raw = &Raw{Points: points, From: math.MinInt64}
		if _, newest, known := past.Bounds(); known {
			s.Raw.From = s.Start(max(from, newest-s.LateCells()))
		}
	}
	for i := range s.Raw.Points {
		p := &s.Raw.Points[i]
		p.Step, p.Counted = max(s.Step, p.Span), true
	}
	for _, p := range strays {
		p.Waiting, p.Step = true, s.Step
		i := find(s.Raw.Points, p.Second)
		if i < len(s.Raw.Points) && s.Raw.Points[i].Second == p.Second {
			continue
		}
		s.Raw.Points = slices.Insert(s.Raw.Points, i, p)
		s.Raw.Strays++
	}
}

package meter

import "slices"

// The bounds of values that are a tenth of the usual, or ten times as much, for hours. They were
// chosen on public readings of households, substations and zones, see docs/accuracy.md.
const (
	// tenfoldHours is how many hours of accepted values, the one judged among them, are compared with
	// the same hours of the days before.
	tenfoldHours = 6
	// suspect is how far a value is from both of two days before, as a factor, for its hours to be
	// looked at.
	suspect = 2.5
	// tenfoldLeast and tenfoldMost bound how far the hours lie from the usual, as a factor.
	tenfoldLeast, tenfoldMost = 5, 20
	// tenfoldApart is how far the hours lie from the nearest of the days before, as a factor;
	// tenfoldApartNew is the same for a new series, of which there are fewer days.
	tenfoldApart, tenfoldApartNew = 4, 6
	// tenfoldFlat and tenfoldRough bound the variation of the hours, relative to their mean, as a
	// share of that of the days before: a wrong unit keeps it, an empty house has little.
	tenfoldFlat, tenfoldRough = 0.7, 1.5
	// tenfoldEven is the variation, squared, of hours that are even: they have no shape to compare.
	tenfoldEven = 0.01
	// tenfoldAll is the share of the hours that must lie outside nearly all of the two weeks, and
	// tenfoldRare is the share of the two weeks that may lie beyond: an empty house is back at the
	// standby of its nights.
	tenfoldAll, tenfoldRare = 0.9, 0.02
	// tenfoldSure is the least share of the mean absolute value over months that the hours have, or
	// usually have: hours in which a series does nothing say nothing.
	tenfoldSure = 0.25
)

// mostTenfold is the number of cells of tenfoldHours at the finest interval, 5 minutes.
const mostTenfold = tenfoldHours * 12

// span is the days behind that a stretch is compared with, how many of them at least, and how far the
// nearest one may be, as a factor.
type span struct {
	from, to, least int
	apart           float64
}

// stretch is the value judged, and the newest accepted ones before it, by their absolute values.
type stretch struct {
	backs [mostTenfold]int // cells before the one judged, ascending
	sizes [mostTenfold]float64
	n     int
}

// tenfold says whether the value and the accepted ones of the hours before it are about a tenth of
// the usual, or about ten times as much, in the shape of the days before, while none of these days
// came near. After a day of BAD cells it says no: the level is believed. Most values cost a look at
// two cells.
func (p Past) tenfold(value float32) bool {
	if p.Known < (LearnDays+2)*p.PerDay || !p.unlike(magnitude(value), LearnDays) {
		return false
	}
	s := stretch{n: 1}
	s.sizes[0] = float64(magnitude(value))
	for back := 1; s.n < tenfoldHours*p.PerDay/24; back++ {
		if back >= 2*p.PerDay {
			return false
		}
		if v, q := p.before(back); q.Accepted() {
			s.backs[s.n], s.sizes[s.n] = back, float64(magnitude(v))
			s.n++
		}
	}
	above, ok := p.strange(&s, span{2, LookDays - 1, LearnDays, tenfoldApart})
	return ok && p.beyond(&s, above, LookDays*p.PerDay) && p.badLately() < BelieveDays*p.PerDay
}

// tenfolds returns the indexes, ascending, of the values of a new series that are about ten times the
// usual, or a tenth, for hours, as tenfold says it, beside all other days. values are those of a week
// or more of whole days, NaN where nothing counts; nor do those count that are found otherwise.
func tenfolds(values []float32, otherwise []int, perDay int) (found []int) {
	if len(values) < LearnDays*perDay || len(values)%perDay != 0 {
		return nil
	}
	quality := NewQualities(len(values))
	for i, v := range values {
		if Finite(v) {
			quality.Set(i, OK)
		}
	}
	for _, i := range otherwise {
		quality.Set(i, Bad)
	}
	// The days are taken as a ring, in which each one has all others behind it.
	p := Past{Values: values, Quality: quality, Known: len(values), PerDay: perDay}
	others, cells := len(values)/perDay-1, tenfoldHours*perDay/24
	for i, v := range values {
		p.Newest = int64(i - 1 + len(values))
		if !quality.At(i).Accepted() || !p.unlike(magnitude(v), others-1) {
			continue
		}
		s := stretch{}
		for at := i; at >= 0 && i-at < 2*cells && s.n < cells; at-- {
			if quality.At(at).Accepted() {
				s.backs[s.n], s.sizes[s.n] = i-at, float64(magnitude(values[at]))
				s.n++
			}
		}
		if s.n < cells {
			continue
		}
		above, ok := p.strange(&s, span{1, others, LearnDays - 2, tenfoldApartNew})
		if ok && p.beyond(&s, above, others*perDay) {
			for _, back := range s.backs[:s.n] {
				found = append(found, i-back)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// before is the cell that lies so many cells before the one judged, at least 1.
func (p Past) before(back int) (float32, Quality) {
	i := int((p.Newest + 1 - int64(back)) % int64(len(p.Values)))
	return p.Values[i], p.Quality.At(i)
}

// unlike says whether an absolute value is far from those of the same time two days before and a
// longer while before, as far as they are accepted, to the same side.
func (p Past) unlike(size float32, long int) bool {
	judged := int(p.Newest%int64(len(p.Values))) + 1
	low, high := true, true
	for _, days := range [...]int{2, long} {
		i := judged - days*p.PerDay
		if i < 0 {
			i += len(p.Values)
		}
		if !p.Quality.At(i).Accepted() {
			continue
		}
		v := magnitude(p.Values[i])
		low, high = low && size*suspect < v, high && size > v*suspect
	}
	return low || high
}

// strange compares a stretch with the same times of each day before, from two days back on, for the
// stretch may span a day. It says whether the stretch lies above them, and ok where it is about ten
// times as far from zero as they are, or a tenth, in their shape.
func (p Past) strange(s *stretch, over span) (above, ok bool) {
	var ratios, shapes [LookDays + 3]float64
	days, compared, usual, own := 0, 0, 0.0, 0.0
	for d := over.from; d <= over.to; d++ {
		here, there, known := 0.0, moments{}, 0
		for i, back := range s.backs[:s.n] {
			if back += d * p.PerDay; back > p.Known {
				break
			}
			if v, q := p.before(back); q.Accepted() {
				here += s.sizes[i]
				there.add(float64(magnitude(v)))
				known++
			}
		}
		if 2*known < s.n {
			continue
		}
		if here*over.apart > there.sum && there.sum*over.apart > here {
			return false, false // such a day was there
		}
		ratios[days], shapes[days] = here/there.sum, there.variation()
		days, compared, own, usual = days+1, compared+known, own+here, usual+there.sum
	}
	if days < over.least || max(own, usual) < tenfoldSure*float64(p.Usual)*float64(compared) {
		return false, false
	}
	slices.Sort(ratios[:days])
	slices.Sort(shapes[:days])
	var of moments
	for _, size := range s.sizes[:s.n] {
		of.add(size)
	}
	shape, flat, rough := shapes[days/2], float64(tenfoldFlat), float64(tenfoldRough)
	if v := of.variation(); v+tenfoldEven < flat*flat*shape || v > rough*rough*shape+tenfoldEven {
		return false, false
	}
	middle := ratios[days/2]
	switch above = middle > 1; {
	case above:
		return true, ratios[0] > 1 && middle > tenfoldLeast && middle < tenfoldMost
	default:
		return false, ratios[days-1] < 1 && middle*tenfoldLeast < 1 && middle*tenfoldMost > 1
	}
}

// moments are sums of absolute values and of their squares.
type moments struct{ n, sum, square float64 }

func (m *moments) add(v float64) { m.n, m.sum, m.square = m.n+1, m.sum+v, m.square+v*v }

// variation is the square of the spread relative to the mean; NaN for zeros.
func (m *moments) variation() float64 { return m.n*m.square/(m.sum*m.sum) - 1 }

// beyond says whether nearly all of a stretch lies above, or else below, nearly all accepted cells of
// the two weeks, without the last two days, which may hold wrong values that were accepted.
func (p Past) beyond(s *stretch, above bool, last int) bool {
	sizes := s.sizes
	slices.Sort(sizes[:s.n])
	equal := 0
	for k := 1; k < s.n; k++ {
		if sizes[k] == sizes[k-1] {
			equal++
		}
	}
	if 2*equal >= s.n { // standing still
		return false
	}
	i := int(tenfoldAll * float64(s.n))
	if above {
		i = s.n - 1 - i
	}
	count, rare := 0, 0
	for back := 2 * p.PerDay; back <= min(p.Known, last); back++ {
		v, q := p.before(back)
		if !q.Accepted() {
			continue
		}
		count++
		if size := float64(magnitude(v)); above && size > sizes[i] || !above && size < sizes[i] {
			rare++
		}
	}
	return float64(rare) <= tenfoldRare*float64(count)
}

// badLately is the number of BAD cells of the days within which BAD cells make a new level.
func (p Past) badLately() int {
	bad := 0
	for back := 1; back <= min(p.Known, BelieveWithinDays*p.PerDay); back++ {
		if _, q := p.before(back); q == Bad {
			bad++
		}
	}
	return bad
}

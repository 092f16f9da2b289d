package tabular

import (
	"cmp"
	"math"
	"slices"

	"github.com/loadtide/loadtide/pkg/meter"
)

// unread is no local time.
const unread = math.MinInt64

// clock follows the times of one series in file order, or those of the lines of a wide file.
type clock struct {
	shift int64  // from the label of an interval back to its start, seconds
	note  uint32 // of the line read last
	read  int64  // the time read last, as written
	last  placed // what it came to
	local int64  // the local time before, unread at first
	open  int32  // the doubled time that waits for the one after it, counted from 1; 0 for none
}

// placed is what a written time came to.
type placed struct {
	unix   int64
	twin   int32  // its entry in times.twins when it is doubled, counted from 1; 0 for none
	remedy string // of a time that cannot be used
}

// twin is a local time that exists twice, as one line has it.
type twin struct {
	clock, change int32
	local         int64
	before, after int64 // the clock's local times of the lines before and after, unread for none
	apart         int64 // seconds from the first moment to the second
	second        bool  // it is the second
}

// times turns the times of one file's rows, which stand as they were written, into starts of
// intervals in UTC. That takes the whole file: how long a series' interval is, and which of two
// moments is meant, only other rows can tell.
type times struct {
	zone    *zone
	hint    int
	clocks  []clock
	of      []int32 // clock of each series
	moments bool    // labels are moments, see convention
	twins   []twin
}

// newTimes prepares the clocks: of a wide file one for each length of shift, else one for each
// series. shifts is by series.
func newTimes(z *zone, shifts []int64, wide bool) *times {
	t := &times{zone: z, of: make([]int32, len(shifts))}
	byShift := map[int64]int32{}
	for s, shift := range shifts {
		i, ok := byShift[shift]
		if !wide || !ok {
			i = int32(len(t.clocks))
			t.clocks = append(t.clocks, clock{shift: shift, local: unread})
			byShift[shift] = i
		}
		t.of[s] = i
	}
	return t
}

// A note is the number of a row's line and whether its time had no offset.
func noteOf(line int, naive bool) uint32 {
	note := uint32(line) << 1
	if naive {
		note |= 1
	}
	return note
}

// place finds the moment of a row's time. Rows of one line and one time come one after another and
// share it.
func (t *times) place(series int32, written int64, note uint32) placed {
	at := t.of[series]
	c := &t.clocks[at]
	if c.note == note && c.read == written {
		return c.last
	}
	c.note, c.read = note, written
	if note&1 == 0 {
		c.last = placed{unix: written - c.shift}
	} else {
		c.last = t.local(at, written)
	}
	if c.last.unix < minUnix || c.last.unix > maxUnix {
		c.last.remedy = remedyTime
	}
	return c.last
}

// local finds the moment of a time without an offset, the next one of a clock.
func (t *times) local(at int32, written int64) placed {
	c := &t.clocks[at]
	local, after := written-c.shift, int64(0)
	if t.moments {
		local, after = written, c.shift
	}
	if c.open > 0 {
		t.twins[c.open-1].after = local
		c.open = 0
	}
	m := t.zone.at(local, &t.hint)
	p := placed{unix: m.unix - after}
	switch m.state {
	case skipped:
		p.remedy = "clocks in " + t.zone.name + " skip this time; correct it, or name the zone that " +
			"the file was written in with --timezone, " + t.zone.standard(m.change) + " if it has no summer time"
	case doubled:
		t.twins = append(t.twins, twin{
			clock: at, change: int32(m.change), local: local, before: c.local, after: unread, apart: m.later,
		})
		c.open = int32(len(t.twins))
		p.twin = c.open
	case once:
	}
	c.local = local
	return p
}

// resolve decides of all doubled times which moment is meant, clock by clock and change by change.
func (t *times) resolve() {
	order := make([]*twin, len(t.twins))
	for i := range t.twins {
		order[i] = &t.twins[i]
	}
	compare := func(a, b *twin) int {
		return cmp.Or(cmp.Compare(a.clock, b.clock), cmp.Compare(a.change, b.change))
	}
	slices.SortStableFunc(order, compare)
	for len(order) > 0 {
		n := 1
		for n < len(order) && compare(order[0], order[n]) == 0 {
			n++
		}
		resolveOne(order[:n])
		order = order[n:]
	}
}

// resolveOne decides the doubled times of one clock at one change, which stand in file order. The
// first of two is the first moment, where the lines around them go back in time the last one. A
// stretch that turns back once, as two passes of an hour do, parts there, so that a time that is
// missing in one of them moves no other.
func resolveOne(twins []*twin) {
	if descends(twins) {
		slices.Reverse(twins)
	}
	seen := map[int64]bool{}
	turns, turn, repeats := 0, 0, false
	for i, w := range twins {
		if i > 0 && w.local <= twins[i-1].local {
			turns, turn = turns+1, i
		}
		w.second = seen[w.local]
		repeats = repeats || w.second
		seen[w.local] = true
	}
	if turns == 1 && repeats {
		for i, w := range twins {
			w.second = i >= turn
		}
	}
}

// descends reports whether the lines around doubled times go back in time more often than forward.
// Only neighbours within a few hours tell: files may hold their days in any order.
func descends(twins []*twin) bool {
	const near = 3 * meter.HourSeconds
	votes := 0
	vote := func(from, to int64) {
		if from != unread && to != unread && max(from, to)-min(from, to) <= near {
			votes += cmp.Compare(to, from)
		}
	}
	for _, w := range twins {
		vote(w.before, w.local)
		vote(w.local, w.after)
	}
	return votes < 0
}

// convention finds out what labels at the end of an interval are around changes of the clocks. Most
// files count: the interval from 02:00 to 03:00 is labelled 03:00, so that where clocks skip from
// 02:00 to 03:00 there is a 02:00 and no 03:00. In others a label is the moment itself, and it is
// the other way round; where clocks go back from 03:00 to 02:00, files that count have 03:00 twice,
// moments 02:00. It reads the rows of a file with these times.
func (t *times) convention(rows []Row, notes []uint32) {
	type place struct{ clock, change int32 }
	seen := map[place][2]int{} // labels at the start and at the end of what a change skips or doubles
	for i, r := range rows {
		clock := t.of[r.Series]
		c := &t.clocks[clock]
		if notes[i]&1 == 0 || c.note == notes[i] && c.read == r.Unix {
			continue
		}
		c.note, c.read = notes[i], r.Unix
		for end := range 2 {
			m := t.zone.at(r.Unix-int64(end), &t.hint)
			if m.state == once || r.Unix != t.zone.changes[m.change].edge(end) {
				continue
			}
			at := place{clock, int32(m.change)}
			n := seen[at]
			n[end]++
			seen[at] = n
		}
	}
	count := 0
	for at, n := range seen {
		if t.zone.changes[at.change].forward {
			count += cmp.Compare(n[0], n[1])
		} else { // once is no sign: files may lack both hours
			count += min(n[1]/2, 1) - min(n[0]/2, 1)
		}
	}
	t.moments = count < 0
	for i := range t.clocks {
		t.clocks[i].note = 0
	}
}

func (c change) edge(end int) int64 {
	if end == 1 {
		return c.until
	}
	return c.from
}

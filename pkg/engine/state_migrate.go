package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// The first release kept rings of 384 cells and one state, and took nothing
// late. Rings and scales are brought over; states are marked stale and computed
// anew at each series' next reading, as after a change of the model.

const (
	ringCells1    = 384
	mostVersions1 = 31
)

func readSeries1(s *slabs, r *reader) {
	n, cells := int(r.uint32()), r.uint32()
	if r.err == nil && cells != ringCells1 {
		r.err = fmt.Errorf("rings of %d cells, version 1 keeps %d", cells, ringCells1)
	}
	for i := 0; i < n && r.err == nil; i++ {
		id, unit := meter.ID{Site: r.text(), Meter: r.text()}, r.text()
		rec := record{
			since:    int64(r.uint64()),
			newest:   int64(r.uint64()),
			known:    int32(r.uint32()),
			accepted: int32(r.uint32()),
			Pattern:  hourly(int32(r.uint32())),
			born:     uint32(i),
		}
		r.bit() // whether a reading off the grid came last
		if unit != "" {
			rec.Kind = meter.KindOf(unit)
		}
		rec.Last = rec.Start(rec.newest)
		// That release forecast an origin once.
		rec.Heard, rec.issued = rec.newest, rec.Start(rec.newest+1)
		rec.accepted = min(rec.accepted, int32(s.len.Scale))
		if r.err == nil && rec.known > ringCells1 {
			r.err = fmt.Errorf("series %s: ring of %d cells", id, rec.known)
		}
		addSeries(s, r, id, unit, rec)
	}
}

// readSeries2 knows no stale series: they count as those of the past until they are heard again.
func readSeries2(s *slabs, r *reader) { readSeries23(s, r, false) }

func readSeries3(s *slabs, r *reader) { readSeries23(s, r, true) }

// readSeries23 reads series that are all hourly; stale says whether the data tell which are.
func readSeries23(s *slabs, r *reader, stale bool) {
	readRecords(s, r, func() record {
		rec := record{
			born:    uint32(len(s.ids)),
			Pattern: hourly(0),
			since:   int64(r.uint64()),
			newest:  int64(r.uint64()),
		}
		rec.Heard, rec.issued, rec.Last = int64(r.uint64()), int64(r.uint64()), int64(r.uint64())
		rec.revision, rec.known, rec.accepted = r.uint32(), int32(r.uint32()), int32(r.uint32())
		rec.Phase, rec.Kind = int32(r.uint32()), meter.Kind(r.byte())
		rec.live = r.bit()
		rec.stale = stale && r.bit()
		if rec.issued >= 0 && rec.issued <= rec.newest {
			rec.issued = rec.Start(rec.issued + 1)
		}
		return rec
	})
}

// hourly is how a series of an older release is sent, unless its readings say otherwise.
func hourly(phase int32) grid.Pattern {
	return grid.Pattern{
		Grid: grid.Grid{Interval: meter.HourSeconds, Phase: phase},
		Step: meter.HourSeconds, Begun: true,
	}
}

// readExtra1 reads the readings that cells were joined of, or that waited.
func readExtra1(s *slabs, r *reader) {
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		slot, step, from, stated := r.uint32(), int32(r.uint32()), int64(r.uint64()), r.bit()
		if r.err != nil {
			return
		}
		divides := step >= meter.LeastIntervalSeconds && step <= meter.HourSeconds &&
			meter.HourSeconds%step == 0
		if int(slot) >= len(s.ids) || s.states[int32(slot)] != (readings{}) ||
			step != 0 && !divides || from < 0 || from > mostCell {
			r.err = fmt.Errorf(
				"row %d of %d with readings every %d s from cell %d on",
				slot, len(s.ids), step, from,
			)
			return
		}
		span := int32(0)
		if stated {
			span = step
		}
		points, strays, held := readMoments(r, span), readMoments(r, 0), readMoments(r, 0)
		if len(held) > 1 && r.err == nil {
			r.err = fmt.Errorf("series %s: %d readings held far ahead of it", s.ids[slot], len(held))
		}
		if r.err != nil {
			return
		}
		st := s.gridState(int32(slot))
		if step > 0 {
			st.Step = step
		}
		if len(held) == 1 {
			st.Held = &held[0]
		}
		st.Adopt(points, strays, from, &past{s, int32(slot)})
		s.keepGrid(int32(slot), st)
	}
}

func readMoments(r *reader, span int32) []grid.Point {
	var points []grid.Point
	count := r.uint32()
	if r.err == nil && count > mostPoints {
		r.err = fmt.Errorf("%d readings of one series", count)
	}
	for i := 0; i < int(count) && r.err == nil; i++ {
		p := grid.Point{
			Second: int64(r.uint64()), Value: r.float64(), Quality: meter.Quality(r.byte()), Span: span,
		}
		points = append(points, p)
		r.checkPoint(points)
	}
	return points
}

func readValues1(s *slabs, r *reader) {
	var values [ringCells1]float32
	for i := range s.ids {
		r.floats(values[:])
		ring := s.ring(int32(i))
		for n := ring.First(); n <= ring.Newest; n++ {
			ring.Set(n, values[n%ringCells1], meter.Unknown)
		}
	}
}

func readQuality1(s *slabs, r *reader) {
	for i := range s.ids {
		qualities, ring, rec := r.take(ringCells1), s.ring(int32(i)), s.record(int32(i))
		if qualities == nil {
			return
		}
		for n := ring.First(); n <= ring.Newest; n++ {
			q := meter.Quality(qualities[n%ringCells1])
			if q == meter.Unknown || q > meter.Bad {
				r.err = fmt.Errorf("series %s: cell %d has quality %d", s.ids[i], n, q)
				return
			}
			v, _ := ring.At(n)
			ring.Set(n, v, q)
			// That release counted open cells too.
			if n > ring.Newest-int64(s.len.Open) && q.Accepted() {
				rec.accepted = max(rec.accepted-1, 0)
			}
		}
	}
}

// readScaling1 takes what a scaler of that release did not know from its moments.
func readScaling1(s *slabs, r *reader) { readScalers(s, r, 3, false) }

// readWaiting1 takes the numbers of models as they are: that release gave 1 to 31, and reused them.
func readWaiting1(s *slabs, r *reader) {
	readLayout(s, r)
	r.byte() // the number that was given last
	readVersions(s, r, mostVersions1)
	for i := range s.ids {
		old := r.take(s.waiting.Bytes1())
		if r.err != nil {
			return
		}
		s.waiting.Read1(s.held.row(int32(i)), old)
	}
	checkWaiting(s, r)
}

func readHidden1(s *slabs, r *reader) {
	readFresh(s, r)
	r.take(8 * s.hidden * len(s.ids)) // one h and one c each
	for i := range s.ids {
		s.record(int32(i)).fresh = false
	}
}

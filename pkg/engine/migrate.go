package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// The first version of a state has rings of 384 cells and one hidden state. Its rings and scales
// are converted. Its hidden states are computed from the rings at each series' next reading, as
// after a change of the model.

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
			since: int64(r.uint64()), newest: int64(r.uint64()),
			known: int32(r.uint32()), accepted: int32(r.uint32()), phase: int32(r.uint32()),
		}
		r.bit() // whether a reading off the grid came last
		if unit != "" {
			rec.kind = meter.KindOf(unit)
		}
		rec.last = rec.newest*meter.IntervalSeconds + int64(rec.phase)
		// That release forecast each origin once.
		rec.heard, rec.issued, rec.accepted = rec.newest, rec.newest, min(
			rec.accepted,
			series.ScalerCells,
		)
		if r.err == nil && rec.known > ringCells1 {
			r.err = fmt.Errorf("series %s: ring of %d cells", id, rec.known)
		}
		addSeries(s, r, id, unit, rec)
	}
}

// readSeries2 reads records without the mark of stale series: those series count as past until
// their next reading.
func readSeries2(s *slabs, r *reader) { readRecords(s, r, false) }

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
			// That release counted open cells as well.
			if n > ring.Newest-series.OpenCells && q.Accepted() {
				rec.accepted = max(rec.accepted-1, 0)
			}
		}
	}
}

// readScaling1 derives the mean absolute value, which version 1 lacks, from the moments.
func readScaling1(s *slabs, r *reader) { readScalers(s, r, 3) }

// readWaiting1 keeps the numbers of the models. Release 0.1.0 gave the numbers 1 to 31 and reused
// them.
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

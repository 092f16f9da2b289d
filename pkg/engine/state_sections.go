package engine

import (
	"fmt"
	"slices"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

func writeSeries(s *slabs) []byte {
	data := byteOrder.AppendUint32(nil, uint32(len(s.ids)))
	data = byteOrder.AppendUint32(data, uint32(s.len.Ring))
	for i, id := range s.ids {
		rec := s.record(int32(i))
		data = appendText(data, id.Site)
		data = appendText(data, id.Meter)
		data = appendText(data, s.units[i])
		for _, v := range [...]int64{rec.since, rec.newest, rec.Heard, rec.issued, rec.Last} {
			data = byteOrder.AppendUint64(data, uint64(v))
		}
		for _, v := range [...]int32{
			rec.known, rec.accepted, rec.Interval, rec.Phase, rec.Set, rec.Step, rec.Coarse,
		} {
			data = byteOrder.AppendUint32(data, uint32(v))
		}
		data = byteOrder.AppendUint32(data, rec.revision)
		data = byteOrder.AppendUint32(data, rec.born)
		data = byteOrder.AppendUint32(data, uint32(rec.viewOf))
		data = append(data, byte(rec.Kind), bit(rec.Begun), bit(rec.live), bit(rec.stale))
	}
	return data
}

// mostCell bounds what a damaged time may ask for.
const mostCell = 1 << 40

func readSeries(s *slabs, r *reader) {
	readRecords(s, r, func() record {
		var rec record
		for _, v := range [...]*int64{&rec.since, &rec.newest, &rec.Heard, &rec.issued, &rec.Last} {
			*v = int64(r.uint64())
		}
		for _, v := range [...]*int32{
			&rec.known, &rec.accepted, &rec.Interval, &rec.Phase, &rec.Set, &rec.Step, &rec.Coarse,
		} {
			*v = int32(r.uint32())
		}
		rec.revision, rec.born, rec.viewOf = r.uint32(), r.uint32(), int32(r.uint32())
		rec.Kind, rec.Begun, rec.live, rec.stale = meter.Kind(r.byte()), r.bit(), r.bit(), r.bit()
		return rec
	})
}

// readRecords reads who the series are, and what next reads of each.
func readRecords(s *slabs, r *reader, next func() record) {
	n, cells := int(r.uint32()), r.uint32()
	if r.err == nil && int(cells) != s.len.Ring {
		r.err = fmt.Errorf("rings of %d cells, this release keeps %d", cells, s.len.Ring)
	}
	for i := 0; i < n && r.err == nil; i++ {
		id, unit := meter.ID{Site: r.text(), Meter: r.text()}, r.text()
		addSeries(s, r, id, unit, next())
	}
}

// addSeries makes the row of a record if an engine can have written it.
func addSeries(s *slabs, r *reader, id meter.ID, unit string, rec record) {
	if r.err != nil {
		return
	}
	if !rec.Begun || int64(rec.Interval) != s.len.Interval ||
		rec.viewOf != 0 && !grid.Native(rec.viewOf) || rec.Set != 0 && !grid.Native(rec.Set) ||
		rec.Phase < 0 || rec.Phase >= rec.Interval || rec.Step < 0 || rec.Step > meter.DaySeconds ||
		rec.Kind > meter.Register {
		r.err = fmt.Errorf(
			"series %s: of %s, intervals of %d s (set %d) from %d s on, readings every %d s",
			id, rec.Kind, rec.Interval, rec.Set, rec.Phase, rec.Step,
		)
		return
	}
	if rec.known < 0 || int(rec.known) > s.len.Ring || rec.newest < int64(rec.known)-1 ||
		rec.newest > mostCell || rec.accepted < 0 || int(rec.accepted) > s.len.Scale {
		r.err = fmt.Errorf(
			"series %s: ring of %d cells up to cell %d, %d accepted",
			id, rec.known, rec.newest, rec.accepted,
		)
		return
	}
	begun := rec.since <= rec.newest ||
		rec.known == 0 && rec.since == rec.newest+1 // a view that lost its only cell
	if !begun || rec.Heard > mostCell || rec.issued > mostCell || rec.Last > mostCell {
		r.err = fmt.Errorf(
			"series %s: began at cell %d, heard at %d until %d, forecast at %d, newest cell %d",
			id, rec.since, rec.Heard, rec.Last, rec.issued, rec.newest,
		)
		return
	}
	if _, twice := s.index[id]; twice {
		r.err = fmt.Errorf("series %s stands twice", id)
		return
	}
	slot := s.add(id, unit)
	if *s.record(slot) = rec; rec.viewOf != 0 {
		s.views++
	}
}

func writeValues(s *slabs) []byte {
	data := make([]byte, 0, 4*s.len.Ring*len(s.ids))
	s.values.each(len(s.ids), func(run []float32) { data = appendFloats(data, run) })
	return data
}

func readValues(s *slabs, r *reader) { s.values.each(len(s.ids), r.floats) }

func writeQuality(s *slabs) []byte {
	data := make([]byte, 0, s.quality.width*len(s.ids))
	s.quality.each(len(s.ids), func(run []byte) { data = append(data, run...) })
	return data
}

func readQuality(s *slabs, r *reader) {
	s.quality.each(len(s.ids), func(run []byte) { copy(run, r.take(len(run))) })
	for i := range s.ids {
		ring := s.ring(int32(i))
		for k := range s.len.Ring {
			if q := ring.Quality.At(k); q > meter.Bad && r.err == nil {
				r.err = fmt.Errorf("series %s: cell %d of the ring has quality %d", s.ids[i], k, q)
			}
		}
		for n := ring.First(); n <= ring.Newest; n++ {
			if _, q := ring.At(n); q == meter.Unknown && r.err == nil {
				r.err = fmt.Errorf("series %s: cell %d was never written", s.ids[i], n)
			}
		}
	}
}

const scalingBytes = 4*8 + 8 + 4*4 + 2

func writeScaling(s *slabs) []byte {
	data := make([]byte, 0, len(s.ids)*scalingBytes)
	for i := range s.ids {
		c := s.scale(int32(i))
		for _, v := range [...]float64{c.Weight, c.Mean, c.Square, c.Absolute} {
			data = appendFloat64(data, v)
		}
		data = byteOrder.AppendUint64(data, uint64(c.Taken))
		data = appendFloats(data, []float32{
			c.Scaler.Center, c.Scaler.Scale, c.Scaler.Unit, c.Scaler.Usual,
		})
		data = append(data, bit(c.Ready), c.Young)
	}
	return data
}

func readScaling(s *slabs, r *reader) { readScalers(s, r, 4, true) }

// readScaling2 reads scales of series of a week and more: younger ones had none.
func readScaling2(s *slabs, r *reader) { readScalers(s, r, 4, false) }

// readScalers reads scalers of that many numbers, with how young they are or without.
func readScalers(s *slabs, r *reader, numbers int, young bool) {
	for i := range s.ids {
		c, rec := s.scale(int32(i)), s.record(int32(i))
		c.Weight, c.Mean, c.Square, c.Absolute = r.float64(), r.float64(), r.float64(), r.float64()
		c.Taken = int64(r.uint64())
		four := [4]float32{3: float32(c.Absolute)}
		r.floats(four[:numbers])
		c.Curve = s.curve
		c.Scaler = series.Scaler{Center: four[0], Scale: four[1], Unit: four[2], Usual: four[3]}
		c.Ready = r.bit()
		if young {
			c.Young = r.byte()
		}
		if r.err != nil {
			return
		}
		least, oldest := s.len.Scale, rec.newest-int64(s.len.Open)
		if c.Young > 0 { // it is made anew when the series has grown, and not moved meanwhile
			least, oldest = int(c.Young)*s.len.Day, s.first(int32(i))
		}
		if c.Ready && int(rec.known) < least || c.Young > 0 && !c.Ready {
			r.err = fmt.Errorf("series %s: scale ready in a ring of %d cells", s.ids[i], rec.known)
		} else if c.Ready && (c.Taken > rec.newest || c.Taken < oldest || !(c.Scaler.Scale > 0)) {
			r.err = fmt.Errorf(
				"series %s: scale %v from cells up to %d of %d",
				s.ids[i], c.Scaler.Scale, c.Taken, rec.newest,
			)
		}
	}
}

// maxHidden bounds what a damaged length may ask for.
const maxHidden = 512

func writeHidden(s *slabs) []byte {
	n := len(s.ids)
	data := byteOrder.AppendUint32(make([]byte, 0, 4+n+16*n*s.hidden), uint32(s.hidden))
	for i := range s.ids {
		data = append(data, bit(s.record(int32(i)).fresh))
	}
	for _, states := range []*slab[float32]{&s.live, &s.settled} {
		states.each(n, func(run []float32) { data = appendFloats(data, run) })
	}
	return data
}

func readHidden(s *slabs, r *reader) {
	readFresh(s, r)
	s.live.each(len(s.ids), r.floats)
	s.settled.each(len(s.ids), r.floats)
}

// readFresh reads the width and who has states, and makes room for them.
func readFresh(s *slabs, r *reader) {
	hidden := int(r.uint32())
	if r.err == nil && hidden > maxHidden {
		r.err = fmt.Errorf("%d hidden units, at most %d are known", hidden, maxHidden)
	}
	if r.err != nil {
		return
	}
	s.useHidden(hidden)
	for i := range s.ids {
		rec := s.record(int32(i))
		if rec.fresh = r.bit(); rec.fresh && (hidden == 0 || !s.scale(int32(i)).Ready) {
			r.err = fmt.Errorf("series %s: a hidden state without a model or a scale", s.ids[i])
		}
	}
}

// absurdBit of the quality of a value says that it is absurd beside what else was said.
const absurdBit = 0x80

func writeAside(s *slabs) []byte {
	data := byteOrder.AppendUint32(nil, uint32(len(s.flagged)))
	for i := range s.ids { // in the order of the rows: a map has none
		all, ok := s.flagged[int32(i)]
		if !ok {
			continue
		}
		data = byteOrder.AppendUint32(data, uint32(i))
		data = byteOrder.AppendUint32(data, uint32(len(all)))
		for _, a := range all {
			data = byteOrder.AppendUint64(data, uint64(a.cell))
			data = append(appendFloats(data, []float32{a.value}), byte(a.quality)|bit(a.absurd)*absurdBit)
		}
	}
	return data
}

// readAside1 reads version 1, which has values of open cells alone.
func readAside1(s *slabs, r *reader) { readRaws(s, r, s.len.Open) }

func readAside(s *slabs, r *reader) { readRaws(s, r, s.len.Ring) }

// readRaws reads raw values of the newest cells of each series, at most as many as are asked for.
func readRaws(s *slabs, r *reader, newest int) {
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		slot, count := r.uint32(), r.uint32()
		if r.err == nil && (int(slot) >= len(s.ids) || s.flagged[int32(slot)] != nil ||
			count < 1 || int(count) > newest) {
			r.err = fmt.Errorf("row %d of %d with %d values", slot, len(s.ids), count)
		}
		if r.err != nil {
			return
		}
		ring := s.ring(int32(slot))
		all := make([]raw, count)
		for i := range all {
			a := raw{cell: int64(r.uint64())}
			var value [1]float32
			r.floats(value[:])
			said := r.byte()
			if newest > s.len.Open { // since version 2
				a.absurd = said&absurdBit != 0
				said &^= absurdBit
			}
			a.value, a.quality = value[0], meter.Quality(said)
			if r.err == nil && (!a.quality.Accepted() || !ring.Has(a.cell) ||
				a.cell <= ring.Newest-int64(newest) || i > 0 && a.cell <= all[i-1].cell) {
				r.err = fmt.Errorf(
					"series %s: %s value of cell %d, the newest is %d",
					s.ids[slot], a.quality, a.cell, ring.Newest,
				)
			}
			all[i] = a
		}
		s.flagged[int32(slot)] = slices.Clip(all)
	}
}

package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
)

func writeExtra(s *slabs) []byte {
	data := byteOrder.AppendUint32(nil, uint32(len(s.extras)))
	for i := range s.ids {
		x, ok := s.extras[int32(i)]
		if !ok {
			continue
		}
		data = byteOrder.AppendUint32(data, uint32(i))
		data = byteOrder.AppendUint32(data, uint32(x.step))
		data = append(byteOrder.AppendUint64(data, uint64(x.from)), bit(x.told))
		for _, list := range [][]moment{x.moments, x.strays, x.held} {
			data = byteOrder.AppendUint32(data, uint32(len(list)))
			for _, m := range list {
				data = byteOrder.AppendUint64(data, uint64(m.second))
				data = append(appendFloat64(data, m.value), byte(m.quality))
			}
		}
	}
	return data
}

// maxMoments is more than the open cells and some ahead of them hold at the
// finest step.
const maxMoments = 1 << 20

func readExtra(s *slabs, r *reader) {
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		slot, step, from, told := r.uint32(), r.uint32(), int64(r.uint64()), r.bit()
		if r.err != nil {
			return
		}
		if int(slot) >= len(s.ids) || s.extras[int32(slot)] != nil || step != 0 && (step < meter.LeastIntervalSeconds || step > meter.IntervalSeconds || meter.IntervalSeconds%step != 0) || from < 0 || from > mostCell {
			r.err = fmt.Errorf("row %d of %d with readings every %d s from cell %d on", slot, len(s.ids), step, from)
			return
		}
		x := &extra{step: int32(step), told: told, from: from}
		for _, list := range []*[]moment{&x.moments, &x.strays, &x.held} {
			readMoments(r, list)
		}
		if len(x.held) > 1 && r.err == nil {
			r.err = fmt.Errorf("series %s: %d readings held far ahead of it", s.ids[slot], len(x.held))
		}
		s.extras[int32(slot)] = x
	}
}

func readMoments(r *reader, list *[]moment) {
	count := r.uint32()
	if r.err == nil && count > maxMoments {
		r.err = fmt.Errorf("%d readings of one series", count)
	}
	for i := 0; i < int(count) && r.err == nil; i++ {
		m := moment{int64(r.uint64()), r.float64(), meter.Quality(r.byte())}
		if r.err == nil && (m.second < 0 || m.second > mostCell*meter.IntervalSeconds || !meter.Finite(m.value) || m.quality < meter.OK || m.quality > meter.Bad || i > 0 && m.second <= (*list)[i-1].second) {
			r.err = fmt.Errorf("reading %v of %s at %d", m.value, m.quality, m.second)
		}
		*list = append(*list, m)
	}
}

package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// mostPoints is more readings of one series than pkg/grid keeps.
const mostPoints = 1 << 20

func writeReadings(s *slabs) []byte {
	data := byteOrder.AppendUint32(nil, uint32(len(s.states)))
	for i := range s.ids {
		r, ok := s.states[int32(i)]
		if !ok {
			continue
		}
		data = byteOrder.AppendUint32(data, uint32(i))
		data = byteOrder.AppendUint64(data, uint64(r.told))
		data = append(data, bit(r.held != nil), bit(r.raw != nil))
		if r.held != nil {
			data = appendPoint(data, *r.held)
		}
		if r.raw == nil {
			continue
		}
		data = append(data, bit(r.raw.Young))
		data = byteOrder.AppendUint64(data, uint64(r.raw.First))
		data = byteOrder.AppendUint64(data, uint64(r.raw.From))
		data = byteOrder.AppendUint32(data, uint32(len(r.raw.Points)))
		for _, p := range r.raw.Points {
			data = appendPoint(data, p)
		}
	}
	return data
}

func appendPoint(data []byte, p grid.Point) []byte {
	data = appendFloat64(byteOrder.AppendUint64(data, uint64(p.Second)), p.Value)
	data = byteOrder.AppendUint32(byteOrder.AppendUint32(data, uint32(p.Span)), uint32(p.Step))
	return append(data, byte(p.Quality), bit(p.Waiting), bit(p.Counted))
}

func readReadings(s *slabs, r *reader) {
	for n := r.uint32(); n > 0 && r.err == nil; n-- {
		slot, told, held, raw := r.uint32(), int64(r.uint64()), r.bit(), r.bit()
		if r.err == nil && (int(slot) >= len(s.ids) || s.states[int32(slot)] != (readings{})) {
			r.err = fmt.Errorf("row %d of %d", slot, len(s.ids))
		}
		if r.err != nil {
			return
		}
		kept := readings{told: told}
		if held {
			p := r.point()
			r.checkPoint([]grid.Point{p})
			kept.held = &p
		}
		if raw {
			kept.raw = readRaw(r)
		}
		if kept == (readings{}) && r.err == nil {
			r.err = fmt.Errorf("series %s: no readings", s.ids[slot])
		}
		s.states[int32(slot)] = kept
	}
}

func readRaw(r *reader) *grid.Raw {
	raw := &grid.Raw{Young: r.bit(), First: int64(r.uint64()), From: int64(r.uint64())}
	count := r.uint32()
	if r.err == nil && count > mostPoints {
		r.err = fmt.Errorf("%d readings of one series", count)
	}
	for i := 0; i < int(count) && r.err == nil; i++ {
		p := r.point()
		if p.Waiting {
			raw.Strays++
		}
		raw.Points = append(raw.Points, p)
		r.checkPoint(raw.Points)
	}
	return raw
}

func (r *reader) point() grid.Point {
	return grid.Point{
		Second: int64(r.uint64()), Value: r.float64(), Span: int32(r.uint32()), Step: int32(r.uint32()),
		Quality: meter.Quality(r.byte()), Waiting: r.bit(), Counted: r.bit(),
	}
}

// checkPoint refuses a last point that no engine can have written.
func (r *reader) checkPoint(points []grid.Point) {
	i := len(points) - 1
	p := points[i]
	if r.err == nil && (p.Second < 0 || p.Second > mostCell || !meter.Finite(p.Value) ||
		p.Quality < meter.OK || p.Quality > meter.Bad ||
		p.Span < 0 || p.Span > meter.HourSeconds || p.Step < 0 || p.Step > meter.HourSeconds ||
		i > 0 && p.Second <= points[i-1].Second) {
		r.err = fmt.Errorf("reading %v of %s at %d, of %d s", p.Value, p.Quality, p.Second, p.Span)
	}
}

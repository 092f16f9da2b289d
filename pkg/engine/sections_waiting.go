package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	mostLevels  = 99
	mostHorizon = 7 * meter.DayCells
)

func writeWaiting(s *slabs) []byte {
	data := byteOrder.AppendUint32(make([]byte, 0, 64+s.held.width*len(s.ids)), uint32(s.waiting.Horizon()))
	data = byteOrder.AppendUint16(data, uint16(len(s.waiting.Levels())))
	for _, level := range s.waiting.Levels() {
		data = appendFloat64(data, level)
	}
	data = append(data, byte(s.makers.last))
	data = byteOrder.AppendUint16(data, uint16(len(s.makers.versions)))
	for _, version := range s.makers.versions {
		data = appendText(data, version)
	}
	s.held.each(len(s.ids), func(run []byte) { data = append(data, run...) })
	return data
}

func readWaiting(s *slabs, r *reader) {
	horizon, n := int(r.uint32()), int(r.uint16())
	if r.err == nil && (horizon < 1 || horizon > mostHorizon || n > mostLevels) {
		r.err = fmt.Errorf("forecasts of %d levels to lead %d, at most %d and %d are known", n, horizon, mostLevels, mostHorizon)
	}
	if r.err != nil {
		return
	}
	levels := make([]float64, n)
	for i := range levels {
		levels[i] = r.float64()
	}
	waiting, err := accuracy.NewWaiting(levels, horizon)
	if err != nil {
		r.err = err
		return
	}
	s.layOut(waiting)
	last, count := int(r.byte()), int(r.uint16())
	if r.err == nil && (count > mostMakers || last > count || last == 0 && count > 0) {
		r.err = fmt.Errorf("model %d of %d made the newest forecast, at most %d are known", last, count, mostMakers)
	}
	if r.err != nil {
		return
	}
	for range count {
		s.makers.versions = append(s.makers.versions, r.text())
	}
	s.makers.last = last
	s.held.each(len(s.ids), func(run []byte) { copy(run, r.take(len(run))) })
	for i := range s.ids {
		if r.err != nil {
			return
		}
		row := s.held.row(int32(i))
		waiting.Made(row, func(who uint8) uint8 {
			if code, number := unpackMaker(who); number > count || code < 1 || code > len(sourceCodes) {
				r.err = fmt.Errorf("series %s: a forecast made by model %d of %d, source %d", s.ids[i], number, count, code)
			}
			return who
		})
		if err := waiting.Check(row, s.record(int32(i)).newest); err != nil && r.err == nil {
			r.err = fmt.Errorf("series %s: %w", s.ids[i], err)
		}
	}
}

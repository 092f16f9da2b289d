package engine

import (
	"fmt"

	"github.com/loadtide/loadtide/pkg/accuracy"
)

const (
	mostLevels = 99
	mostDays   = 7 // the longest horizon
)

func writeWaiting(s *slabs) []byte {
	size := 64 + (s.held.width+1)*len(s.ids)
	data := byteOrder.AppendUint32(make([]byte, 0, size), uint32(s.waiting.Horizon()))
	data = byteOrder.AppendUint16(data, uint16(len(s.waiting.Levels())))
	for _, level := range s.waiting.Levels() {
		data = appendFloat64(data, level)
	}
	data = byteOrder.AppendUint16(data, uint16(len(s.versions)))
	for _, version := range s.versions {
		data = appendText(data, version)
	}
	s.held.each(len(s.ids), func(run []byte) { data = append(data, run...) })
	for i := range s.ids {
		data = append(data, bit(s.record(int32(i)).reported))
	}
	return data
}

func readWaiting(s *slabs, r *reader) {
	readLayout(s, r)
	readVersions(s, r, mostVersions)
	if r.err != nil {
		return
	}
	s.held.each(len(s.ids), func(run []byte) { copy(run, r.take(len(run))) })
	for i := range s.ids {
		s.record(int32(i)).reported = r.bit()
	}
	checkWaiting(s, r)
}

// readLayout reads the levels and the horizon of the waiting forecasts and makes room for them.
func readLayout(s *slabs, r *reader) {
	horizon, n := int(r.uint32()), int(r.uint16())
	if most := mostDays * s.len.Day; r.err == nil &&
		(horizon < 1 || horizon > most || n > mostLevels) {
		r.err = fmt.Errorf("forecasts of %d levels to lead %d, at most %d and %d are known",
			n, horizon, mostLevels, most)
	}
	if r.err != nil {
		return
	}
	levels := make([]float64, n)
	for i := range levels {
		levels[i] = r.float64()
	}
	waiting, err := accuracy.NewWaiting(levels, horizon, s.len.Day/24)
	if err != nil {
		r.err = err
		return
	}
	s.layOut(waiting)
}

func readVersions(s *slabs, r *reader, most int) {
	count := int(r.uint16())
	if r.err == nil && count > most {
		r.err = fmt.Errorf("%d versions of models, at most %d are known", count, most)
	}
	for i := 0; i < count && r.err == nil; i++ {
		s.versions = append(s.versions, r.text())
	}
}

// checkWaiting returns an error for a waiting forecast that no engine can have kept.
func checkWaiting(s *slabs, r *reader) {
	for i := range s.ids {
		if r.err != nil {
			return
		}
		row := s.held.row(int32(i))
		s.waiting.Renumber(row, func(by accuracy.Maker) accuracy.Maker {
			if int(by.Model) > len(s.versions) || int(by.Source) > len(sourceCodes) {
				r.err = fmt.Errorf("series %s: a forecast made by model %d of %d, source %d",
					s.ids[i], by.Model, len(s.versions), by.Source)
			}
			return by
		})
		if err := s.waiting.Check(row, s.record(int32(i)).newest); err != nil && r.err == nil {
			r.err = fmt.Errorf("series %s: %w", s.ids[i], err)
		}
	}
}

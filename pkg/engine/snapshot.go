package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/loadtide/loadtide/pkg/series"
)

// Section is one named part of the engine's state, little-endian. A section
// carries its own version from the first byte, so that another can be added
// without touching what is written already.
type Section struct {
	Name    string
	Version uint16
	Data    []byte
}

const sectionVersion = 1

// Names of the sections.
const (
	sectionSeries  = "series"       // ids, units, counters
	sectionValues  = "ring.values"  // float32 [series][RingCells]
	sectionQuality = "ring.quality" // uint8 [series][RingCells]
	sectionScaling = "scaling"      // moments and scaler
	sectionHidden  = "hidden"       // width, freshness, h, c
)

var byteOrder = binary.LittleEndian

// Snapshot copies the whole state. Bringing it back with Restore and the same
// model gives an engine that goes on with the same bytes.
func (e *Engine) Snapshot() []Section {
	s := &e.slabs
	n := len(s.ids)
	head := byteOrder.AppendUint32(nil, uint32(n))
	head = byteOrder.AppendUint32(head, series.RingCells)
	for i := range n {
		head = appendText(head, s.ids[i].Site)
		head = appendText(head, s.ids[i].Meter)
		head = appendText(head, s.units[i])
		head = byteOrder.AppendUint64(head, uint64(s.since[i]))
		head = byteOrder.AppendUint64(head, uint64(s.newest[i]))
		head = byteOrder.AppendUint32(head, uint32(s.known[i]))
		head = byteOrder.AppendUint32(head, uint32(s.accepted[i]))
		head = byteOrder.AppendUint32(head, uint32(s.phase[i]))
		head = append(head, bit(s.offGrid[i]))
	}
	quality := make([]byte, len(s.quality))
	for i, q := range s.quality {
		quality[i] = byte(q)
	}
	scaling := make([]byte, 0, n*scalingBytes)
	for i := range s.scaling {
		c := &s.scaling[i]
		for _, v := range [...]float64{c.Weight, c.Mean, c.Square, c.Absolute} {
			scaling = byteOrder.AppendUint64(scaling, math.Float64bits(v))
		}
		scaling = byteOrder.AppendUint64(scaling, uint64(c.Taken))
		scaling = appendFloats(scaling, []float32{c.Scaler.Center, c.Scaler.Scale, c.Scaler.Unit})
		scaling = append(scaling, bit(c.Ready))
	}
	hidden := byteOrder.AppendUint32(make([]byte, 0, 4+n+8*len(s.h)), uint32(s.hidden))
	for _, f := range s.fresh {
		hidden = append(hidden, bit(f))
	}
	hidden = appendFloats(appendFloats(hidden, s.h), s.c)
	return []Section{
		{sectionSeries, sectionVersion, head},
		{sectionValues, sectionVersion, appendFloats(make([]byte, 0, 4*len(s.values)), s.values)},
		{sectionQuality, sectionVersion, quality},
		{sectionScaling, sectionVersion, scaling},
		{sectionHidden, sectionVersion, hidden},
	}
}

const scalingBytes = 4*8 + 8 + 3*4 + 1

// Restore replaces the state by that of a snapshot. SetModel must have been
// called with the model in force when it was taken, if there was one. A section
// this release does not know, or does not find, or that holds what no engine
// can have written, is an error, and the engine is left as it was.
func (e *Engine) Restore(sections []Section) error {
	data := map[string][]byte{}
	for _, sec := range sections {
		if _, twice := data[sec.Name]; twice {
			return fmt.Errorf("state section %q stands twice", sec.Name)
		}
		if sec.Version != sectionVersion {
			return fmt.Errorf("state section %q has version %d, this release reads %d: use the release that wrote it", sec.Name, sec.Version, sectionVersion)
		}
		data[sec.Name] = sec.Data
	}
	next := newSlabs()
	next.curve = e.slabs.curve
	for _, part := range []struct {
		name string
		read func(*slabs, *reader)
	}{
		{sectionSeries, readSeries}, {sectionValues, readValues}, {sectionQuality, readQuality},
		{sectionScaling, readScaling}, {sectionHidden, readHidden},
	} {
		bytes, ok := data[part.name]
		if !ok {
			return fmt.Errorf("state section %q is missing", part.name)
		}
		delete(data, part.name)
		r := &reader{rest: bytes}
		part.read(&next, r)
		if r.err == nil && len(r.rest) > 0 {
			r.err = fmt.Errorf("%d bytes too many", len(r.rest))
		}
		if r.err != nil {
			return fmt.Errorf("state section %q: %w", part.name, r.err)
		}
	}
	for name := range data {
		return fmt.Errorf("state section %q is not known to this release: use the release that wrote it", name)
	}
	if want := e.slabs.hidden; next.hidden != want {
		return fmt.Errorf("state section %q: hidden states of %d units, the model in force has %d", sectionHidden, next.hidden, want)
	}
	e.slabs = next
	return nil
}

func readSeries(s *slabs, r *reader) {
	n, cells := int(r.uint32()), r.uint32()
	if r.err == nil && cells != series.RingCells {
		r.err = fmt.Errorf("rings of %d cells, this release keeps %d", cells, series.RingCells)
	}
	for i := 0; i < n && r.err == nil; i++ {
		id := series.ID{Site: r.text(), Meter: r.text()}
		unit := r.text()
		since, newest, known, accepted, phase := int64(r.uint64()), int64(r.uint64()), int32(r.uint32()), int32(r.uint32()), int32(r.uint32())
		offGrid := r.bit()
		if r.err == nil && (known < 0 || known > series.RingCells || newest < int64(known)-1 || accepted < 0 || phase < 0 || phase >= Interval) {
			r.err = fmt.Errorf("series %s: ring of %d cells up to cell %d, %d accepted, phase %d", id, known, newest, accepted, phase)
		}
		if _, twice := s.index[id]; twice {
			r.err = fmt.Errorf("series %s stands twice", id)
		}
		if r.err == nil {
			slot := s.add(id, unit, phase)
			s.since[slot], s.newest[slot], s.known[slot], s.accepted[slot], s.offGrid[slot] = since, newest, known, accepted, offGrid
		}
	}
}

func readValues(s *slabs, r *reader) { r.floats(s.values) }

func readQuality(s *slabs, r *reader) {
	for i, b := range r.take(len(s.quality)) {
		if s.quality[i] = series.Quality(b); s.quality[i] > series.Bad {
			r.err = fmt.Errorf("cell %d has quality %d", i, b)
		}
	}
}

func readScaling(s *slabs, r *reader) {
	for i := range s.scaling {
		c := &s.scaling[i]
		c.Weight, c.Mean, c.Square, c.Absolute = r.float64(), r.float64(), r.float64(), r.float64()
		c.Taken = int64(r.uint64())
		var three [3]float32
		r.floats(three[:])
		c.Curve, c.Scaler = s.curve, series.Scaler{Center: three[0], Scale: three[1], Unit: three[2]}
		c.Ready = r.bit()
		if r.err != nil {
			return
		}
		if c.Ready != (s.accepted[i] >= series.ScalerCells) || c.Ready && s.known[i] < series.ScalerCells {
			r.err = fmt.Errorf("series %s: scale ready %v with %d readings in a ring of %d cells", s.ids[i], c.Ready, s.accepted[i], s.known[i])
		} else if c.Ready && (c.Taken > s.newest[i] || c.Taken < s.newest[i]-series.LatenessCells || !(c.Scaler.Scale > 0)) {
			r.err = fmt.Errorf("series %s: scale %v from cells up to %d of %d", s.ids[i], c.Scaler.Scale, c.Taken, s.newest[i])
		}
	}
}

// maxHidden bounds what a damaged length may ask for.
const maxHidden = 512

func readHidden(s *slabs, r *reader) {
	hidden := int(r.uint32())
	if r.err == nil && hidden > maxHidden {
		r.err = fmt.Errorf("%d hidden units, at most %d are known", hidden, maxHidden)
	}
	if r.err != nil {
		return
	}
	s.useHidden(hidden)
	for i := range s.fresh {
		if s.fresh[i] = r.bit(); s.fresh[i] && (hidden == 0 || !s.scaling[i].Ready) {
			r.err = fmt.Errorf("series %s: a hidden state without a model or a scale", s.ids[i])
		}
	}
	r.floats(s.h)
	r.floats(s.c)
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendText(dst []byte, s string) []byte {
	return append(byteOrder.AppendUint16(dst, uint16(len(s))), s...)
}

func appendFloats(dst []byte, values []float32) []byte {
	for _, v := range values {
		dst = byteOrder.AppendUint32(dst, math.Float32bits(v))
	}
	return dst
}

// reader takes fields off the front of a section and remembers the first fault.
type reader struct {
	rest []byte
	err  error
}

var errShort = errors.New("ends too early")

func (r *reader) take(n int) []byte {
	if r.err != nil || n > len(r.rest) {
		if r.err == nil {
			r.err = errShort
		}
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return byteOrder.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return byteOrder.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return byteOrder.Uint64(b)
	}
	return 0
}

func (r *reader) float64() float64 { return math.Float64frombits(r.uint64()) }

func (r *reader) bit() bool {
	b := r.take(1)
	if b != nil && b[0] > 1 {
		r.err = fmt.Errorf("a mark of %d, neither 0 nor 1", b[0])
	}
	return b != nil && b[0] == 1
}

func (r *reader) text() string { return string(r.take(int(r.uint16()))) }

func (r *reader) floats(dst []float32) {
	b := r.take(4 * len(dst))
	for i := range len(b) / 4 {
		dst[i] = math.Float32frombits(byteOrder.Uint32(b[4*i:]))
	}
}

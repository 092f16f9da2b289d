package engine

import (
	"errors"
	"fmt"
	"math"
)

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func appendFloat64(dst []byte, v float64) []byte {
	return byteOrder.AppendUint64(dst, math.Float64bits(v))
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

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
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

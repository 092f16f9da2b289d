package onnx

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	pw "google.golang.org/protobuf/encoding/protowire"
)

// tensorReader gathers a tensor's fields, which come in any order.
type tensorReader struct {
	t        Tensor
	raw      []byte // raw_data, little endian
	hasRaw   bool
	external bool
}

func readTensor(f field) (Tensor, error) {
	var r tensorReader
	if err := f.message(r.field); err != nil {
		return r.t, err
	}
	return r.t, r.fill()
}

func (r *tensorReader) field(f field) error {
	switch f.num {
	case tensorDim:
		return f.integers(&r.t.Dims, maxDims)
	case tensorType:
		return f.integer((*int64)(&r.t.Type))
	case tensorName:
		return f.text(&r.t.Name, maxText)
	case tensorRaw:
		if f.kind != pw.BytesType || r.hasRaw {
			return errors.New("its data is there twice, or is no bytes")
		}
		r.raw, r.hasRaw = f.bytes, true
		return nil
	case tensorFloats:
		return r.floats(f)
	case tensorInts:
		return f.integers(&r.t.Ints, maxIntegers)
	case tensorExternal:
		r.external = true
		return nil
	case tensorLocation:
		r.external = r.external || f.value != 0
		return nil
	case tensorDoc:
		return nil
	default:
		return f.unknown()
	}
}

// floats appends repeated floats, packed or not.
func (r *tensorReader) floats(f field) error {
	switch {
	case f.kind == pw.Fixed32Type:
		r.t.Floats = append(r.t.Floats, math.Float32frombits(uint32(f.value)))
	case f.kind == pw.BytesType && len(f.bytes)%4 == 0:
		r.t.Floats = appendFloats(r.t.Floats, f.bytes)
	default:
		return errors.New("cut short within its floats")
	}
	return nil
}

func appendFloats(to []float32, raw []byte) []float32 {
	for ; len(raw) > 0; raw = raw[4:] {
		to = append(to, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return to
}

// fill checks what was gathered and turns raw data into elements.
func (r *tensorReader) fill() error {
	t := &r.t
	if r.external {
		return errors.New(
			"keeps its data in another file (external data), which is not followed: save the model with " +
				"all data inside",
		)
	}
	elements := int64(1)
	for _, d := range t.Dims {
		if d < 0 || d > MaxSize {
			return fmt.Errorf("has a dimension of %d, must be 0 to %d", d, MaxSize)
		}
		// Neither factor passes MaxSize, so that the product cannot overflow.
		if elements *= d; elements > MaxSize {
			return fmt.Errorf("has more elements than any file holds: %v", t.Dims)
		}
	}
	have, width := len(t.Floats), 4
	switch t.Type {
	case Float:
	case Int64:
		have, width = len(t.Ints), 8
		if elements > maxIntegers {
			return fmt.Errorf("has %d integers, at most %d are read", elements, maxIntegers)
		}
	default:
		return fmt.Errorf("unknown data type %v, this program reads %v and %v", t.Type, Float, Int64)
	}
	if n := len(t.Floats) + len(t.Ints); r.hasRaw && n > 0 || n != have {
		return errors.New("has data of more than one kind")
	}
	if r.hasRaw {
		if int64(len(r.raw)) != elements*int64(width) {
			return fmt.Errorf(
				"holds %d bytes, its shape %v needs %d",
				len(r.raw), t.Dims, elements*int64(width),
			)
		}
		if t.Type == Float {
			t.Floats = appendFloats(make([]float32, 0, elements), r.raw)
			return nil
		}
		for raw := r.raw; len(raw) > 0; raw = raw[8:] {
			t.Ints = append(t.Ints, int64(binary.LittleEndian.Uint64(raw)))
		}
		return nil
	}
	if int64(have) != elements {
		return fmt.Errorf("holds %d elements, its shape %v needs %d", have, t.Dims, elements)
	}
	return nil
}

package model

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/loadtide/loadtide/pkg/nn"
)

// weights.bin, all numbers little endian:
//
//	magic [8]  version u16  arrays u16 (2)  lstm u32  head u32
//	lstm float32 [lstm]  head float32 [head]
//	crc u32: CRC32C of all before it
const (
	weightsMagic   = "LTWGHT\x1a\n"
	weightsVersion = 1
	weightsStart   = len(weightsMagic) + 2 + 2 + 4 + 4
	crcLen         = 4

	// MaxWeights is the largest weights.bin, in bytes.
	MaxWeights = 64 << 20
)

// weightsSize is the length of the file of a shape.
func weightsSize(s nn.Shape) int {
	return weightsStart + 4*(s.LSTMParams()+s.HeadParams()) + crcLen
}

func encodeWeights(lstm, head []float32) []byte {
	b := make([]byte, 0, weightsStart+4*(len(lstm)+len(head))+crcLen)
	b = append(b, weightsMagic...)
	b = binary.LittleEndian.AppendUint16(b, weightsVersion)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(lstm)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(head)))
	for _, array := range [][]float32{lstm, head} {
		for _, w := range array {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(w))
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// decodeWeights reads the weights of a shape and refuses any other length.
func decodeWeights(b []byte, s nn.Shape) (lstm, head []float32, err error) {
	if len(b) < weightsStart+crcLen {
		return nil, nil, fmt.Errorf("cut short: %d bytes, at least %d are needed", len(b), weightsStart+crcLen)
	}
	if string(b[:len(weightsMagic)]) != weightsMagic {
		return nil, nil, fmt.Errorf("does not begin like weights")
	}
	at := b[len(weightsMagic):]
	if v := binary.LittleEndian.Uint16(at); v != weightsVersion {
		return nil, nil, fmt.Errorf("unknown version %d, this program reads %d", v, weightsVersion)
	}
	if n := binary.LittleEndian.Uint16(at[2:]); n != 2 {
		return nil, nil, fmt.Errorf("%d arrays, 2 are needed", n)
	}
	for i, want := range []int{s.LSTMParams(), s.HeadParams()} {
		if n := binary.LittleEndian.Uint32(at[4+4*i:]); int64(n) != int64(want) {
			return nil, nil, fmt.Errorf("%d %s weights, the shape of %s needs %d", n, []string{"lstm", "head"}[i], specFile, want)
		}
	}
	switch want := weightsSize(s); {
	case len(b) < want:
		return nil, nil, fmt.Errorf("cut short: %d of %d bytes", len(b), want)
	case len(b) > want:
		return nil, nil, fmt.Errorf("%d bytes after the end", len(b)-want)
	}
	body := b[:len(b)-crcLen]
	if crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(b[len(body):]) {
		return nil, nil, fmt.Errorf("wrong checksum")
	}
	all := make([]float32, s.LSTMParams()+s.HeadParams())
	for i := range all {
		all[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[weightsStart+4*i:]))
	}
	lstm, head = all[:s.LSTMParams()], all[s.LSTMParams():]
	return lstm, head, checkWeights(lstm, head, s)
}

// checkWeights refuses arrays that are not of the shape, or hold NaN or Inf.
func checkWeights(lstm, head []float32, s nn.Shape) error {
	for _, a := range []struct {
		name   string
		values []float32
		want   int
	}{{"lstm", lstm, s.LSTMParams()}, {"head", head, s.HeadParams()}} {
		if len(a.values) != a.want {
			return fmt.Errorf("%d %s weights, the shape needs %d", len(a.values), a.name, a.want)
		}
		for i, w := range a.values {
			if !finite(w) {
				return fmt.Errorf("%s weight %d is %v", a.name, i, w)
			}
		}
	}
	return nil
}

func finite(x float32) bool { return x-x == 0 }

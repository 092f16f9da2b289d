package parquet

import (
	"bytes"
	endian "encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// maxCell is how many bytes of a text are read: names of series are shorter.
const maxCell = 256

// appendCell appends a value as the text of a field of delimited text. What is no number is empty.
func (c *column) appendCell(dst, value []byte) []byte {
	switch {
	case value == nil:
		return dst
	case c.kind == kindBool:
		return strconv.AppendBool(dst, value[0] == 1)
	case c.kind == kindInt96:
		return appendInt96(dst, value)
	case c.kind == kindFloat:
		return appendFloat(dst, float64(math.Float32frombits(endian.LittleEndian.Uint32(value))), 32)
	case c.kind == kindDouble:
		return appendFloat(dst, math.Float64frombits(endian.LittleEndian.Uint64(value)), 64)
	case c.kind == kindBytes || c.kind == kindFixed:
		return c.appendBytes(dst, value)
	}
	n := int64(int32(endian.LittleEndian.Uint32(value)))
	if c.kind == kindInt64 {
		n = int64(endian.LittleEndian.Uint64(value))
	}
	return c.appendInt(dst, n)
}

func (c *column) appendInt(dst []byte, n int64) []byte {
	switch c.means {
	case meansUnsigned:
		if c.kind == kindInt32 {
			return strconv.AppendUint(dst, uint64(uint32(n)), 10)
		}
		return strconv.AppendUint(dst, uint64(n), 10)
	case meansDecimal:
		return appendDecimal(dst, big.NewInt(n), c.scale)
	case meansDate:
		return appendTime(dst, n*meter.DaySeconds, time.DateOnly)
	case meansTime:
		return appendTime(dst, meter.FloorDiv(n, c.perUnit), time.TimeOnly)
	case meansTimestamp:
		return appendTime(dst, meter.FloorDiv(n, c.perUnit), time.RFC3339)
	case meansLocal:
		return appendTime(dst, meter.FloorDiv(n, c.perUnit), "2006-01-02T15:04:05")
	case meansNumber, meansText, meansHalf, meansUUID:
	}
	return strconv.AppendInt(dst, n, 10)
}

// The years 1 to 9999, which have four digits.
const firstSecond, lastSecond = -62_135_596_800, 253_402_300_799

// appendTime appends a time, or its seconds when its year has no four digits.
func appendTime(dst []byte, seconds int64, form string) []byte {
	if seconds < firstSecond || seconds > lastSecond {
		return strconv.AppendInt(dst, seconds, 10)
	}
	return time.Unix(seconds, 0).UTC().AppendFormat(dst, form)
}

func (c *column) appendBytes(dst, value []byte) []byte {
	switch {
	case c.means == meansDecimal:
		return appendDecimal(dst, signedBig(value), c.scale)
	case c.means == meansUUID && len(value) == 16:
		return fmt.Appendf(dst, "%x-%x-%x-%x-%x",
			value[:4], value[4:6], value[6:8], value[8:10], value[10:])
	case c.means == meansHalf && len(value) == 2:
		return appendFloat(dst, half(endian.LittleEndian.Uint16(value)), 32)
	}
	value = value[:min(len(value), maxCell)]
	if !bytes.ContainsAny(value, "\"\r\n") {
		return append(append(append(dst, '"'), value...), '"')
	}
	dst = append(dst, '"')
	for _, b := range value {
		switch b {
		case '"':
			dst = append(dst, '"', '"')
		case '\n', '\r':
			dst = append(dst, ' ')
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// appendFloat appends a number; a NaN is what pandas writes for no value.
func appendFloat(dst []byte, v float64, size int) []byte {
	if math.IsNaN(v) {
		return dst
	}
	form := byte('g')
	if v == math.Trunc(v) && math.Abs(v) < 1e19 { // 1.7675712e+12 may be a time
		form = 'f'
	}
	return strconv.AppendFloat(dst, v, form, -1, size)
}

// appendInt96 appends a time of nanoseconds in a Julian day.
func appendInt96(dst, value []byte) []byte {
	const epochDay = 2_440_588
	nanos := int64(endian.LittleEndian.Uint64(value))
	day := int64(endian.LittleEndian.Uint32(value[8:])) - epochDay
	return appendTime(dst, day*meter.DaySeconds+meter.FloorDiv(nanos, int64(time.Second)),
		"2006-01-02T15:04:05")
}

// half returns a number of 16 bits.
func half(b uint16) float64 {
	exponent, fraction := int(b>>10&0x1f), float64(b&0x3ff)
	v := 0.0
	switch exponent {
	case 0:
		v = math.Ldexp(fraction, -24)
	case 0x1f:
		v = math.Inf(1)
		if fraction != 0 {
			return math.NaN()
		}
	default:
		v = math.Ldexp(1024+fraction, exponent-25)
	}
	if b>>15 == 1 {
		return -v
	}
	return v
}

// signedBig reads a number in two's complement, its first byte first.
func signedBig(value []byte) *big.Int {
	value = value[:min(len(value), 32)]
	n := new(big.Int).SetBytes(value)
	if len(value) > 0 && value[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(value))))
	}
	return n
}

// appendDecimal appends a number of so many digits behind the point.
func appendDecimal(dst []byte, n *big.Int, scale int) []byte {
	digits := n.Text(10)
	if digits[0] == '-' {
		dst, digits = append(dst, '-'), digits[1:]
	}
	for len(digits) <= scale {
		digits = "0" + digits
	}
	dst = append(dst, digits[:len(digits)-scale]...)
	if scale == 0 {
		return dst
	}
	return append(append(dst, '.'), digits[len(digits)-scale:]...)
}

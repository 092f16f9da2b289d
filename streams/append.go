package streams

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/loadtide/loadtide/pkg/meter"
)

// appendString appends s as a JSON string. Broken UTF-8 becomes the replacement character.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
			dst = append(append(dst, s[start:i]...), `\ufffd`...)
			i++
			start = i
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			const hex = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// appendID appends the name of a series as a JSON string. A valid name needs no escapes.
func appendID(dst []byte, id meter.ID) []byte {
	if !id.Valid() {
		return appendString(dst, id.String())
	}
	dst = append(append(append(dst, '"'), id.Site...), '.')
	return append(append(dst, id.Meter...), '"')
}

// appendTime appends t as a JSON string, RFC 3339 in UTC.
func appendTime(dst []byte, t time.Time) []byte {
	dst = append(dst, '"')
	dst = t.UTC().AppendFormat(dst, time.RFC3339Nano)
	return append(dst, '"')
}

// appendMillis appends t as appendTime does, cut to milliseconds.
func appendMillis(dst []byte, t time.Time) []byte { return appendTime(dst, toMillis(t)) }

// toMillis is t in UTC, cut to milliseconds.
func toMillis(t time.Time) time.Time { return t.Truncate(time.Millisecond).UTC() }

func appendModel(dst []byte, m *Model) []byte {
	dst = append(dst, `{"name":`...)
	dst = appendString(dst, m.Name)
	dst = append(dst, `,"version":`...)
	dst = appendString(dst, m.Version)
	dst = append(dst, `,"digest":`...)
	dst = appendString(dst, m.Digest)
	return append(dst, '}')
}

// appendFloat appends a float64 with the digits that read back as the same number. A number that is
// not finite becomes null.
func appendFloat(dst []byte, v float64) []byte {
	if !meter.Finite(v) {
		return append(dst, "null"...)
	}
	return strconv.AppendFloat(dst, v, 'g', -1, 64)
}

// powers of ten; all are exact in a float64.
const powers = 10

func pow10(n int) float64 {
	return [powers]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}[n]
}

// appendRounded appends a float32 rounded to 5 significant digits, halves to even, without an
// exponent between 1e-5 and 1e9. A forecast has over a hundred such numbers, and strconv takes four
// times as long for them. The digits equal those of strconv: with at most 9 decimal places the
// scaled value has no more than 45 bits, so the product is exact.
func appendRounded(dst []byte, v float32) []byte {
	f := float64(v)
	if f < 0 {
		dst = append(dst, '-')
		f = -f
	}
	switch {
	case f == 0:
		return append(dst, '0')
	case !(f >= 1e-5 && f < 1e9): // also NaN
		if !meter.Finite(f) {
			if n := len(dst); n > 0 && dst[n-1] == '-' {
				dst = dst[:n-1]
			}
			return append(dst, "null"...)
		}
		return strconv.AppendFloat(dst, f, 'e', 4, 64)
	}
	e := 0 // decimal exponent: 10^e <= f < 10^(e+1)
	if f >= 1 {
		for e < powers-1 && f >= pow10(e+1) {
			e++
		}
	} else {
		for e = -1; f*pow10(-e) < 1; e-- {
		}
	}
	var scaled float64
	if e <= 4 {
		scaled = f * pow10(4-e)
	} else {
		scaled = f / pow10(e-4)
	}
	n := uint32(math.RoundToEven(scaled))
	if n == 100000 {
		n, e = 10000, e+1
	}
	var digits [5]byte
	for i := 4; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	used := 5
	for used > 1 && digits[used-1] == '0' {
		used--
	}
	if e < 0 {
		dst = append(dst, "0.00000"[:2-e-1]...)
		return append(dst, digits[:used]...)
	}
	if used <= e+1 {
		dst = append(dst, digits[:used]...)
		return append(dst, "000000000"[:e+1-used]...)
	}
	dst = append(dst, digits[:e+1]...)
	dst = append(dst, '.')
	return append(dst, digits[e+1:used]...)
}

package parquet

import (
	"math"
	"strings"
	"testing"
)

func TestHalf(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint16]float64{
		0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504,
		0x0001: math.Ldexp(1, -24), 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if got := half(bits); got != want {
			t.Errorf("%x: %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(half(0x7e00)) {
		t.Error("0x7e00 is a number")
	}
}

// Blocks of LZ4 are unpacked to the size that is said, or refused.
func TestLZ4(t *testing.T) {
	t.Parallel()
	for block, want := range map[string]string{
		"\x50hello":               "hello",
		"\x14a\x01\x00\x10b":      "aaaaaaaaab",
		"\x24ab\x02\x00\x00":      "ababababab",
		"\xf0\x00aaaaaaaaaaaaaaa": strings.Repeat("a", 15),
		"\x1fa\x01\x00\x05\x10b":  strings.Repeat("a", 1+4+15+5) + "b",
	} {
		got, err := unpackLZ4([]byte(block), int64(len(want)))
		if err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", block, got, err)
		}
		if _, err := unpackLZ4([]byte(block), int64(len(want))-1); err == nil {
			t.Errorf("%q fits in a byte less", block)
		}
		framed := "\x00\x00\x00" + string(rune(len(want))) +
			"\x00\x00\x00" + string(rune(len(block))) + block
		for kind, data := range map[string]string{"framed": framed, "alone": block} {
			got, err := unpackHadoopLZ4([]byte(data), int64(len(want)))
			if err != nil || string(got) != want {
				t.Errorf("%s %q: %q, %v", kind, block, got, err)
			}
		}
	}
	for _, block := range []string{
		"\x10", "\x14a\x00\x00", "\x14a\x02\x00", "\x14a\x01", "\xf0", "\x1fa\x01\x00\xff",
		"\x14a\x01\x00\x10b", // which unpacks to less
	} {
		if _, err := unpackLZ4([]byte(block), 100); err == nil {
			t.Errorf("%q is taken", block)
		}
	}
}

// TestAppendFloat: whole numbers have no exponent, as they may be times.
func TestAppendFloat(t *testing.T) {
	t.Parallel()
	for v, want := range map[float64]string{
		1_767_571_200_000: "1767571200000", -3e9: "-3000000000", 0.5: "0.5", 1e-9: "1e-09", 1e300: "1e+300",
	} {
		if got := string(appendFloat(nil, v, 64)); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

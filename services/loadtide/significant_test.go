package main

import (
	"math"
	"testing"
)

func TestSignificant(t *testing.T) {
	t.Parallel()
	for want, v := range map[string]float64{
		"20876": 20876.4, "9999": 9999.4, "10000": 9999.6, "12.35": 12.3456, "-20876": -20876.4,
		"0.08234": 0.082341, "0": 0, "123456789012": 123456789012, "1.235e+13": 1.2345678e13,
		"NaN": math.NaN(), "+Inf": math.Inf(1),
	} {
		if got := significant(v, 4); got != want {
			t.Errorf("%v: got %s, want %s", v, got, want)
		}
	}
}

package plot

import (
	"math"
	"testing"
)

// luminance as in WCAG 2.
func luminance(t tint) float64 {
	linear := func(shift int) float64 {
		c := float64(t>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}

func contrast(a, b tint) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestColoursCanBeTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		a, b tint
		want float64
	}{
		{"text", ink, ground, 4.5},
		{"text on the future", ink, future, 4.5},
		{"secondary text", muted, ground, 4.5},
		{"readings on the dark band", ink, band50, 3},
		{"naive rule on the dark band", muted, band50, 3},
		{"median on the dark band", blue, band50, 3},
		{"base line", border, ground, 3},
	} {
		if got := contrast(c.a, c.b); got < c.want {
			t.Errorf("contrast of %s is %.1f, want %v", c.name, got, c.want)
		}
	}
}

package plot

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestLinesFitAndKeepTheirWords(t *testing.T) {
	t.Parallel()
	p, err := newPen(SVG, Size{100, 100})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringMatching(`([a-z0-9.]{1,12} ?){0,30}`),
			rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 60), func(b []byte) string { return string(b) }),
		).Draw(t, "text")
		width := rapid.Float64Range(20, 2000).Draw(t, "width")
		lines := rapid.IntRange(1, 3).Draw(t, "lines")
		l := letter{size: 12, bold: rapid.Bool().Draw(t, "bold")}

		out := p.wrap(l, text, width, lines)
		if len(out) > lines {
			t.Fatalf("%d lines, want at most %d", len(out), lines)
		}
		for _, line := range append(out, p.cut(l, text, width)) {
			if p.width(l, line) > width {
				t.Fatalf("%q is %v wide, want at most %v", line, p.width(l, line), width)
			}
		}
		if whole := strings.Join(out, " "); !strings.Contains(whole, "…") {
			if want := strings.Fields(clean(text)); !slices.Equal(strings.Fields(whole), want) {
				t.Fatalf("%q without a mark of what was left out, want %q", whole, want)
			}
		}
	})
}

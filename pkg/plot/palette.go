package plot

import "image/color"

// tint is a colour as 0xrrggbb.
type tint uint32

// The tints, on a light ground. The contrast of text is at least 4.5, that of lines 3, also where
// they cross a band. Legend and order tell the bands apart.
const (
	ground tint = 0xffffff
	future tint = 0xf7f8fa // right of now
	ink    tint = 0x1a2330 // text, readings, now
	muted  tint = 0x55606e // secondary text, naive rules
	blue   tint = 0x0b63b0 // median, ours
	band80 tint = 0xd3e3f1 // 8 of 10
	band50 tint = 0x9dc1df // 5 of 10
	border tint = 0x7a8491 // axis, zero line
	grid   tint = 0xe3e7ec
)

func (t tint) rgba() color.RGBA {
	return color.RGBA{R: uint8(t >> 16), G: uint8(t >> 8), B: uint8(t), A: 0xff}
}

// stroke is the look of a line. dash is on, off, on, off in pixels, nil for a solid line.
type stroke struct {
	tint  tint
	width float64
	dash  []float64
}

func solid(t tint, width float64) stroke { return stroke{tint: t, width: width} }

// dotted is the line of the naive forecast in a fan.
func dotted() stroke { return stroke{tint: muted, width: 2, dash: []float64{2, 3}} }

// maxRules is how many dash patterns can be told apart.
const maxRules = 5

// ruleStroke returns the line of the nth naive rule. All rules are grey, and each has its own dash.
func ruleStroke(n int) stroke {
	dashes := [maxRules][]float64{{2, 3}, {9, 4}, {14, 4, 2, 4}, {5, 3}, {14, 3, 2, 3, 2, 3}}
	return stroke{tint: muted, width: 1.5, dash: dashes[n]}
}

// letter is the look of a text; size is in pixels.
type letter struct {
	size float64
	bold bool
	tint tint
}

// Sizes of text, readable in a picture of 1200 x 800 that is shown at its own size.
func pageTitle() letter  { return letter{size: 20, bold: true, tint: ink} }
func panelTitle() letter { return letter{size: 14, bold: true, tint: ink} }
func plain() letter      { return letter{size: 12, tint: ink} }
func quiet() letter      { return letter{size: 12, tint: muted} }

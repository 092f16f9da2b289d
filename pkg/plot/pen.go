package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	imagefont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// pixel is 1/96 inch in the unit of the canvas, so that PNG and SVG have the size in pixels that
// the caller gives.
const (
	pixel       = vg.Inch / dotsPerInch
	dotsPerInch = 96
)

// pen draws in pixels, y downwards, on a raster or vector canvas.
type pen struct {
	canvas        vg.Canvas
	writer        io.WriterTo
	height        float64
	regular, bold *opentype.Font
	advances      map[glyph]float64 // widths of letters of one pixel
}

// glyph is a letter in one of the fonts.
type glyph struct {
	letter rune
	bold   bool
}

func newPen(format Format, size Size) (*pen, error) {
	p := &pen{height: float64(size.Height), advances: map[glyph]float64{}}
	width, height := vg.Length(size.Width)*pixel, vg.Length(size.Height)*pixel
	switch format {
	case PNG:
		canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(dotsPerInch))
		p.canvas, p.writer = canvas, vgimg.PngCanvas{Canvas: canvas}
	case SVG:
		canvas := vgsvg.New(width, height)
		p.canvas, p.writer = canvas, canvas
	default:
		return nil, fmt.Errorf("format %q is unknown: take png or svg", string(format))
	}
	var err error
	if p.regular, err = opentype.Parse(liberationsansregular.TTF); err != nil {
		return nil, fmt.Errorf("parse regular font: %w", err)
	}
	if p.bold, err = opentype.Parse(liberationsansbold.TTF); err != nil {
		return nil, fmt.Errorf("parse bold font: %w", err)
	}
	return p, nil
}

// encode returns the bytes of the file. An SVG has a title for screen readers. It names font
// families of the same widths for machines without Liberation, because embedded fonts would make
// the file twenty times as large.
func (p *pen) encode(title string) ([]byte, error) {
	var out bytes.Buffer
	if _, err := p.writer.WriteTo(&out); err != nil {
		return nil, err
	}
	if !p.vector() {
		return out.Bytes(), nil
	}
	var escaped bytes.Buffer
	if err := xml.EscapeText(&escaped, []byte(clean(title))); err != nil {
		return nil, err
	}
	picture := bytes.Replace(
		out.Bytes(), []byte("<g "), []byte("<title>"+escaped.String()+"</title>\n<g "), 1,
	)
	return bytes.ReplaceAll(picture, []byte("font-family:Liberation Sans;"),
		[]byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif;")), nil
}

func (p *pen) at(q point) vg.Point {
	return vg.Point{X: vg.Length(q.x) * pixel, Y: vg.Length(p.height-q.y) * pixel}
}

func (p *pen) path(points []point) vg.Path {
	path := make(vg.Path, 0, len(points)+1)
	for i, q := range points {
		if i == 0 {
			path.Move(p.at(q))
			continue
		}
		path.Line(p.at(q))
	}
	return path
}

// line draws an open path.
func (p *pen) line(s stroke, points ...point) {
	p.canvas.SetColor(s.tint.rgba())
	p.canvas.SetLineWidth(vg.Length(s.width) * pixel)
	dash := make([]vg.Length, len(s.dash))
	for i, d := range s.dash {
		dash[i] = vg.Length(d) * pixel
	}
	p.canvas.SetLineDash(dash, 0)
	p.canvas.Stroke(p.path(points))
}

// fill paints a polygon without an outline.
func (p *pen) fill(t tint, points ...point) {
	path := p.path(points)
	path.Close()
	p.canvas.SetColor(t.rgba())
	p.canvas.Fill(path)
}

func (p *pen) fillRect(t tint, r rect) {
	p.fill(
		t, point{r.left, r.top}, point{r.right, r.top}, point{r.right, r.bottom},
		point{r.left, r.bottom},
	)
}

// dot paints a disc.
func (p *pen) dot(t tint, centre point, radius float64) {
	var path vg.Path
	path.Move(p.at(point{centre.x + radius, centre.y}))
	path.Arc(p.at(centre), vg.Length(radius)*pixel, 0, 2*math.Pi)
	path.Close()
	p.canvas.SetColor(t.rgba())
	p.canvas.Fill(path)
}

// Alignment of a text: the share of its width that lies left of its point.
const (
	fromLeft  = 0
	centred   = 0.5
	fromRight = 1
)

// text writes one line; at is on the base line. On a raster it writes letter by letter, because
// kerning rounded to whole pixels lets figures such as 11 touch.
func (p *pen) text(l letter, at point, align float64, text string) {
	text = clean(text)
	face := p.face(l)
	p.canvas.SetColor(l.tint.rgba())
	at = point{math.Round(at.x - align*p.width(l, text)), math.Round(at.y)}
	if p.vector() {
		p.canvas.FillString(face, p.at(at), text)
		return
	}
	for _, r := range text {
		p.canvas.FillString(face, p.at(at), string(r))
		at.x += p.advance(l, r)
	}
}

// width returns the width of a line of text in pixels, without kerning.
func (p *pen) width(l letter, text string) float64 {
	width := 0.0
	for _, r := range clean(text) {
		width += p.advance(l, r)
	}
	return width
}

// advance returns the width of one letter in pixels. It looks a letter up once, because fonts
// scale.
func (p *pen) advance(l letter, r rune) float64 {
	g := glyph{r, l.bold}
	width, ok := p.advances[g]
	if !ok {
		face := p.face(letter{size: 1, bold: l.bold})
		width = float64(face.Width(string(r)) / pixel)
		p.advances[g] = width
	}
	return width * l.size
}

func (p *pen) vector() bool {
	_, vector := p.canvas.(*vgsvg.Canvas)
	return vector
}

func (p *pen) face(l letter) font.Face {
	f := font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Length(l.size) * pixel}
	if l.bold {
		f.Weight = imagefont.WeightBold
		return font.Face{Font: f, Face: p.bold}
	}
	return font.Face{Font: f, Face: p.regular}
}

// clean returns a text as one line that XML can express: names of series come from outside.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

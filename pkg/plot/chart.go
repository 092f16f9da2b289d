package plot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Chart is what [Write] can draw: [Fan], [Fans], [ByLead], [Calibration], [LossCurve] or [Report].
type Chart interface {
	// check returns why the chart cannot be drawn, with field and value, or nil.
	check() error
	// sizes returns the usual size, and the least size at which nothing overlaps.
	sizes() (usual, least Size)
	// name returns the text for people who cannot see the picture.
	name() string
	// draw draws into area, which is at least the least size. check has returned nil.
	draw(p *pen, area rect)
}

// Size of a picture in pixels of 1/96 inch. The zero Size means the usual one of the chart.
type Size struct{ Width, Height int }

// largest bounds width and height, so that a mistyped size does not take all memory: 8192 squared
// is 256 MiB.
const largest = 8192

// Format is the encoding of a picture.
type Format string

// Formats that can be written.
const (
	PNG Format = "png"
	SVG Format = "svg"
)

// FormatOf reads the format from the end of a file's name, .png or .svg. Commands call it before
// the work, so that a backtest of minutes does not end with a name that cannot be written.
func FormatOf(path string) (Format, error) {
	extension := filepath.Ext(path)
	switch format := Format(strings.ToLower(strings.TrimPrefix(extension, "."))); format {
	case PNG, SVG:
		return format, nil
	default:
		return "", fmt.Errorf(
			"plot file %q ends in %q: name a file that ends in .png or .svg",
			path, extension,
		)
	}
}

// Write draws the chart into a file, in the format of the file's name. It replaces a file that
// exists, in a folder that must exist. When the chart cannot be drawn, Write writes nothing.
func Write(path string, size Size, chart Chart) error {
	format, err := FormatOf(path)
	if err != nil {
		return err
	}
	picture, err := Encode(format, size, chart)
	if err != nil {
		return fmt.Errorf("draw %s: %w", path, err)
	}
	if err := os.WriteFile(path, picture, 0o644); err != nil {
		return fmt.Errorf("write plot: %w: name a file in a folder that exists and may be written", err)
	}
	return nil
}

// Encode draws the chart and returns the bytes of the file. The same chart in the same size gives
// the same bytes. Errors name the field and the value that cannot be drawn.
func Encode(format Format, size Size, chart Chart) ([]byte, error) {
	if err := chart.check(); err != nil {
		return nil, err
	}
	usual, least := chart.sizes()
	if size == (Size{}) {
		size = usual
	}
	if size.Width < least.Width || size.Height < least.Height || size.Width > largest ||
		size.Height > largest {
		return nil, fmt.Errorf(
			"size %d x %d: this chart needs at least %d x %d pixels and at most %d x %d",
			size.Width, size.Height, least.Width, least.Height, largest, largest,
		)
	}
	p, err := newPen(format, size)
	if err != nil {
		return nil, err
	}
	page := rect{right: float64(size.Width), bottom: float64(size.Height)}
	p.fillRect(ground, page)
	chart.draw(p, page.inset(pagePadding))
	picture, err := p.encode(chart.name())
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", format, err)
	}
	return picture, nil
}

package plot

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Chart is what [Write] can draw: [Fan], [Fans], [ByLead], [Calibration], [LossCurve] or [Report].
type Chart interface {
	// check says what keeps the chart from being drawn, naming field and value.
	check() error
	// sizes are the size of choice and the least one at which nothing overlaps.
	sizes() (usual, least Size)
	// name is read out where the picture cannot be seen.
	name() string
	// draw fills area; check has passed and area is at least the least size.
	draw(p *pen, area rect)
}

// Size of a picture in pixels of 1/96 inch. The zero Size means the usual one of the chart.
type Size struct{ Width, Height int }

// largest keeps a mistyped size from taking all memory: 8192 squared is 256 MiB.
const largest = 8192

// Format is how a picture is encoded.
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

// Write draws the chart into the file, which is replaced; the format follows the name. Nothing is
// written when the chart cannot be drawn. The folder must exist.
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

// Encode draws the chart and returns the file's bytes, which are the same for the same chart and
// size. Errors name the field and the value that cannot be drawn.
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

package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// allCharts has one of each kind.
func allCharts() map[string]Chart {
	fan := dailyFan("Next 24 h: 11.8 kWh, peak at 18:00", "kWh", 2, 0)
	return map[string]Chart{
		"fan": fan, "fans": Fans{Title: "Three series", Fans: report().Fans},
		"bylead": risingErrors(), "byday": weekAhead(), "calibration": honest(), "report": report(),
		"losscurve": falling(),
	}
}

func TestFilesHaveTheSizeAskedFor(t *testing.T) {
	t.Parallel()
	for name, chart := range allCharts() {
		usual, least := chart.sizes()
		for _, c := range []struct{ asked, want Size }{
			{Size{}, usual}, {least, least}, {Size{1003, 797}, Size{1003, 797}},
		} {
			t.Run(fmt.Sprintf("%s %dx%d", name, c.asked.Width, c.asked.Height), func(t *testing.T) {
				t.Parallel()
				path := filepath.Join(t.TempDir(), "chart.svg")
				if err := Write(path, c.asked, chart); err != nil {
					t.Fatal(err)
				}
				if got := svgSize(t, path); got != c.want {
					t.Errorf("SVG is %v, want %v", got, c.want)
				}
				if c.asked != least && name != "fan" {
					return // a raster takes its time; the size it gets is the same for all charts
				}
				path = filepath.Join(t.TempDir(), "chart.PNG")
				if err := Write(path, c.asked, chart); err != nil {
					t.Fatal(err)
				}
				raw, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				picture, err := png.Decode(bytes.NewReader(raw))
				if err != nil {
					t.Fatal(err)
				}
				if got := picture.Bounds().Size(); got.X != c.want.Width || got.Y != c.want.Height {
					t.Errorf("PNG is %v, want %v", got, c.want)
				}
			})
		}
	}
}

// svgSize parses the whole file and returns the root's size in pixels.
func svgSize(t *testing.T, path string) Size {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var width, height float64
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		root, ok := token.(xml.StartElement)
		if !ok || root.Name.Local != "svg" {
			continue
		}
		for _, a := range root.Attr {
			points, err := strconv.ParseFloat(strings.TrimSuffix(a.Value, "pt"), 64)
			switch {
			case a.Name.Local == "width" && err == nil:
				width = points
			case a.Name.Local == "height" && err == nil:
				height = points
			}
		}
	}
	return Size{int(width*96/72 + 0.5), int(height*96/72 + 0.5)}
}

func TestSameChartGivesSameBytes(t *testing.T) {
	t.Parallel()
	for name, chart := range allCharts() {
		_, least := chart.sizes()
		for _, format := range []Format{PNG, SVG} {
			t.Run(name+" "+string(format), func(t *testing.T) {
				t.Parallel()
				var pictures [2][]byte
				var group sync.WaitGroup
				for i := range pictures {
					group.Go(func() {
						picture, err := Encode(format, least, chart)
						if err != nil {
							t.Error(err)
						}
						pictures[i] = picture
					})
				}
				group.Wait()
				if !bytes.Equal(pictures[0], pictures[1]) {
					t.Error("bytes differ")
				}
			})
		}
	}
}

func TestFormatOfNamesWhatItTakes(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"out.jpg", "out", "out.", "dir.png/out", "", "png"} {
		_, err := FormatOf(path)
		if err == nil || !strings.Contains(err.Error(), ".png or .svg") ||
			!strings.Contains(err.Error(), path) {
			t.Errorf("FormatOf(%q) = %v, want an error with the name, .png and .svg", path, err)
		}
	}
	for path, want := range map[string]Format{"a.png": PNG, "A.SVG": SVG, "a.b/c.d.svg": SVG} {
		if got, err := FormatOf(path); got != want || err != nil {
			t.Errorf("FormatOf(%q) = %v, %v, want %v", path, got, err, want)
		}
	}
	if _, err := Encode("pdf", Size{}, honest()); err == nil ||
		!strings.Contains(err.Error(), `"pdf"`) {
		t.Errorf("Encode to pdf: %v, want an error that names it", err)
	}
}

func TestWriteSaysWhereItCannotWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	occupied := filepath.Join(dir, "folder.png")
	if err := os.Mkdir(occupied, 0o755); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing", "out.png")
	for _, path := range []string{missing, occupied} {
		err := Write(path, Size{}, honest())
		if err == nil || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "folder that exists") {
			t.Errorf("Write(%q) = %v, want an error with path and remedy", path, err)
		}
	}
	if err := Write(missing, Size{}, honest()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v hides its cause", err)
	}
}

func TestWriteLeavesTheOldFileWhenTheChartIsWrong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "out.svg")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := honest()
	wrong.Held = wrong.Held[1:]
	if err := Write(path, Size{}, wrong); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Write of a wrong chart: %v, want an error with the path", err)
	}
	if got, err := os.ReadFile(path); string(got) != "old" || err != nil {
		t.Errorf("file now holds %q, %v", got, err)
	}
}

func TestSizeOutOfRange(t *testing.T) {
	t.Parallel()
	for _, size := range []Size{
		{399, 600}, {600, 399}, {-1, -1}, {0, 600}, {8193, 600}, {600, 1 << 40},
	} {
		_, err := Encode(PNG, size, dailyFan("", "kWh", 1, 0))
		if err == nil || !strings.Contains(err.Error(), "at least 400 x 400") ||
			!strings.Contains(err.Error(), fmt.Sprint(size.Width)) {
			t.Errorf("size %v: %v, want an error with the size and the least one", size, err)
		}
	}
}

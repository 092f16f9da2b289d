package plot

import (
	"bytes"
	"image/png"
	"strings"
	"testing"
	"time"
)

// A chart of readings only has their line, and no word about now.
func TestReadingsAreDrawn(t *testing.T) {
	t.Parallel()
	r := Readings{Title: "a.b", Subtitle: "24 readings", Unit: "kWh", Interval: time.Hour}
	for i := range 24 {
		r.Points = append(r.Points, Point{origin().Add(time.Duration(i) * time.Hour), 50})
	}
	raw, err := Encode(PNG, Size{800, 600}, r)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil || picture.Bounds().Dx() != 800 {
		t.Fatalf("%v, %v", picture.Bounds(), err)
	}
	text, err := Encode(SVG, Size{800, 600}, r)
	if err != nil || !strings.Contains(string(text), "kWh, times in UTC") ||
		strings.Contains(string(text), ">now<") {
		t.Errorf("%v: %s", err, text)
	}
	for name, bad := range map[string]Readings{
		"no points":   {Interval: time.Hour},
		"no interval": {Points: r.Points},
		"unsorted":    {Interval: time.Hour, Points: []Point{r.Points[1], r.Points[0]}},
	} {
		if _, err := Encode(PNG, Size{800, 600}, bad); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// written is a text of a picture and its position in pixels.
type written struct {
	text  string
	place rect
}

// words reads the texts of a chart back from its SVG.
func words(t *testing.T, size Size, chart Chart) []written {
	t.Helper()
	raw, err := Encode(SVG, size, chart)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPen(SVG, Size{100, 100})
	if err != nil {
		t.Fatal(err)
	}
	var out []written
	decoder := xml.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		if !ok || start.Name.Local != "text" {
			continue
		}
		var x, y, size float64
		bold := false
		for _, a := range start.Attr {
			switch a.Name.Local {
			case "x":
				x = number(t, a.Value)
			case "y":
				y = number(t, a.Value)
			case "style":
				_, after, _ := strings.Cut(a.Value, "font-size:")
				before, _, _ := strings.Cut(after, "px")
				size = number(t, before)
				bold = strings.Contains(a.Value, "bold")
			}
		}
		var text string
		if err := decoder.DecodeElement(&text, &start); err != nil {
			t.Fatal(err)
		}
		// y is counted upwards from the bottom, in points, and mirrored: only distances matter here.
		l := letter{size: size / 0.75, bold: bold}
		out = append(out, written{text, rect{
			x / 0.75, y/0.75 - 0.72*l.size, x/0.75 + p.width(l, text), y/0.75 + 0.2*l.size,
		}})
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// crowded makes all words longer than a page is wide.
func crowded() Report {
	r := report()
	long := strings.Repeat("so many words about a single forecast ", 20)
	r.Title, r.Subtitle = long, long
	for i := range r.Fans {
		r.Fans[i].Title, r.Fans[i].Subtitle, r.Fans[i].Unit = long, strings.Repeat("x", 400), long
		r.Fans[i].NaiveName = long
	}
	r.Fans[0].Origin = r.Fans[0].Origin.In(
		time.FixedZone("a zone with a name of its own", 5*3600+1800),
	)
	r.Fans[1].Readings = nil
	r.ByLead.Title, r.ByLead.Subtitle = long, long
	r.ByLead.Ours.Name = long
	for i := range r.ByLead.Naive {
		r.ByLead.Naive[i].Name = long
	}
	r.ByLead.Naive = append(r.ByLead.Naive, r.ByLead.Naive[0])
	r.Calibration.Title, r.Calibration.Subtitle = long, long
	r.Calibration.Levels = []float64{0.5, 0.5, 0.51, 0.8, 0.999, 1}
	r.Calibration.Held = []float64{0.49, 0.48, 0.5, 0.81, 0.82, 0}
	r.Calibration.Low, r.Calibration.High = nil, nil
	return r
}

func TestWordsNeitherOverlapNorLeaveThePage(t *testing.T) {
	t.Parallel()
	charts := allCharts()
	long := crowded()
	charts["long fan"], charts["long fan without readings"] = long.Fans[0], long.Fans[1]
	charts["long fans"] = Fans{Title: long.Title, Subtitle: long.Subtitle, Fans: long.Fans}
	charts["long bylead"], charts["long calibration"] = long.ByLead, long.Calibration
	charts["long report"] = long
	for name, chart := range charts {
		_, least := chart.sizes()
		for _, size := range []Size{{}, least, {1200, 800}} {
			t.Run(fmt.Sprintf("%s %dx%d", name, size.Width, size.Height), func(t *testing.T) {
				t.Parallel()
				all := words(t, size, chart)
				if len(all) < 8 {
					t.Fatalf("%d texts, want those of axes and legend at least", len(all))
				}
				width := float64(size.Width)
				if usual, _ := chart.sizes(); size == (Size{}) {
					width = float64(usual.Width)
				}
				for i, a := range all {
					if a.place.left < 0 || a.place.right > width {
						t.Errorf("%q leaves the page: %+v of %v", a.text, a.place, width)
					}
					for _, b := range all[:i] {
						if a.place.overlaps(b.place) {
							t.Errorf("%q at %+v covers %q at %+v", a.text, a.place, b.text, b.place)
						}
					}
				}
			})
		}
	}
}

func TestLegendSpeaksInWords(t *testing.T) {
	t.Parallel()
	fan := dailyFan("Next 24 h: 11.8 kWh", "kWh", 2, 0)
	future := fan
	future.Actual, future.Naive = nil, nil
	unread := future
	unread.Readings = nil
	nameless := fan
	nameless.NaiveName = ""
	other := fan
	other.NaiveName = "same hour last week"
	wide := fan
	wide.Lower50, wide.Upper50 = nil, nil
	for name, c := range map[string]struct {
		chart         Chart
		want, without []string
	}{
		"fan": {fan, []string{
			"Next 24 h: 11.8 kWh", "readings and actuals", "median", "5 of 10 actuals fall here", "8 of 10",
			"same hour yesterday", "now", "kWh, times in UTC",
		}, nil},
		"future": {
			future, []string{"readings"},
			[]string{"readings and actuals", "same hour yesterday", "naive rule"},
		},
		"no readings":   {unread, []string{"median", "now", "kWh, times in UTC"}, []string{"readings"}},
		"no inner band": {wide, []string{"8 of 10 actuals fall here"}, []string{"5 of 10"}},
		"nameless rule": {nameless, []string{"naive rule"}, nil},
		"two rules": {
			Fans{Fans: []Fan{fan, other}}, []string{"naive rule"}, []string{"same hour yesterday"},
		},
		"one of two": {
			Fans{Fans: []Fan{future, fan}}, []string{"same hour yesterday", "readings and actuals"}, nil,
		},
		"leads": {
			risingErrors(),
			[]string{
				"load-1h v1", "mean of 7 days", "wQL, less is better", "WAPE in %, less is better",
				"hours ahead", "24",
			},
			nil,
		},
		"calibration": {
			honest(), []string{"actuals held, 95 % range", "as promised", "49.1", "promised, %"}, nil,
		},
		"without ranges": {
			Calibration{Levels: []float64{0.8}, Held: []float64{0.7}}, []string{"actuals held", "70.0"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			texts := map[string]bool{}
			for _, w := range words(t, Size{}, c.chart) {
				texts[w.text] = true
				if strings.Contains(strings.ToLower(w.text), "confidence") {
					t.Errorf("%q", w.text)
				}
			}
			for _, want := range c.want {
				if !texts[want] {
					t.Errorf("no %q in %v", want, texts)
				}
			}
			for _, without := range c.without {
				if texts[without] {
					t.Errorf("%q in %v", without, texts)
				}
			}
		})
	}
}

func TestEachRuleHasItsOwnDash(t *testing.T) {
	t.Parallel()
	b := risingErrors()
	b.Naive = append(b.Naive, Rule{Name: "fifth", WQL: b.Ours.WQL, WAPE: b.Ours.WAPE})
	raw, err := Encode(SVG, Size{}, b)
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, part := range strings.Split(string(raw), "stroke-dasharray:")[1:] {
		dash, _, _ := strings.Cut(part, ";")
		dash, _, _ = strings.Cut(dash, `"`)
		lines[dash]++
	}
	if len(lines) != 5 {
		t.Fatalf("dashes %v, want 5", lines)
	}
	for dash, n := range lines {
		if n != 3 { // legend, wQL, WAPE
			t.Errorf("dash %s is drawn %d times, want 3", dash, n)
		}
	}
}

func TestNamesFromOutsideKeepTheFileWhole(t *testing.T) {
	t.Parallel()
	fan := dailyFan("a <b> & \"c\" \x00\x1b[31m\n]]> \xff \uffff µ °C", "m³/h", 1, 0)
	var title string
	for _, w := range words(t, Size{}, fan) {
		if strings.HasPrefix(w.text, "a <b>") {
			title = w.text
		}
	}
	if want := "a <b> & \"c\" [31m ]]> \uFFFD µ °C"; title != want {
		t.Errorf("title is %q, want %q", title, want)
	}
	fan.Unit, fan.NaiveName = strings.Repeat("\xff", 500), strings.Repeat("\xff\x00", 500)
	if _, err := Encode(PNG, Size{}, fan); err != nil {
		t.Error(err)
	}
}

func TestExtremeValuesAreDrawn(t *testing.T) {
	t.Parallel()
	for _, scale := range []float64{0, 1e-320, 1e-31, 1e-9, 1, 1e6, 1e9, 1e29, math.Copysign(0, -1)} {
		for _, offset := range []float64{0, -3e29, 3e29} {
			for _, w := range words(t, Size{}, dailyFan("t", "u", scale, offset)) {
				if strings.Contains(w.text, "NaN") || strings.Contains(w.text, "Inf") || w.text == "-0" ||
					w.text == "-0.0" {
					t.Errorf("scale %v, offset %v: label %q", scale, offset, w.text)
				}
			}
		}
	}
}

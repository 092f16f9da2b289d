package plot

import (
	"bytes"
	"image"
	"image/png"
	"math"
	"testing"
	"time"
)

// flatFan has constant values, so that each column of a picture has the same colours: band80 from
// -20 to 20, band50 from -10 to 10 around the median, ten readings and ten leads.
func flatFan(reading, median float64) Fan {
	repeat := func(v float64) []float64 {
		values := make([]float64, 10)
		for i := range values {
			values[i] = v
		}
		return values
	}
	f := Fan{
		Origin: origin(), Interval: time.Hour, Median: repeat(median),
		Lower80: repeat(median - 20), Lower50: repeat(median - 10),
		Upper50: repeat(median + 10), Upper80: repeat(median + 20),
	}
	for k := -10; k < 0; k++ {
		f.Readings = append(f.Readings, Point{origin().Add(time.Duration(k) * time.Hour), reading})
	}
	return f
}

func render(t *testing.T, f Fan) *image.RGBA {
	t.Helper()
	raw, err := Encode(PNG, Size{800, 600}, f)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	opaque, ok := picture.(*image.RGBA)
	if !ok {
		t.Fatalf("picture is a %T", picture)
	}
	return opaque
}

func is(picture *image.RGBA, x, y int, want tint) bool {
	return picture.RGBAAt(x, y) == want.rgba()
}

// nowColumn returns the column that is ink from top to bottom of the frame: nothing else is that
// tall.
func nowColumn(t *testing.T, picture *image.RGBA) int {
	t.Helper()
	for x := range picture.Bounds().Dx() {
		if count(picture, x, ink) > 400 {
			return x
		}
	}
	t.Fatal("no hairline at now")
	return 0
}

// count returns how many pixels of a column have the colour.
func count(picture *image.RGBA, x int, want tint) int {
	n := 0
	for y := range picture.Bounds().Dy() {
		if is(picture, x, y, want) {
			n++
		}
	}
	return n
}

// run is a stretch of one colour in a column.
type run struct {
	tint        tint
	top, height int
}

// chartRuns returns the runs of the colours of a chart in a column below the legend, top down,
// without grid lines and blurred edges.
func chartRuns(picture *image.RGBA, x int, tints ...tint) []run {
	var runs []run
	for y := 60; y < picture.Bounds().Dy(); y++ {
		for _, c := range tints {
			if !is(picture, x, y, c) {
				continue
			}
			if last := len(runs) - 1; last >= 0 && runs[last].tint == c &&
				runs[last].top+runs[last].height == y {
				runs[last].height++
				continue
			}
			runs = append(runs, run{c, y, 1})
		}
	}
	return runs
}

func TestFanHasBandsAndMedianInPlace(t *testing.T) {
	t.Parallel()
	picture := render(t, flatFan(60, 50))
	now := nowColumn(t, picture)
	if now < 380 || now > 440 {
		t.Errorf("now is at %d, want the middle: ten intervals on both sides", now)
	}
	runs := chartRuns(picture, now+200, band80, band50, blue, ink)
	want := []tint{0xd3e3f1, 0x9dc1df, 0x0b63b0, 0x9dc1df, 0xd3e3f1}
	if len(runs) != len(want) {
		t.Fatalf("right of now: %+v, want the tints %06x", runs, want)
	}
	for i, r := range runs {
		if r.tint != want[i] {
			t.Fatalf("right of now: %+v, want the tints %06x", runs, want)
		}
	}
	if runs[2].height != 2 {
		t.Errorf("median is %d pixels high, want 2", runs[2].height)
	}
	// From 30 to 40 and 60 to 70 is as much as half of 40 to 60, without an outline between the tints.
	for _, i := range []int{0, 1, 3, 4} {
		if d := runs[i].height - runs[0].height; d < -2 || d > 2 {
			t.Errorf("bands of ten units each are %+v", runs)
		}
	}
	if runs[0].top+runs[0].height != runs[1].top || runs[3].top+runs[3].height != runs[4].top {
		t.Errorf("something lies between the bands: %+v", runs)
	}
	// The axis starts at 0: the upper end at 70 is as far from the median as the lower one at 30, and
	// 0 is the base line.
	base := chartRuns(picture, now+200, border)
	perUnit := float64(runs[0].height) / 10
	if len(base) != 1 || math.Abs(float64(base[0].top-runs[2].top)-50*perUnit) > 5 {
		t.Errorf(
			"base line at %+v, median at %d, %v pixels a unit: axis does not start at 0",
			base, runs[2].top, perUnit,
		)
	}
	left := now - (rightEnd(picture)-now)*65/100 // between two dots
	if got := chartRuns(picture, left, band80, band50, blue, future); len(got) != 0 {
		t.Errorf("left of now: %+v, want no forecast and no tinted ground", got)
	}
	got := chartRuns(picture, left, ink)
	if len(got) != 1 || got[0].height != 1 ||
		math.Abs(float64(runs[2].top-got[0].top)-10*perUnit) > 2 {
		t.Errorf("readings of 60 at %+v, median of 50 at %+v", got, runs[2])
	}
	if count(picture, now+200, future) < 100 {
		t.Error("ground right of now is not tinted")
	}
}

func TestNegativeValuesGetAZeroLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		median      float64
		above, line bool // the line lies above the median
	}{
		"positive": {median: 50}, "negative": {median: -50, above: true}, "both": {median: 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := flatFan(c.median, c.median)
			f.Lower50, f.Lower80 = f.Median, f.Median // else the bands of 5 cover values on both sides
			if name == "both" {
				f.Readings[0].Value = -5
			}
			picture := render(t, f)
			x := nowColumn(t, picture) + 200
			zero, median := chartRuns(picture, x, border), chartRuns(picture, x, blue)
			if len(zero) != 1 || len(median) != 1 {
				t.Fatalf("zero line %+v, median %+v, want one of each", zero, median)
			}
			if (zero[0].top < median[0].top) != c.above {
				t.Errorf("zero line at %d, median of %v at %d", zero[0].top, c.median, median[0].top)
			}
			if tinted := count(picture, x, future); name == "both" {
				below := 0
				for y := zero[0].top + 1; y < 600; y++ {
					if is(picture, x, y, future) {
						below++
					}
				}
				if below < 20 {
					t.Errorf("%d of %d pixels below the zero line, want room for -5", below, tinted)
				}
			}
		})
	}
}

func TestGapsAreBroken(t *testing.T) {
	t.Parallel()
	whole := flatFan(60, 50)
	missing := flatFan(60, 50)
	missing.Readings = append(missing.Readings[:4:4], missing.Readings[6:]...)
	unknown := flatFan(60, 50)
	unknown.Readings[4].Value, unknown.Readings[5].Value = math.NaN(), math.NaN()
	for name, c := range map[string]struct {
		fan  Fan
		want int // pixels of ink in the middle of intervals 3 to 6
	}{
		"whole": {whole, 4}, "missing": {missing, 2}, "not a number": {unknown, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			picture := render(t, c.fan)
			now := nowColumn(t, picture)
			step := float64(rightEnd(picture)-now) / 10
			inked := 0
			for k := 3; k <= 6; k++ {
				inked += len(chartRuns(picture, now-int((9.5-float64(k))*step), ink))
			}
			if inked != c.want {
				t.Errorf("%d of 4 intervals have ink, want %d", inked, c.want)
			}
		})
	}
}

// rightEnd returns the last column with the ground of the future.
func rightEnd(picture *image.RGBA) int {
	for x := picture.Bounds().Dx() - 1; ; x-- {
		if count(picture, x, future) > 100 {
			return x + 1
		}
	}
}

func TestActualsAndNaiveStandBesideTheForecast(t *testing.T) {
	t.Parallel()
	f := flatFan(60, 50)
	for k := range 10 {
		f.Actual = append(f.Actual, 85)
		f.Naive = append(f.Naive, 95+0*float64(k))
	}
	f.Actual[7] = math.NaN()
	picture := render(t, f)
	now := nowColumn(t, picture)
	step := float64(rightEnd(picture)-now) / 10
	middle := func(k int) int { return now + int((float64(k)+0.5)*step) }

	if got := chartRuns(picture, middle(3), ink); len(got) != 1 || got[0].height != 1 {
		t.Errorf("actuals: %+v, want a line of one pixel", got)
	}
	if got := chartRuns(picture, middle(7), ink); len(got) != 0 {
		t.Errorf("actuals in a gap: %+v", got)
	}
	var dotted, free int
	for x := now + 5; x < rightEnd(picture)-5; x++ {
		if got := chartRuns(picture, x, muted); len(got) > 0 {
			dotted++
		} else {
			free++
		}
	}
	if dotted < 100 || free < 100 {
		t.Errorf("naive rule in %d columns, none in %d: want dots", dotted, free)
	}
	readings := chartRuns(picture, now-int(1.5*step), ink)
	actuals := chartRuns(picture, middle(1), ink)
	if len(readings) != 1 || len(actuals) != 1 || actuals[0].top >= readings[0].top {
		t.Errorf("readings of 60 at %+v, actuals of 85 at %+v", readings, actuals)
	}
}

func TestReadingsHaveDotsLeftOfNow(t *testing.T) {
	t.Parallel()
	f := flatFan(60, 50)
	f.Actual = f.Upper80
	picture := render(t, f)
	now := nowColumn(t, picture)
	step := float64(rightEnd(picture)-now) / 10
	thickest := func(k float64) int {
		most := 0
		for x := now + int(k*step) - 2; x <= now+int(k*step)+3; x++ {
			for _, r := range chartRuns(picture, x, ink) {
				most = max(most, r.height)
			}
		}
		return most
	}
	for _, k := range []float64{-9, -5, -1} {
		if got := thickest(k); got < 3 {
			t.Errorf("reading %v is %d pixels high, want a dot", k, got)
		}
	}
	if got := thickest(5); got != 1 {
		t.Errorf("actual is %d pixels high, want no dot", got)
	}
}

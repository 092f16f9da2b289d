package engine

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// A reading more than LatenessSeconds ahead of its series waits for another one that is as
// near to it; what was held is given up for one that is not.
func TestFarAhead(t *testing.T) {
	t.Parallel()
	const heard, late = int64(199), int64(lateHours)
	for name, c := range map[string]struct {
		cells                    []int64 // of readings one by one
		applied, held, forfeited int     // in all
	}{
		"the last one that is not far":  {[]int64{heard + late}, 1, 0, 0},
		"the first one that is far":     {[]int64{heard + late + 1}, 0, 1, 0},
		"the same again":                {[]int64{heard + 100, heard + 100}, 0, 1, 0},
		"two that are near":             {[]int64{heard + 100, heard + 100 + late}, 2, 1, 0},
		"two that are just not near":    {[]int64{heard + 100, heard + 101 + late}, 0, 2, 1},
		"near, and the later one first": {[]int64{heard + 100 + late, heard + 100}, 2, 1, 0},
		"one in order is near":          {[]int64{heard + 1 + late, heard + 1}, 2, 1, 0},
		"one in order is just not near": {[]int64{heard + 2 + late, heard + 1}, 1, 1, 0},
		"near one that came meanwhile":  {[]int64{heard + 3 + late, heard + 1, heard + 3}, 3, 1, 0},
	} {
		e := newEngine(t, randomModel(53, 4))
		feed(e, 0, heard+1)
		applied, held, forfeited := 0, 0, 0
		for _, cell := range c.cells {
			result := e.Step([]Reading{at(cell)})
			applied, held = applied+result.Applied, held+result.Held
			for _, r := range result.Rejections {
				if r.Reason != meter.ReasonUnconfirmed || r.Held == nil {
					t.Errorf("%s: %+v", name, r)
				}
				forfeited++
			}
		}
		if applied != c.applied || held != c.held || forfeited != c.forfeited {
			t.Errorf(
				"%s: %d applied, %d held, %d given up; want %d, %d, %d",
				name,
				applied,
				held,
				forfeited,
				c.applied,
				c.held,
				c.forfeited,
			)
		}
	}
}

// A held reading that comes again with another value takes the place of the first one.
func TestHeldReadingIsCorrected(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(53, 4))
	feed(e, 0, 200)
	r := at(300)
	e.Step([]Reading{r})
	r.Value++
	if result := e.Step([]Reading{r}); result.Held != 1 || len(result.Rejections) != 1 ||
		result.Rejections[0].Held.Value != r.Value-1 {
		t.Errorf("%+v", result)
	}
	if result := e.Step([]Reading{bad(at(310))}); len(result.Rejections) != 1 ||
		result.Rejections[0].Reason != meter.ReasonBadQuality ||
		result.Rejections[0].Held != nil {
		t.Errorf("a bad one does not agree: %+v", result)
	}
}

// A series without a whole interval yet has heard something: what is far ahead of that
// waits too.
func TestFarAheadOfAYoungSeries(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]Reading{
		"part of an hour": {Series: m17, Second: epoch, Value: 1, Quality: meter.OK, Interval: 900},
		"the first hour":  {Series: m17, Second: 0, Value: 1, Quality: meter.OK},
	} {
		e := New()
		if result := e.Step([]Reading{first}); result.Applied != 1 {
			t.Fatalf("%s: %+v", name, result)
		}
		first.Second += 100 * meter.HourSeconds
		if result := e.Step([]Reading{first}); result.Held != 1 {
			t.Errorf("%s: %+v", name, result)
		}
	}
}

package dataset

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

const days = 86400

// hoursOf is a time of hours.
func hoursOf(span, horizon int64) Extent {
	return Extent{First: epoch, Last: epoch + span - meter.HourSeconds, Interval: meter.HourSeconds,
		Horizon: horizon}
}

func TestDefaultCut(t *testing.T) {
	t.Parallel()
	cut, err := DefaultCut(hoursOf(100*days, days))
	want := Cut{First: epoch, TrainUntil: epoch + 80*days, ValidUntil: epoch + 90*days,
		TestFrom: epoch + 90*days, TestUntil: epoch + 100*days}
	if err != nil || cut != want {
		t.Errorf("%+v, %v, want %+v", cut, err, want)
	}
	if got, want := cut.String(), "train 2024-10-04 to 2024-12-23, validate to 2025-01-02, test "+
		"to 2025-01-12"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestCutBefore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ days, valid int64 }{{21, 7}, {30, 7}, {35, 7}, {50, 10}, {280, 56},
		{2000, 56}} {
		until := epoch + c.days*days
		cut, err := CutBefore(hoursOf(3000*days, days), until)
		want := Cut{First: epoch, TrainUntil: until - c.valid*days, ValidUntil: until,
			TestFrom: until, TestUntil: until}
		if err != nil || cut != want {
			t.Errorf("%d days: %+v, %v, want %+v", c.days, cut, err, want)
		}
	}
}

func TestCutSaysWhatIsThereAndNeeded(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(span int64) (Cut, error){
		"default": func(span int64) (Cut, error) { return DefaultCut(hoursOf(span, 3*days)) },
		"before": func(span int64) (Cut, error) {
			return CutBefore(hoursOf(3000*days, 3*days), epoch+span)
		},
	} {
		if _, err := cut(21 * days); err != nil {
			t.Errorf("%s: 21 days: %v", name, err)
		}
		_, err := cut(21*days - meter.HourSeconds)
		if err == nil || !strings.Contains(err.Error(),
			"spans 21.0 days, training needs 21: add history") {
			t.Errorf("%s: an hour less than 21 days: %v", name, err)
		}
		if _, err := cut(5*days + days/2); err == nil ||
			!strings.Contains(err.Error(), "spans 5.5 days") {
			t.Errorf("%s: 5.5 days: %v", name, err)
		}
	}
}

// Ranges follow one another, begin on whole intervals and end with the data.
func TestCutsAreInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.Int64Range(0, 5e9).Draw(t, "first")
		interval := rapid.SampledFrom([]int64{300, 900, 1800, 3600}).Draw(t, "interval")
		horizon := rapid.Int64Range(1, 7).Draw(t, "horizon") * days
		until := first + rapid.Int64Range(31*days/interval, 100_000).Draw(t, "intervals")*interval
		extent := Extent{First: first, Last: until - interval, Interval: interval, Horizon: horizon}
		for name, cut := range map[string]func() (Cut, error){
			"default": func() (Cut, error) { return DefaultCut(extent) },
			"before":  func() (Cut, error) { return CutBefore(extent, until) },
		} {
			c, err := cut()
			if err != nil {
				t.Fatal(err)
			}
			if c.First != first || !(c.First < c.TrainUntil && c.TrainUntil < c.ValidUntil &&
				c.ValidUntil <= c.TestFrom && c.TestFrom <= c.TestUntil) || c.TestUntil != until {
				t.Fatalf("%s: %+v", name, c)
			}
			if valid := c.ValidUntil - c.TrainUntil; valid < horizon+days ||
				c.TrainUntil-first < horizon+8*days ||
				c.TestUntil > c.TestFrom && c.TestUntil-c.TestFrom < horizon+days {
				t.Fatalf("%s: %+v has a range without a whole forecast of %d s", name, c, horizon)
			}
			for _, s := range []int64{c.TrainUntil, c.ValidUntil, c.TestFrom} {
				if (s-first)%interval != 0 {
					t.Fatalf("%s: %+v cuts an interval", name, c)
				}
			}
		}
	})
}

// A horizon of a week takes more history than one of a day, and the error says so.
func TestLongHorizonsTakeMoreHistory(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(Extent) (Cut, error){
		"default": DefaultCut,
		"before":  func(e Extent) (Cut, error) { return CutBefore(e, e.until()) },
	} {
		if _, err := cut(hoursOf(31*days, 7*days)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_, err := cut(hoursOf(30*days, 7*days))
		if err == nil || !strings.Contains(err.Error(), "the data spans 30.0 days, training needs 31 "+
			"for a horizon of 7 days: add history, wait for more readings, or take a shorter horizon") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The past of a few series counts where the time of most is too short, and only as far as it is
// needed.
func TestCutReachesBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ span, reach, from int64 }{
		{30, 300, 0}, {21, 300, 0}, {15, 300, 6}, {15, 6, 6}, {15, 5, -1},
	} {
		extent := hoursOf(c.span*days, days)
		extent.Reach = c.reach * days
		for name, cut := range map[string]func(Extent) (Cut, error){
			"default": DefaultCut,
			"before":  func(e Extent) (Cut, error) { return CutBefore(e, e.until()) },
		} {
			got, err := cut(extent)
			if c.from < 0 {
				if err == nil || !strings.Contains(err.Error(), "the data spans 20.0 days") {
					t.Errorf("%s: %d days and %d before: %v", name, c.span, c.reach, err)
				}
				continue
			}
			if err != nil || got.First != epoch-c.from*days {
				t.Errorf("%s: %d days and %d before begin at %+v, %v", name, c.span, c.reach, got, err)
			}
		}
	}
}

package dataset

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

const days = 86400

func TestDefaultCut(t *testing.T) {
	t.Parallel()
	cut, err := DefaultCut(epoch, epoch+100*days-meter.HourSeconds, meter.HourSeconds)
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
		cut, err := CutBefore(epoch, until, meter.HourSeconds)
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
		"default": func(span int64) (Cut, error) {
			return DefaultCut(epoch,
				epoch+span-meter.HourSeconds, meter.HourSeconds)
		},
		"before": func(span int64) (Cut, error) { return CutBefore(epoch, epoch+span, meter.HourSeconds) },
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
		until := first + rapid.Int64Range(LeastDays*meter.DaySeconds/interval, 100_000).
			Draw(t, "intervals")*
			interval
		for name, cut := range map[string]func() (Cut, error){
			"default": func() (Cut, error) {
				return DefaultCut(first,
					until-interval, interval)
			},
			"before": func() (Cut, error) { return CutBefore(first, until, interval) },
		} {
			c, err := cut()
			if err != nil {
				t.Fatal(err)
			}
			if c.First != first || !(c.First < c.TrainUntil && c.TrainUntil < c.ValidUntil &&
				c.ValidUntil <= c.TestFrom && c.TestFrom <= c.TestUntil) || c.TestUntil != until {
				t.Fatalf("%s: %+v", name, c)
			}
			for _, s := range []int64{c.TrainUntil, c.ValidUntil, c.TestFrom} {
				if (s-first)%interval != 0 {
					t.Fatalf("%s: %+v cuts an interval", name, c)
				}
			}
		}
	})
}

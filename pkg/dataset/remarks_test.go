package dataset

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestRemarks(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	add := func(name string, hours int, value func(i int) float64) {
		for i := range hours {
			b.Add(meter.ID{Site: "s", Meter: name}, "kWh",
				firstHour*meter.HourSeconds+int64(i)*meter.HourSeconds, value(i))
		}
	}
	moving := func(i int) float64 { return float64(i % 24) }
	add("constant", 500, func(int) float64 { return 5.5 })
	add("early", 300, moving)
	add("fine", 500, moving)
	add("short", 100, moving)
	add("zero", 500, func(int) float64 { return 0 })
	// The value of the second differs from the first; the second of zero is a repeat.
	b.Add(meter.ID{Site: "s", Meter: "fine"}, "kWh", firstHour*meter.HourSeconds, 77)
	b.Add(meter.ID{Site: "s", Meter: "zero"}, "kWh", firstHour*meter.HourSeconds, 0)
	for i := range 200 {
		b.Add(meter.ID{Site: "s", Meter: "late"}, "kWh", (firstHour+500+int64(i))*meter.HourSeconds, moving(i))
	}
	got := Remarks(b.Build(), (firstHour+400)*meter.HourSeconds, (firstHour+500)*meter.HourSeconds)
	want := []string{
		"2 of 6 series hold one value all through: s.constant (5.5), s.zero (0)",
		"1 of 6 series have less than the week of readings that a champion needs; the base " +
			"model or simple rules forecast them: s.short (100)",
		"2 of 6 series end before the time that is measured, and are not scored: s.early, s.short",
		"1 of 6 series begin after the time that is measured, and are not used: s.late",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if b.Repeats() != 1 {
		t.Errorf("%d repeats, want 1", b.Repeats())
	}
}

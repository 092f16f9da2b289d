package dataset

import (
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// exclude marks hours after the epoch.
func exclude(from, until int64) meter.Mark {
	return meter.Mark{
		From: epoch + from*meter.HourSeconds, Until: epoch + until*meter.HourSeconds,
		Reason: meter.Exclude,
	}
}

// marked is a builder with n hours of a load of 5, of which those in the period are 500.
func marked(n int, period meter.Mark) *Builder {
	b := NewBuilder()
	for i := range int64(n) {
		value := 5 + float64(i%24)/10
		if second := epoch + i*meter.HourSeconds; second >= period.From && second < period.Until {
			value = 500
		}
		b.Add(m17, "kWh", epoch+i*meter.HourSeconds, value)
	}
	return b
}

// Marked intervals are BAD and filled, move no scale, and have no weight in the loss.
func TestMarkedIntervalsAreKeptFromTheModel(t *testing.T) {
	t.Parallel()
	period := exclude(300, 340)
	b := marked(1000, period)
	if !b.Mark(meter.ID{Site: "north", Meter: meter.Any}, period) {
		t.Fatal("not taken")
	}
	h := b.Build()[0]
	clean := marked(1000, meter.Mark{}).Build()[0]
	values, qualities := cells(h)
	want, _ := cells(clean)
	for i, q := range qualities {
		if bad := i >= 300 && i < 340; bad != (q == meter.Bad) || values[i] != want[i] {
			t.Fatalf("hour %d is %v %s, want %v", i, values[i], q, want[i])
		}
	}
	if n := Marked([]*History{h}, epoch+310*meter.HourSeconds, epoch+2000*meter.HourSeconds); n != 30 {
		t.Errorf("%d marked hours from hour 310 on, want 30", n)
	}
	told := strings.Join(b.LeftOut(), "; ")
	if !strings.Contains(told, "40 measured intervals of 1 series are marked") ||
		!strings.Contains(told, "north.m17 (40)") {
		t.Errorf("told: %q", told)
	}
	for _, s := range h.scalers {
		if s.scaler.Center > 7 || s.scaler.Usual > 7 {
			t.Errorf("scale %+v", s.scaler)
		}
	}
	cfg := WindowConfig{
		Layout: series.DefaultLayout(false), Horizon: 24, Steps: 60, BurnIn: 30, Positions: 20, Batch: 8,
	}
	sampler, err := NewSampler(cfg, []*History{h}, epoch+290*meter.HourSeconds,
		epoch+400*meter.HourSeconds, 1)
	if err != nil {
		t.Fatal(err)
	}
	weightless := 0
	for _, batch := range sampler.Batches(5) {
		for i, target := range batch.Target {
			if batch.Weight[i] == 0 {
				weightless++
			}
			if target > 20 || target < -20 {
				t.Errorf("a target of %v scales", target)
			}
		}
	}
	if weightless == 0 {
		t.Error("every target has a weight")
	}
}

// A mark that is taken away again keeps nothing.
func TestMarksAreTakenAway(t *testing.T) {
	t.Parallel()
	b := marked(100, meter.Mark{})
	b.Mark(m17, exclude(10, 20))
	gone := exclude(15, 30)
	gone.Reason = meter.Unmarked
	b.Mark(m17, gone)
	if _, q := cells(b.Build()[0]); slices.Index(q, meter.Bad) != 10 || q[14] != meter.Bad ||
		q[15] != meter.OK {
		t.Errorf("qualities %v", q[:20])
	}
	b.Unmark(m17)
	if _, q := cells(b.Build()[0]); slices.Contains(q, meter.Bad) || len(b.LeftOut()) > 0 {
		t.Errorf("%q, qualities %v", b.LeftOut(), q[:20])
	}
}

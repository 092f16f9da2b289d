package dataset

import (
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// A young window stands for a series that begins with it: its scale is that of its first day to week,
// which no earlier cell changes, no target counts before, and its features know nothing before it.
func TestYoungWindows(t *testing.T) {
	t.Parallel()
	cfg := WindowConfig{
		Layout: series.DefaultLayout(false).WithAge(), Horizon: 24, Steps: 216, BurnIn: 24, Positions: 192,
		Batch: 8, Young: 1,
	}
	build := func(past float64) []*History {
		b := NewBuilder()
		for i := range int64(600) {
			v := float64(i%24) + float64(i%7)
			if i < 300 {
				v *= past
			}
			b.Add(meter.ID{Site: "s", Meter: "m"}, "kWh", epoch+i*meter.HourSeconds, v)
		}
		return b.Build()
	}
	draw := func(past float64) (*Sampler, *Batch) {
		from := int64(epoch + 324*meter.HourSeconds)
		s, err := NewSampler(cfg, build(past), from, epoch+600*meter.HourSeconds, 3)
		if err != nil {
			t.Fatal(err)
		}
		return s, s.Batches(1)[0]
	}
	_, a := draw(1)
	_, b := draw(1.5)
	if !slices.Equal(a.X, b.X) || !slices.Equal(a.Lead, b.Lead) || !slices.Equal(a.Target, b.Target) {
		t.Error("cells before a young window change it")
	}
	current := len(cfg.Layout.CurrentNames())
	for w := range a.B {
		first := -1
		for i, step := range a.Positions {
			row := i*a.B + w
			if counts := a.Weight[row*cfg.Horizon] > 0; counts && first < 0 {
				first = step
			} else if !counts && first >= 0 {
				t.Fatalf("window %d: step %d does not count, step %d does", w, step, first)
			}
			age := a.Current[(row+1)*current-1]
			if want := float32(step+1) / (14 * 24); age != want {
				t.Fatalf("window %d: at step %d the share of two weeks that is known is %v, want %v", w, step,
					age, want)
			}
		}
		if first < 23 || first >= 7*24 {
			t.Errorf("window %d: targets count from step %d on", w, first)
		}
	}
}

// A history has the share of windows that is asked for.
func TestSharesOfWindows(t *testing.T) {
	t.Parallel()
	b := NewBuilder()
	for m := range 3 {
		for i := range int64(600) {
			b.Add(meter.ID{Site: "s", Meter: string(rune('a' + m))}, "kWh", epoch+i*meter.HourSeconds,
				float64(i%24))
		}
	}
	cfg := WindowConfig{
		Layout: series.DefaultLayout(false), Horizon: 24, Steps: 48, BurnIn: 24, Positions: 1, Batch: 4000,
		Share: func(h *History) float64 {
			return map[string]float64{"a": 1, "b": 2, "c": 5}[h.ID.Meter]
		},
	}
	s, err := NewSampler(cfg, b.Build(), epoch, epoch+600*meter.HourSeconds, 3)
	if err != nil {
		t.Fatal(err)
	}
	s.Next(&Batch{})
	got := map[string]int{}
	for _, h := range s.drawn {
		got[h.ID.Meter]++
	}
	for name, want := range map[string]int{"a": 500, "b": 1000, "c": 2500} {
		if n := got[name]; n < want-100 || n > want+100 {
			t.Errorf("%d windows of %s, want about %d", n, name, want)
		}
	}
}

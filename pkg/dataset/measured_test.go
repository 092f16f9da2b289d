package dataset

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/series"
)

// Windows of a meter that is a thousand times beyond its scale have no weight when an iteration is
// measured; all others are as without that rule. At most half of the windows lose their weight.
func TestMeasuredWindowsAreNotOfOneMeter(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		good, wild int
		without    []string
	}{
		{"none", 5, 0, nil},
		{"one of six", 5, 1, []string{"s.wild0"}},
		{"all", 0, 2, nil},
	} {
		b := NewBuilder()
		add := func(name string, factor float64) {
			for i := range int64(30 * 24) {
				v := 5 + 3*math.Sin(float64(i)*math.Pi/12)
				if i > 22*24 {
					v *= factor
				}
				b.Add(meter.ID{Site: "s", Meter: name}, "kWh", epoch+i*meter.HourSeconds, v)
			}
		}
		for m := range c.good {
			add(fmt.Sprint("good", m), 1)
		}
		for m := range c.wild {
			add(fmt.Sprint("wild", m), 1000)
		}
		cfg := WindowConfig{Layout: series.DefaultLayout(false), Horizon: 24, Steps: 60, BurnIn: 48,
			Positions: 4, Batch: 16}
		sampler := func() *Sampler {
			s, err := NewSampler(cfg, b.Build(), epoch+22*days, epoch+26*days, 3)
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		got, without := sampler().Measured(4)
		if !slices.Equal(without, c.without) {
			t.Errorf("%s: without %v, want %v", c.name, without, c.without)
		}
		dropped := 0
		for i, want := range sampler().Batches(4) {
			if !slices.Equal(got[i].X, want.X) || !slices.Equal(got[i].Target, want.Target) {
				t.Errorf("%s: batch %d has other windows", c.name, i)
			}
			for w := range want.B {
				switch {
				case got[i].far(w) == want.far(w):
				case got[i].far(w) == 0 && want.far(w) > farTargets:
					dropped++
				default:
					t.Errorf("%s: window %d of batch %d has lost some weight", c.name, w, i)
				}
			}
		}
		if (dropped > 0) != (c.without != nil) || dropped > 32 {
			t.Errorf("%s: %d of 64 windows have no weight", c.name, dropped)
		}
	}
}

package dataset

import (
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestDropLone(t *testing.T) {
	t.Parallel()
	id := meter.ID{Site: "s", Meter: "m"}
	for _, c := range []struct {
		name    string
		hours   []int64
		kept    []int64
		dropped int
	}{
		{"in order", []int64{0, 1, 2}, []int64{0, 1, 2}, 0},
		{"one alone", []int64{5}, []int64{5}, 0},
		{"years ahead", []int64{0, 9000, 1, 2}, []int64{0, 1, 2}, 1},
		{"two that do not agree", []int64{0, 1, 9000, 20_000}, []int64{0, 1}, 2},
		{"after a long silence", []int64{0, 1, 300, 301}, []int64{0, 1, 300, 301}, 0},
		{"ahead within a long silence", []int64{0, 1, 100, 300, 301}, []int64{0, 1, 300, 301}, 1},
		{"the same one twice", []int64{0, 1, 9000, 9000}, []int64{0, 1}, 2},
		{"the same one twice and another", []int64{0, 9000, 9000, 9001},
			[]int64{0, 9000, 9000, 9001}, 0},
		{"one a week", []int64{0, 168, 336, 504, 672}, []int64{0, 168, 336, 504, 672}, 0},
		{"one a month, with a hole", []int64{0, 744, 1416, 2160, 3600, 4344, 5064},
			[]int64{0, 744, 1416, 2160, 3600, 4344, 5064}, 0},
		{"at the limit", []int64{0, 48}, []int64{0, 48}, 0},
		{"behind it", []int64{0, 49}, []int64{0}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := NewBuilder()
			for _, h := range c.hours {
				b.Add(id, "kWh", h*meter.HourSeconds, 1)
			}
			dropped := b.DropLone()
			var kept []int64
			for _, p := range b.series[0].reads {
				kept = append(kept, p.second/meter.HourSeconds)
			}
			if dropped != c.dropped || !slices.Equal(kept, c.kept) {
				t.Errorf("%d dropped, kept %v", dropped, kept)
			}
		})
	}
}

package engine

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// A reading that is put in again is a repeat while the series remembers what was read, and behind
// its history afterwards. Too late is what is known to be another.
func TestBehindHistory(t *testing.T) {
	t.Parallel()
	const n = 600
	spike := func(r Reading) Reading {
		if r.Message == n-100 || r.Message == n-10 {
			r.Value = 1e6
		}
		return r
	}
	half := func(i int64) Reading {
		r := at(i / 2)
		r.Second += i % 2 * 1800
		r.Message = int(i)
		return r
	}
	register := func(i int64) Reading {
		r := at(i)
		r.Value, r.Kind = float64(2*i), meter.Register
		return r
	}
	other := func(r Reading) Reading {
		r.Value += 0.5
		return r
	}
	for name, c := range map[string]struct {
		all   func(i int64) Reading
		count int64
		again Reading
		want  meter.Reason // "" for a repeat
	}{
		"another before two weeks": {
			all:   at,
			count: 336,
			again: at(-1),
			want:  meter.ReasonTooLate,
		},
		"in the ring":             {all: at, count: n, again: at(n - 385)},
		"before the ring":         {all: at, count: n, again: at(n - 386), want: meter.ReasonBehindHistory},
		"another before the ring": {all: at, count: n, again: other(at(n - 386)), want: meter.ReasonBehindHistory},
		"another in the ring":     {all: at, count: n, again: other(at(n - 385)), want: meter.ReasonTooLate},
		// The ring has a fill in place of a value that could not be true.
		"a spike that may change":    {all: func(i int64) Reading { return spike(at(i)) }, count: n, again: spike(at(n - 10))},
		"a spike that is forgotten":  {all: func(i int64) Reading { return spike(at(i)) }, count: n, again: spike(at(n - 100)), want: meter.ReasonBehindHistory},
		"half an hour in the window": {all: half, count: n, again: half(n - 80)},
		"half an hour of long ago":   {all: half, count: n, again: half(n - 120)},
		"register in the window":     {all: register, count: n, again: register(n - 40)},
		"register of long ago":       {all: register, count: n, again: register(n - 60), want: meter.ReasonBehindHistory},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := New()
			for i := range c.count {
				e.Step([]Reading{c.all(i)})
			}
			c.again.Message = n
			result := e.Step([]Reading{c.again})
			got := meter.Reason("")
			if len(result.Rejections) == 1 {
				got = result.Rejections[0].Reason
			}
			if got != c.want || (c.want == "") != (result.Repeated == 1) ||
				len(result.Forecasts) > 0 {
				t.Errorf("%q, want %q: %+v", got, c.want, result)
			}
		})
	}
}

package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// arrival is an order in which the readings of a history may come.
type arrival func(readings []Reading, random *rand.Rand) [][]Reading

// Orders in which portals and people give a first history.
var arrivals = map[string]arrival{
	"newest first": func(readings []Reading, _ *rand.Rand) [][]Reading {
		slices.Reverse(readings)
		return slices.Collect(slices.Chunk(readings, 1))
	},
	"pages of a day, the newest one first": func(readings []Reading, _ *rand.Rand) [][]Reading {
		pages := slices.Collect(slices.Chunk(readings, 24))
		slices.Reverse(pages)
		return pages
	},
	"pages of a day, from the middle on": func(readings []Reading, random *rand.Rand) [][]Reading {
		pages := slices.Collect(slices.Chunk(readings, 24))
		middle := random.IntN(len(pages))
		before := slices.Clone(pages[:middle])
		slices.Reverse(before)
		return slices.Concat(pages[middle:], before)
	},
	"hours that come at last": func(readings []Reading, random *rand.Rand) [][]Reading {
		from := random.IntN(len(readings))
		late := readings[from:max(min(from+12, len(readings)-1), from)]
		rest := slices.Concat(readings[:from], readings[from+len(late):])
		return [][]Reading{rest, slices.Clone(late)}
	},
}

// A first history of up to two weeks may come in any order, as history or not, in messages that are
// cut anyhow: cells, flags, scale, states and the next forecast are those of the order of time, to
// the bit.
func TestFirstHistoryInAnyOrder(t *testing.T) {
	t.Parallel()
	for name, arrive := range arrivals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 17))
				m := randomModel(rapid.Uint64Range(0, 200).Draw(t, "model"), 4)
				n := rapid.SampledFrom([]int64{60, 167, 168, 172, 240, 300, 330, 335}).Draw(t, "cells")
				sorted := firstHistory(t, random, n, name == "hours that come at last")
				if rapid.Bool().Draw(t, "history") {
					for i := range sorted {
						sorted[i].History = true
					}
				}
				var base *model.Model
				if rapid.Bool().Draw(t, "base") {
					base = randomBase(3, 6)
				}
				a, b := newEngine(t, m, base), newEngine(t, m, base)
				for i := range sorted {
					a.Step(sorted[i : i+1])
				}
				taken := 0
				messages := arrive(slices.Clone(sorted), random)
				for k, cut := 0, 0; k < len(messages); k = cut {
					var batch []Reading
					for cut = k; cut < min(k+1+random.IntN(3), len(messages)); cut++ {
						for _, r := range messages[cut] {
							r.Message = cut
							batch = append(batch, r)
						}
					}
					taken += b.Step(batch).Applied
				}
				if taken != len(sorted) {
					t.Fatalf("%d of %d readings are taken", taken, len(sorted))
				}
				sameStates(t, a, b, at(n))
			})
		})
	}
}

// firstHistory is a history of n cells: some are missing, some cannot be true, some are called bad
// where that is asked for. A bad reading before the first one is refused.
func firstHistory(t *rapid.T, random *rand.Rand, n int64, bad bool) []Reading {
	missing := rapid.SampledFrom([]float64{0, 0.05, 0.4}).Draw(t, "missing")
	level := rapid.SampledFrom([]float64{1, 5, 0.2}).Draw(t, "change of level")
	wrong := rapid.SampledFrom([]string{"", "", "register first", "register", "Wh first", "Wh for nine days", "spikes", "tenfold"}).
		Draw(t, "wrong")
	var all []Reading
	for i := range n {
		r := at(i)
		if i > 200 {
			r.Value *= level
		}
		switch random.IntN(15) {
		case 0:
			if bad {
				r.Quality = meter.Bad
			}
		case 1:
			r.Quality = meter.Estimated
		}
		edge := i == 0 || i == n-1
		if edge {
			r = at(i)
		}
		switch {
		case wrong == "register first" && i == 0, wrong == "register" && i < 30:
			r.Value = 12345 + 2*float64(i)
		case wrong == "Wh first" && i < 50, wrong == "Wh for nine days" && i < 9*24,
			wrong == "spikes" && !edge && random.IntN(20) == 0:
			r.Value *= 1000
		case wrong == "tenfold" && i%170 >= 20 && i%170 < 32:
			r.Value *= 10
		}
		if edge || i%20 == 0 || random.Float64() > missing {
			all = append(all, r)
		}
	}
	return all
}

// sameStates gives both engines one more reading: its forecast and the states after it are the same.
func sameStates(t *rapid.T, a, b *Engine, next Reading) {
	fa, fb := last(t, a, next), last(t, b, next)
	if d := differ(&fa, &fb); d != "" {
		t.Fatalf("the forecasts differ in %s\n%v\n%v", d, fa.Quantiles, fb.Quantiles)
	}
	sa, sb := pristine(a), pristine(b)
	for i := range sa {
		if !slices.Equal(sa[i].Data, sb[i].Data) {
			t.Fatalf("section %s differs", sa[i].Name)
		}
	}
}

// Single messages of a first history in any order are all taken, no event says that their interval is
// not supported, and the cells are those of the order of time.
func TestFirstHistoryOfSingleMessagesInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, step := range []int64{900, meter.HourSeconds} {
		for seed := range uint64(step / 900) { // an order of quarter-hours takes seconds
			a, b := New(), New()
			var all []Reading
			for i := range 13 * meter.DaySeconds / step {
				all = append(all, Reading{
					Series: m17, Second: epoch + i*step, Value: load(i), Unit: "kWh", Quality: meter.OK,
				})
			}
			a.Step(all)
			for k, i := range rand.New(rand.NewPCG(seed, 3)).Perm(len(all)) {
				r := all[i]
				r.Message = k
				result := b.Step([]Reading{r})
				if len(result.Rejections) > 0 || len(result.Events) > 0 {
					t.Fatalf("step %d, order %d, message %d: %+v %+v", step, seed, k, result.Rejections, result.Events)
				}
			}
			x, slot, _ := a.find(m17)
			y, other, _ := b.find(m17)
			in, any := x.slabs.ring(slot), y.slabs.ring(other)
			if x.len.Interval != step || y.len.Interval != step || in.Newest != any.Newest || in.Known != any.Known {
				t.Fatalf("step %d, order %d: intervals %d and %d, %d and %d cells", step, seed,
					x.len.Interval, y.len.Interval, in.Known, any.Known)
			}
			for n := in.First(); n <= in.Newest; n++ {
				v, q := in.At(n)
				if w, p := any.At(n); v != w || q != p {
					t.Fatalf("step %d, order %d: cell %d is %v %s in order, else %v %s", step, seed, n, v, q, w, p)
				}
			}
		}
	}
}

// Of quarter-hours that come in any order, each in a message of its own, few ask for a forecast: those
// with a newer interval, one a day of cells, and those after three of four are there. How messages are cut into batches changes nothing.
func TestFirstHistoryInAnyOrderIsForecastNowAndThen(t *testing.T) {
	t.Parallel()
	const cells = 13*96 + 86
	var all []Reading
	for k, i := range rand.New(rand.NewPCG(1, 3)).Perm(cells) {
		all = append(all, Reading{
			Series: m17, Second: epoch + int64(i)*900, Value: load(int64(i)), Unit: "kWh", Quality: meter.OK, Message: k,
		})
	}
	var want []Forecast
	base := randomBase(3, 6)
	for _, size := range []int{24, 200} {
		e := newEngine(t, base)
		var got []Forecast
		for batch := range slices.Chunk(all, size) {
			got = append(got, e.Step(batch).Forecasts...)
		}
		if len(got) < cells/96 || len(got) > cells/4 {
			t.Errorf("%d forecasts", len(got))
		}
		if want == nil {
			want = got
		}
		if len(got) != len(want) {
			t.Fatalf("%d forecasts, in other batches %d", len(got), len(want))
		}
		for i := range got {
			if d := differ(&got[i], &want[i]); d != "" || got[i].Message != want[i].Message {
				t.Errorf("forecast %d differs: %s", i, d)
			}
		}
	}
	if source := want[len(want)-1].Source; source != meter.SourceLSTM {
		t.Errorf("the last forecast is by %s", source)
	}
}

// Of a first history of more than two weeks in any order all is taken that lies within two weeks of the
// newest reading when it comes; the rest is refused as too old, and nothing says that the interval is
// not supported.
func TestLongFirstHistoryInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step, days int64
		orders     uint64
	}{{3600, 16, 4}, {3600, 18, 4}, {900, 16, 1}, {900, 18, 1}} {
		for seed := range c.orders {
			e, cells, two := New(), c.days*meter.DaySeconds/c.step, 14*meter.DaySeconds/c.step
			var all []Reading
			for k, i := range rand.New(rand.NewPCG(seed, 3)).Perm(int(cells)) {
				all = append(all, Reading{
					Series: m17, Second: epoch + int64(i)*c.step, Value: load(int64(i)), Unit: "kWh", Quality: meter.OK, Message: k,
				})
			}
			newest := int64(0)
			for batch := range slices.Chunk(all, 8) {
				result := e.Step(batch)
				for _, r := range batch {
					newest = max(newest, r.Second)
				}
				for _, no := range result.Rejections {
					second := batch[no.Reading].Second
					if no.Held != nil {
						second = no.Held.Second
					}
					late := no.Reason == meter.ReasonTooLate || no.Reason == meter.ReasonBehindHistory
					if (newest-second)/c.step < two || !late {
						t.Fatalf("%+v, order %d: %d cells behind: %+v", c, seed, (newest-second)/c.step, no)
					}
				}
				if len(result.Events) > 0 {
					t.Fatalf("%+v, order %d: %+v", c, seed, result.Events)
				}
			}
			co, slot, _ := e.find(m17)
			ring := co.slabs.ring(slot)
			if co.len.Interval != c.step {
				t.Fatalf("%+v, order %d: interval %d", c, seed, co.len.Interval)
			}
			for n := ring.Newest - two + 1; n <= ring.Newest; n++ {
				if _, q := ring.At(n); q != meter.OK {
					t.Fatalf("%+v, order %d: cell %d of %d is %s", c, seed, n-ring.Newest, two, q)
				}
			}
		}
	}
}

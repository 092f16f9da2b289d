package engine

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// fleet is the log of a hundred meters: 97 that tell the truth, and three that send one value, stop
// after ten days, and lie.
type fleet struct{ readings []Reading }

const (
	goodMeters = 97
	fleetHours = 20 * 24
)

func newFleet(withBad bool) fleet {
	var f fleet
	for i := range int64(fleetHours) {
		for k := range int64(goodMeters) {
			f.add(fmt.Sprintf("m%02d", k), i, load(i+100*k)*float64(k%7+1))
			if withBad && k%40 == 0 {
				f.addBad(k/40, i)
			}
		}
	}
	return f
}

func (f *fleet) add(name string, i int64, value float64) {
	f.readings = append(f.readings, Reading{
		Series: meter.ID{Site: "north", Meter: name}, Second: epoch + i*meter.HourSeconds,
		Value: value, Unit: "kWh", Quality: meter.OK, Message: len(f.readings),
		History: i%24 > 3 && i < fleetHours-96,
	})
}

// addBad adds what a bad meter sends in an hour.
func (f *fleet) addBad(k, i int64) {
	switch used := load(i + 7000); {
	case k == 0:
		f.add("flat", i, 1.25)
	case k == 1 && i < 240:
		f.add("dead", i, used)
	case k == 1: // stopped
	case i < 30: // the register, sent as energy
		f.add("lies", i, 4e7+used)
	case i%29 == 0:
		f.add("lies", i, 9e11)
	case i/50%3 == 1:
		f.add("lies", i, -used)
	case i/50%3 == 2:
		f.add("lies", i, 1000*used)
	default:
		f.add("lies", i, used)
	}
}

// run gives the fleet to an engine in batches, and returns what it says of the good meters.
func (f fleet) run(t *testing.T, size func() int) (forecasts []Forecast, scores []Score) {
	t.Helper()
	e := newEngine(t, randomModel(12, 4))
	good := func(id meter.ID) bool { return id.Meter[0] == 'm' }
	for rest := f.readings; len(rest) > 0; {
		n := min(size(), len(rest))
		result := e.Step(rest[:n])
		for _, one := range result.Forecasts {
			if good(one.Series) {
				one.Levels, one.Quantiles = slices.Clone(one.Levels), slices.Clone(one.Quantiles)
				forecasts = append(forecasts, one)
			}
		}
		for _, one := range result.Scores {
			if good(one.Series) {
				scores = append(scores, one)
			}
		}
		rest = rest[n:]
	}
	return forecasts, scores
}

// A flat, a dead and a lying meter among a hundred leave the forecasts and the scores of the others
// as they were, to the bit, however the log is cut into batches.
func TestBadMetersCostThemselvesAlone(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	want, scored := newFleet(false).run(t, func() int { return goodMeters })
	if len(want) < goodMeters*96 || len(scored) < goodMeters*96 {
		t.Fatalf("%d forecasts, %d scores", len(want), len(scored))
	}
	for name, size := range map[string]func() int{
		"of an hour": func() int { return goodMeters + 3 },
		"of any":     func() int { return 1 + random.IntN(700) },
	} {
		got, scores := newFleet(true).run(t, size)
		if len(got) != len(want) || len(scores) != len(scored) {
			t.Fatalf("%s: %d forecasts and %d scores, want %d and %d", name, len(got), len(scores),
				len(want), len(scored))
		}
		for i := range want {
			got[i].Message, got[i].Model = want[i].Message, want[i].Model
			if d := differ(&want[i], &got[i]); d != "" {
				t.Fatalf("%s: %s at %d: %s", name, want[i].Series, want[i].Origin, d)
			}
		}
		for i := range scored {
			scores[i].Message = scored[i].Message
			if a, b := fmt.Sprint(scored[i]), fmt.Sprint(scores[i]); a != b { // some numbers are NaN
				t.Fatalf("%s: score %s, want %s", name, b, a)
			}
		}
	}
}

// A meter that sends Wh for kWh for its first two days is known to have done so at the end of its third
// day: the cells are BAD, forecasts are of kWh, and an event says so, once, whatever the order in which
// late readings come.
func TestFirstDaysOfAnotherUnitAreKnownOnTheThird(t *testing.T) {
	t.Parallel()
	for name, days := range map[string]int64{"one day": 1, "two days": 2, "three days": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, randomBase(3, 6))
			told := 0
			for i := range int64(8 * 24) {
				r := at(i)
				if i < days*24 {
					r.Value *= 1000
				}
				result := e.Step([]Reading{r})
				told += len(result.Events)
				if known := max(days+1, 3) * 24; i+1 < known {
					continue
				}
				for _, v := range result.Forecasts[0].Quantiles {
					if v > 50 || v < 0 {
						t.Fatalf("%d hours: a quantile is %v", i+1, v)
					}
				}
			}
			if told != 1 {
				t.Errorf("%d events", told)
			}
			co, slot, _ := e.find(m17)
			ring := co.slabs.ring(slot)
			for k := range int64(8 * 24) {
				if _, q := ring.At(ring.First() + k); (q == meter.Bad) != (k < days*24) {
					t.Errorf("hour %d is %s", k, q)
				}
			}
			late := at(7*24 - 3)
			late.Value++
			if more := e.Step([]Reading{late}); len(more.Events) > 0 {
				t.Errorf("told again: %+v", more.Events)
			}
		})
	}
}

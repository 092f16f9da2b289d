package engine

import (
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// kinds are those of the events of a result.
func kinds(result Result) []EventKind {
	var all []EventKind
	for _, e := range result.Events {
		all = append(all, e.Kind)
	}
	return all
}

// twoMeters are the readings of two days under one name: each quarter of an hour by one meter, and
// by another one each hour, seven minutes past.
func twoMeters(from, to int64) []Reading {
	all := quarters(0, 4*24)
	for k := from; k < to; k++ {
		all = append(all, part(k, 900))
		if k%4 == 3 {
			other := part(k, 900)
			other.Second += 420
			all = append(all, other)
		}
	}
	for i := range all {
		all[i].Message, all[i].Received = i, all[i].Second+900
	}
	return all
}

// Two meters under one name are told of at most once an hour of the log, and each reading that is off
// the grid is refused and counted. What was told is in the state.
func TestTwoMetersUnderOneNameAreToldHourly(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	refused, held := 0, 0
	var told []int64
	for i, r := range twoMeters(4*24, 4*48) {
		if i%50 == 0 { // a restart
			e = restored(t, e, nil)
		}
		result := e.Step([]Reading{r})
		refused, held = refused+len(result.Rejections), held+result.Held
		for _, kind := range kinds(result) {
			if kind != OffGrid {
				t.Fatalf("an event of kind %s", kind)
			}
			told = append(told, r.Received)
		}
	}
	// The last ones wait for others.
	if held != 24 || refused < 24-5 {
		t.Errorf("%d of 24 readings waited, %d were refused", held, refused)
	}
	if len(told) < 10 || len(told) > 24 {
		t.Errorf("told %d times in a day", len(told))
	}
	for i := range told[1:] {
		if told[i+1]-told[i] < meter.HourSeconds {
			t.Errorf("told after %d s again", told[i+1]-told[i])
		}
	}
	// Readings that are off the grid more often are told of no more often.
	all := twoMeters(4*24, 4*40)
	for i := range all {
		all[i].Received = all[len(all)-1].Second // they all come at once
	}
	e = newEngine(t, nil)
	if result := e.Step(all); !slices.Equal(kinds(result), []EventKind{OffGrid}) || len(result.Rejections) < 2 {
		t.Errorf("%d readings are refused, events %v", len(result.Rejections), kinds(result))
	}
}

// A series that was taken for power and sums several readings begins again when one says kWh, and an
// event tells of it. Where each reading is a cell, nothing is void, and the event tells that hours are
// joined anew.
func TestUnitSaidLaterIsTold(t *testing.T) {
	t.Parallel()
	for _, step := range []int64{60, 900} {
		e := newEngine(t, nil)
		days := meter.DaySeconds / step
		for k := range 3 * days {
			r := part(k, step)
			if k < 2*days {
				r.Unit = ""
			}
			result := e.Step([]Reading{r})
			want := []EventKind{KindChanged}
			if k != 2*days {
				want = nil
			}
			if got := kinds(result); !slices.Equal(got, want) {
				t.Fatalf("reading %d of every %d s: events %v, want %v", k, step, got, want)
			}
		}
		co, slot, _ := e.find(m17)
		ring := co.slabs.ring(slot)
		for n := ring.First(); n <= ring.Newest; n++ {
			parts := co.len.Interval / step
			sum := 0.0
			for k := range parts {
				sum += part((n*co.len.Interval-epoch)/step+k, step).Value
			}
			if v, q := ring.At(n); q == meter.OK && !near(float64(v), sum) {
				t.Fatalf("cell %d of every %d s is %v, want %v", n, step, v, sum)
			}
		}
		if ring.Known < int(2*meter.DaySeconds/co.len.Interval) {
			t.Errorf("%d cells are kept of every %d s", ring.Known, step)
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-4 && b-a < 1e-4 }

// Hours that quarters and halves are joined to are those of the zone that is set, else of the model,
// else of the smallest phase; where no reading starts at the hour of the zone, too.
func TestJoinedHoursAreThoseOfTheZone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		step        int64
		phase       int64
		set, models string
		want        int64
	}{
		{900, 0, "", "", 0},
		{900, 0, "Europe/Berlin", "", 0},
		{900, 0, "Asia/Kolkata", "", 1800},
		{900, 0, "Asia/Kathmandu", "", 900},
		{900, 0, "Australia/Eucla", "", 900},
		{900, 0, "Australia/Adelaide", "Asia/Kathmandu", 1800},
		{900, 0, "", "Asia/Kathmandu", 900},
		{1800, 0, "Asia/Kolkata", "", 1800},
		{1800, 900, "Asia/Kathmandu", "", 900},
		{1800, 0, "Asia/Kathmandu", "", 0},
		{1800, 900, "", "", 900},
		{1800, 900, "Asia/Kolkata", "", 900},
	} {
		m := randomModel(1, 4)
		m.Spec.Zone = c.models
		e := newEngine(t, m)
		send := func(from, to int64) (last *Forecast) {
			for k := from; k < to; k++ {
				r := part(k, c.step)
				r.Second += c.phase
				for _, f := range e.Step([]Reading{r}).Forecasts {
					last = &f
				}
			}
			return last
		}
		day := meter.DaySeconds / c.step
		send(0, day)
		if _, err := e.Configure(m17, Setting{Zone: c.set}); err != nil {
			t.Fatal(err)
		}
		f := send(day, 2*day)
		if f == nil || f.Interval != meter.HourSeconds || f.Origin%meter.HourSeconds != c.want {
			t.Errorf("%+v: forecast %+v", c, f)
			continue
		}
		view := e.hours()
		ring := view.slabs.ring(view.slabs.index[m17])
		sum := 0.0
		for k := range meter.HourSeconds / c.step {
			sum += part((f.Origin-meter.HourSeconds-epoch)/c.step+k, c.step).Value
		}
		if v, _ := ring.At(ring.Newest); c.phase == 0 && !near(float64(v), sum) {
			t.Errorf("%+v: the last hour is %v, want %v", c, v, sum)
		}
	}
}

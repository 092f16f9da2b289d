package grid_test

import (
	"math"
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

func TestGridIsLearnt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		kind     meter.Kind
		start    int64
		step     int
		interval int32
		phase    int32
	}{
		{"hours", meter.Energy, midnight, 3600, 3600, 0},
		{"half-hours", meter.Energy, midnight, 1800, 1800, 0},
		{"half-hours at quarter past", meter.Energy, midnight + 900, 1800, 1800, 900},
		{"quarter-hours", meter.Power, midnight, 900, 900, 0},
		{"20 minutes", meter.Power, midnight, 1200, 1200, 0},
		{"10 minutes", meter.Power, midnight, 600, 600, 0},
		{"5 minutes", meter.Energy, midnight, 300, 300, 0},
		{"minutes of energy", meter.Energy, midnight, 60, 900, 0},
		{"10 seconds of power", meter.Power, midnight, 10, 900, 0},
		{"12 minutes", meter.Power, midnight, 720, 3600, 0},
		{"hours at quarter to", meter.Power, midnight + 2700, 3600, 3600, 2700},
		{"hours at 7 and a half past", meter.Power, midnight + 450, 3600, 3600, 480},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStrip(t, c.kind, 0)
			s.putAll(every(c.start, c.step, 3*86400/c.step, wave))
			if s.state.Interval != c.interval || s.state.Phase != c.phase {
				t.Errorf("grid %d s + %d s, want %d + %d",
					s.state.Interval, s.state.Phase, c.interval, c.phase)
			}
			if len(s.refused) > 0 {
				t.Errorf("refused %v", s.refused)
			}
			if n, want := s.count(meter.OK), 3*86400/int(c.interval); n < want-1 || n > want {
				t.Errorf("%d cells OK, want %d; %d estimated", n, want, s.count(meter.Estimated))
			}
			if c.step == int(c.interval) && s.state.Raw != nil {
				t.Errorf("%d points are kept of a plain series", len(s.state.Raw.Points))
			}
		})
	}
}

func TestHoldsAnIntervalThatIsSet(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Energy, 3600)
	s.putAll(every(midnight+900, 1800, 96, func(int) float64 { return 0.5 }))
	if s.state.Grid != (grid.Grid{Interval: 3600, Phase: 900}) {
		t.Fatalf("grid %+v", s.state.Grid)
	}
	for _, c := range s.list() {
		if c.Value != 1 || c.Quality != meter.OK {
			t.Errorf("cell %+v", c)
		}
	}
	if len(s.cells) != 48 {
		t.Errorf("%d cells", len(s.cells))
	}
}

func TestFirstReadingMayBeOff(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int64{
		"4 s late": midnight + 4, "half past": midnight + 1800, "40 min late": midnight + 2400,
	} {
		for _, set := range []int32{0, 3600} {
			s := newStrip(t, meter.Energy, set)
			s.put(grid.Point{Second: first, Value: 1, Quality: meter.OK})
			s.putAll(every(midnight+3600, 3600, 71, wave))
			if n := s.count(meter.OK); n < 71 {
				t.Errorf("%s: %d cells OK of 72, %d estimated; %+v refused %v",
					name, n, s.count(meter.Estimated), s.state.Grid, s.refused)
			}
			if n := s.refused["interval_unsupported"]; n > 1 {
				t.Errorf("%s: %d refused", name, n)
			}
		}
	}
}

func TestJitterIsTheBoundary(t *testing.T) {
	t.Parallel()
	for _, step := range []int{300, 900, 1800, 3600} {
		s := newStrip(t, meter.Power, 0)
		late := int(min(step/10, 120))
		for i, p := range every(midnight, step, 4*86400/step, wave) {
			p.Second += int64((i*7919)%(2*late+1) - late)
			s.put(p)
		}
		for i, c := range s.list() {
			want := grid.Cell{
				N: midnight/int64(step) + int64(i), Value: float32(wave(i)), Quality: meter.OK,
			}
			if c != want {
				t.Fatalf("step %d: cell %d is %+v, want %+v", step, i, c, want)
			}
		}
	}
}

func TestPowerHoldsUntilTheNextReading(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Power, 3600)
	second, value, total := int64(midnight), 1.0, 0.0
	for i := 0; second < midnight+5*86400; i++ {
		gap := int64(60 + (i*i*7919)%2700) // at most three quarters of an hour
		s.put(grid.Point{Second: second, Value: value, Quality: meter.OK})
		total += value * float64(gap) / 3600
		second += gap
		value = 1 + float64((i*i*104729)%100)/50
	}
	if s.state.Step != 0 {
		t.Errorf("step %d", s.state.Step)
	}
	if got := s.energy(); math.Abs(got-total) > 0.02*total {
		t.Errorf("energy %v, want %v", got, total)
	}
	if n := len(s.cells); n < 118 {
		t.Errorf("%d cells of 120", n)
	}
}

func TestStepMayChangeInTheMiddle(t *testing.T) {
	t.Parallel()
	halves := func(from, days int64) []grid.Point {
		return every(from, 1800, int(48*days), func(int) float64 { return 0.5 })
	}
	hours := func(from, days int64) []grid.Point {
		return every(from, 3600, int(24*days), func(int) float64 { return 1 })
	}
	for _, set := range []int32{0, 3600} {
		for _, order := range []string{"half then hour", "hour then half", "and back"} {
			s := newStrip(t, meter.Energy, set)
			days := int64(10)
			switch order {
			case "half then hour":
				s.putAll(halves(midnight, 5))
				s.putAll(hours(midnight+5*86400, 5))
			case "hour then half":
				s.putAll(hours(midnight, 5))
				s.putAll(halves(midnight+5*86400, 5))
			default:
				s.putAll(hours(midnight, 5))
				s.putAll(halves(midnight+5*86400, 5))
				s.putAll(hours(midnight+10*86400, 5))
				days = 15
			}
			if got, want := s.energy(), float64(24*days); math.Abs(got-want) > 0.001*want {
				t.Errorf("%s, set %d: energy %v, want %v; grid %+v",
					order, set, got, want, s.state.Grid)
			}
			if len(s.refused) > 0 {
				t.Errorf("%s, set %d: refused %v", order, set, s.refused)
			}
			want := int32(3600)
			if order == "hour then half" {
				want = 1800
			}
			if set == 0 && s.state.Interval != want {
				t.Errorf("%s: interval %d, want %d", order, s.state.Interval, want)
			}
		}
	}
}

// The minutes around an hour are moments of their own, also while the step is still taken for an
// hour. Two minutes behind the last hour alone may be its jitter.
func TestHoursThatBecomeMinutesKeepTheirEnergy(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Energy, 0)
	s.putAll(every(midnight, 3600, 60, func(int) float64 { return 1 }))
	s.putAll(every(midnight+60*3600, 60, 30*60, func(i int) float64 { return float64(i%7) / 64 }))
	if s.state.Interval != 900 || s.state.Step != 60 {
		t.Errorf("grid %+v, step %d", s.state.Grid, s.state.Step)
	}
	for _, c := range s.list() {
		if start := s.state.Start(c.N); start >= midnight+61*3600 {
			want := 0.0
			for i := range int64(15) {
				want += float64(((start-midnight)/60+i-60*60)%7) / 64
			}
			if c.Value != float32(want) || c.Quality != meter.OK {
				t.Errorf("%s: %+v, want %v", clock(start), c, want)
			}
		}
	}
}

func TestCoarseSeriesIsKnown(t *testing.T) {
	t.Parallel()
	for _, step := range []int{7200, 86400} {
		s := newStrip(t, meter.Energy, 0)
		s.putAll(every(midnight, step, 30, wave))
		if s.state.Coarse != int32(step) || len(s.refused) > 0 || len(s.cells) != 30 {
			t.Errorf("step %d: coarse %d, refused %v, %d cells",
				step, s.state.Coarse, s.refused, len(s.cells))
		}
		s.putAll(every(midnight+int64(30*step)+3600, 3600, 48, wave))
		if s.state.Coarse != 0 || s.count(meter.OK) < 78 {
			t.Errorf("hours after: coarse %d, %d cells, refused %v",
				s.state.Coarse, s.count(meter.OK), s.refused)
		}
	}
}

func TestRegisterAtAnyMoment(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Register, 0)
	count := func(i int) float64 { return 1000 + float64(i)*0.25 }
	for i, p := range every(midnight+130, 900, 400, count) {
		p.Second += int64((i * 7919) % 300)
		s.put(p)
	}
	if s.state.Interval != 900 && s.state.Interval != 3600 {
		t.Errorf("interval %d", s.state.Interval)
	}
	if got := s.energy(); math.Abs(got-99.5) > 2 {
		t.Errorf("energy %v", got)
	}
}

func TestRepeatsAndCorrections(t *testing.T) {
	t.Parallel()
	for _, step := range []int{60, 900, 3600} {
		s := newStrip(t, meter.Energy, 3600)
		points := every(midnight, step, 3*86400/step, wave)
		s.putAll(points)
		before := s.energy()
		for _, p := range points[len(points)/2:] {
			if d := s.put(p); d != grid.Repeated {
				t.Fatalf("step %d: repeat of %d is decision %d", step, p.Second, d)
			}
		}
		p := points[len(points)-len(points)/6]
		p.Value += 5
		if d := s.put(p); d != grid.Applied {
			t.Fatalf("step %d: correction is decision %d", step, d)
		}
		if got := s.energy(); math.Abs(got-before-5) > 1e-3 {
			t.Errorf("step %d: energy %v after a correction by 5 of %v", step, got, before)
		}
	}
}

func TestStrayIsRefusedInTheEnd(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Energy, 0)
	s.putAll(every(midnight, 3600, 60, wave))
	stray := grid.Point{Second: midnight + 59*3600 + 1500, Value: 9, Quality: meter.OK}
	if d := s.put(stray); d != grid.Waiting {
		t.Errorf("a stray is decision %d", d)
	}
	s.putAll(every(midnight+60*3600, 3600, 60, func(i int) float64 { return wave(i + 60) }))
	if s.refused["interval_unsupported"] != 1 || s.waiting != 0 {
		t.Errorf("refused %v, waiting %d", s.refused, s.waiting)
	}
	for i, c := range s.list() {
		if c.Value != float32(wave(i)) {
			t.Errorf("cell %d: %v", i, c)
		}
	}
	if s.state.Raw != nil {
		t.Error("points are kept after the stray is gone")
	}
}

func TestFarAheadWaitsForASecondOne(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Energy, 0)
	s.putAll(every(midnight, 3600, 100, wave))
	far := grid.Point{Second: midnight + 400*86400, Value: 1, Quality: meter.OK}
	if d := s.put(far); d != grid.Waiting {
		t.Fatalf("decision %d", d)
	}
	s.putAll(every(midnight+100*3600, 3600, 10, wave))
	if len(s.cells) != 110 || s.state.Held == nil {
		t.Fatalf("%d cells, held %v", len(s.cells), s.state.Held)
	}
	s.putAll(every(midnight+300*86400, 3600, 2, wave))
	if len(s.cells) != 2 || s.refused["unconfirmed"] != 1 {
		t.Errorf("%d cells after a long silence, refused %v", len(s.cells), s.refused)
	}
}

// A series that comes once a week or a month is known by its rhythm: no second reading is ever near
// enough to confirm one. Hours after it are taken as those of any series.
func TestSeldomSeriesIsKnown(t *testing.T) {
	t.Parallel()
	for days, n := range map[int]int{3: 5, 7: 3, 30: 3} { // fewer may be two weeks in any order
		step := days * 86400
		s := newStrip(t, meter.Energy, 0)
		s.putAll(every(midnight, step, n, wave))
		if s.state.Coarse != int32(step) || len(s.refused) > 0 != (n == 3) {
			t.Errorf("every %d days: coarse %d, refused %v", days, s.state.Coarse, s.refused)
		}
		s.putAll(every(midnight+int64(n*step), 3600, 48, wave))
		if s.state.Coarse != 0 || s.count(meter.OK) < 47 {
			t.Errorf("hours after: coarse %d, %d cells, refused %v", s.state.Coarse,
				s.count(meter.OK), s.refused)
		}
	}
	s := newStrip(t, meter.Energy, 0) // two wrong clocks are no rhythm
	s.putAll(every(midnight, 3600, 5, wave))
	for _, days := range []int64{300, 900} {
		s.put(grid.Point{Second: midnight + days*86400, Value: 1, Quality: meter.OK})
	}
	if s.state.Coarse != 0 {
		t.Errorf("coarse %d after two wrong clocks", s.state.Coarse)
	}
}

// Energy at a step that does not divide the hour is known after a day, and forgotten when the meter
// turns to a step that does.
func TestOddStepOfEnergy(t *testing.T) {
	t.Parallel()
	for _, step := range []int{8 * 60, 25 * 60, 40 * 60, 45 * 60} {
		s := newStrip(t, meter.Energy, 0)
		s.putAll(every(midnight, step, 4*86400/step, wave))
		if s.state.Coarse != int32(step) {
			t.Errorf("step %d: coarse %d", step, s.state.Coarse)
		}
		s.putAll(every(midnight+5*86400, 900, 2*96, wave))
		if s.state.Coarse != 0 || s.state.Interval != 900 {
			t.Errorf("quarter-hours after it: coarse %d, interval %d", s.state.Coarse,
				s.state.Interval)
		}
		s = newStrip(t, meter.Power, 0)
		s.putAll(every(midnight, step, 4*86400/step, wave))
		if s.state.Coarse != 0 || s.state.Step != 0 || len(s.refused) > 0 {
			t.Errorf("power, step %d: coarse %d, refused %v", step, s.state.Coarse, s.refused)
		}
	}
}

// A meter that turns from quarters to hours changes its interval, at whatever quarter its hours
// start.
func TestHoursMayStartAtAnyQuarter(t *testing.T) {
	t.Parallel()
	for _, phase := range []int64{0, 900, 1800, 2700} {
		s := newStrip(t, meter.Energy, 0)
		s.putAll(every(midnight, 900, 3*96, wave))
		s.putAll(every(midnight+3*86400+phase, 3600, 48, wave))
		want := grid.Grid{Interval: 3600, Phase: int32(phase)}
		if got := s.state.Grid; got != want {
			t.Errorf("hours from second %d on: grid %+v, want %+v", phase, got, want)
		}
	}
}

// A cell closes when nothing more is due in it: readings in order do not change it again, also
// where their step does not divide it.
func TestCellsCloseOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind meter.Kind
		step int
	}{
		{meter.Energy, 60}, {meter.Energy, 120}, {meter.Energy, 240}, {meter.Energy, 7},
		{meter.Power, 60}, {meter.Power, 120}, {meter.Power, 240}, {meter.Power, 7},
	} {
		s := newStrip(t, c.kind, 0)
		for i, p := range every(midnight, c.step, 2*86400/c.step, wave) {
			newest, young := s.newest, i < 86400/c.step+2
			s.put(p)
			for _, cell := range s.out.Cells {
				if !young && cell.N <= newest {
					t.Fatalf("%s every %d s: cell %d was closed, and is %+v",
						c.kind, c.step, newest, cell)
				}
			}
		}
	}
}

// A new register whose reads turn out to come at irregular moments is heard at a cell of its new
// grid.
func TestRegisterIsHeardOnItsNewGrid(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Register, 0)
	s.putAll(every(midnight, 900, 4, wave))
	at := int64(midnight + 2700)
	for i := range 20 {
		at += int64(700 + 650*(i%3))
		s.put(grid.Point{Second: at, Value: 10 + float64(i), Quality: meter.OK})
	}
	if heard := s.state.Cell(at - 1); s.state.Interval != 3600 || s.state.Heard != heard {
		t.Errorf("interval %d, heard at cell %d, want %d", s.state.Interval, s.state.Heard, heard)
	}
}

package grid_test

import (
	"math/rand/v2"
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

// lossy leaves out so many of a hundred readings.
func lossy(points []grid.Point, lost int) []grid.Point {
	random := rand.New(rand.NewPCG(1, uint64(lost)))
	kept := points[:0]
	for _, p := range points {
		if random.IntN(100) >= lost {
			kept = append(kept, p)
		}
	}
	return kept
}

// Energy has the step that its meter sends at, also where many of the readings are lost and no gap
// between readings covers half of the time.
func TestStepOfALossyMeter(t *testing.T) {
	t.Parallel()
	for _, lost := range []int{0, 20, 35, 45} {
		for _, step := range []int{300, 900, 1800} {
			points := lossy(every(midnight, step, 4*86400/step, wave), lost)
			s := newStrip(t, meter.Energy, 0)
			s.putAll(points)
			if s.state.Interval != int32(step) || len(s.refused) > 0 {
				t.Errorf("step %d, %d %% lost: interval %d, refused %v",
					step, lost, s.state.Interval, s.refused)
			}
		}
	}
}

// A meter that turns from hours to quarters changes its interval within two days, also where one of
// eight readings is lost.
func TestStepOfALossyMeterChanges(t *testing.T) {
	t.Parallel()
	for _, kind := range []meter.Kind{meter.Energy, meter.Power} {
		s := newStrip(t, kind, 0)
		s.putAll(every(midnight, 3600, 3*24, wave))
		s.putAll(lossy(every(midnight+3*86400, 900, 2*96, wave), 13))
		if s.state.Interval != 900 || len(s.refused) > 0 {
			t.Errorf("%s: interval %d, refused %v", kind, s.state.Interval, s.refused)
		}
	}
}

// Gaps of one length that start at several moments of it are not its step: the readings in between
// are lost.
func TestStepOfReadingsLostInTurn(t *testing.T) {
	t.Parallel()
	for _, kind := range []meter.Kind{meter.Energy, meter.Power} {
		for name, lost := range map[string]func(i int) bool{
			"two of four":  func(i int) bool { return i%4 == 1 || i%4 == 2 },
			"one of three": func(i int) bool { return i%3 == 1 },
		} {
			s := newStrip(t, kind, 0)
			sent := 0
			for i, p := range every(midnight, 300, 3*288, wave) {
				if !lost(i) {
					s.put(p)
					sent++
				}
			}
			if n := s.count(meter.OK); s.state.Interval != 300 || n != sent || len(s.refused) > 0 {
				t.Errorf("%s, %s lost: interval %d, %d cells of %d readings, refused %v",
					kind, name, s.state.Interval, n, sent, s.refused)
			}
		}
	}
}

// Whether readings come less often than hourly does not depend on their order: two within an hour
// tell that they do not, also when the second one comes late.
func TestSeldomReadingsInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range [][]int64{
		{0, 2, 3, 15, 17, 19, 21, 23, 25, 27},
		{0, 2, 15, 27, 17, 19, 21, 23, 25, 3},
	} {
		s := newStrip(t, meter.Power, 0)
		for _, hour := range order {
			s.put(grid.Point{Second: midnight + hour*3600, Value: 1, Quality: meter.OK})
		}
		if s.state.Coarse != 0 || s.state.Interval != 3600 || len(s.cells) != len(order) {
			t.Errorf("hours %v: coarse %d, interval %d, %d cells",
				order, s.state.Coarse, s.state.Interval, len(s.cells))
		}
	}
}

// A step whose gaps cover half of the time is that of the series.
func TestStepOfHalfOfTheTime(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Power, 0)
	for cycle := range int64(13) { // two half-hours and three times 20 minutes
		for _, minute := range []int64{0, 30, 60, 80, 100} {
			second := midnight + cycle*7200 + minute*60
			s.put(grid.Point{Second: second, Value: 1, Quality: meter.OK})
		}
	}
	if s.state.Step != 1200 {
		t.Errorf("step %d, want one of 20 minutes", s.state.Step)
	}
}

// Power of which many readings are lost may be sent on change: its values are held.
func TestLossyPowerIsHeld(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Power, 0)
	s.putAll(lossy(every(midnight, 900, 4*96, wave), 45))
	if s.state.Step != 0 || s.state.Interval != 3600 || len(s.refused) > 0 {
		t.Errorf("%+v, refused %v", s.state.Pattern, s.refused)
	}
}

// Hours whose clock moves twice in a day are hours, though no moment of the hour has most of them.
func TestStepOfAClockThatMoves(t *testing.T) {
	t.Parallel()
	for name, minutes := range map[string][]int64{
		"forwards": {0, 9*60 + 20, 18*60 + 40}, "once backwards": {0, 8*60 + 30, 17*60 + 40},
	} {
		s := newStrip(t, meter.Energy, 0)
		for _, minute := range minutes {
			s.putAll(every(midnight+minute*60, 3600, 9, wave))
		}
		if s.state.Interval != 3600 || s.state.Step != 3600 || s.state.Coarse != 0 {
			t.Errorf("%s: %+v", name, s.state.Pattern)
		}
	}
}

// Readings drift away from a class when they do so for long: those of an hour may be jitter. A
// register may be read at any moment.
func TestDriftTakesTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind     meter.Kind
		readings int
		step     int32
	}{
		{meter.Power, 5, 900}, {meter.Power, 200, 0}, {meter.Register, 200, 900},
	} {
		s := newStrip(t, c.kind, 0)
		s.putAll(every(midnight, 984, c.readings, func(i int) float64 { return float64(i) }))
		if s.state.Step != c.step {
			t.Errorf("%d of %s: step %d, want %d", c.readings, c.kind, s.state.Step, c.step)
		}
	}
}

// A gap of 5 minutes here and there does not make a step of 5 minutes.
func TestFewGapsAreNoStep(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Energy, 0)
	second := int64(midnight)
	for i := range int64(60) {
		s.put(grid.Point{Second: second, Value: 1, Quality: meter.OK})
		second += []int64{35, 40, 50, 55, 25, 5}[i%6] * 60
	}
	if s.state.Interval != 3600 {
		t.Errorf("%+v", s.state.Pattern)
	}
}

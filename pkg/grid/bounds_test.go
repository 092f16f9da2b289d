package grid_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/grid"
	"github.com/loadtide/loadtide/pkg/meter"
)

const (
	anHour      = meter.HourSeconds
	aQuarter    = anHour / 4
	firstOfHour = midnight / anHour // the cell of an hourly grid that starts at midnight
)

// hourly is a series that has had n hours of energy, from midnight on.
func hourly(t *testing.T, n int) *strip {
	t.Helper()
	s := newStrip(t, meter.Energy, 0)
	s.putAll(every(midnight, anHour, n, wave))
	return s
}

// quarterly is a series of hours that is sent in quarters of 1, n of them from midnight on.
func quarterly(t *testing.T, n int) *strip {
	t.Helper()
	s := newStrip(t, meter.Energy, anHour)
	s.putAll(every(midnight, aQuarter, n, func(int) float64 { return 1 }))
	return s
}

// good is a reading that comes so many seconds after midnight.
func good(second int64, value float64) grid.Point {
	return grid.Point{Second: midnight + second, Value: value, Quality: meter.OK}
}

// spanning is a point whose sender gives the seconds of its interval.
func spanning(p grid.Point, span int32) grid.Point {
	p.Span = span
	return p
}

// called is a point of another quality.
func called(p grid.Point, quality meter.Quality) grid.Point {
	p.Quality = quality
	return p
}

// want puts a point and compares the decision.
func (s *strip) want(p grid.Point, decision grid.Decision) {
	s.t.Helper()
	if got := s.put(p); got != decision {
		s.t.Errorf("reading %+v: decision %d, want %d; refused %v", p, got, decision, s.refused)
	}
}

// wantCell compares a cell, counted from midnight.
func (s *strip) wantCell(n int64, value float32, quality meter.Quality) {
	s.t.Helper()
	n += midnight / int64(s.state.Interval)
	if got, want := s.cells[n], (grid.Cell{N: n, Value: value, Quality: quality}); got != want {
		s.t.Errorf("cell %+v, want %+v", got, want)
	}
}

func TestIntervalThatASenderGives(t *testing.T) {
	t.Parallel()
	s := hourly(t, 30)
	s.want(spanning(good(30*anHour, 1), 240), grid.Rejected) // divides the hour
	s.want(spanning(good(30*anHour, 1), 420), grid.Rejected) // does not
	if s.refused["interval_unsupported"] != 2 {
		t.Errorf("refused %v", s.refused)
	}
	s.want(spanning(good(30*anHour, 1), 900), grid.Applied)
	if c, ok := s.cells[firstOfHour+30]; ok {
		t.Errorf("a quarter of an hour makes cell %+v", c)
	}
}

func TestIntervalThatIsLongerThanACell(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Energy, 0)
	s.putAll(every(midnight, anHour/2, 60, wave))
	s.want(spanning(good(30*anHour, 4), anHour), grid.Applied)
	s.wantCell(60, 2, meter.Estimated)
	s.wantCell(61, 2, meter.Estimated)
}

func TestBadReadingsNeedACellBefore(t *testing.T) {
	t.Parallel()
	s := hourly(t, 30)
	s.want(called(good(0, 0), meter.Bad), grid.Rejected)
	s.want(called(good(anHour, 0), meter.Bad), grid.Applied)
	s.wantCell(1, 0, meter.Bad)

	s = newStrip(t, meter.Energy, anHour)
	s.put(spanning(good(anHour+3*aQuarter, 1), aQuarter))
	for i := range int64(4) {
		s.put(called(spanning(good(i*aQuarter, 0), aQuarter), meter.Bad))
	}
	if len(s.cells) != 0 {
		t.Errorf("a series begins with bad cells: %v", s.list())
	}
}

func TestBadReadingOfASilentCell(t *testing.T) {
	t.Parallel()
	s := hourly(t, 30)
	s.want(good(31*anHour, 1), grid.Applied)
	s.want(called(good(30*anHour, 0), meter.Bad), grid.Applied)
	s.wantCell(30, 0, meter.Bad)
}

func TestLatenessIsBounded(t *testing.T) {
	t.Parallel()
	s := hourly(t, 100)
	s.want(good(99*anHour, wave(99)), grid.Repeated)
	s.want(good((99-48)*anHour, 9), grid.Applied)
	s.wantCell(99-48, 9, meter.OK)
	s.want(good((99-49)*anHour, 9), grid.Applied)
	s.wantCell(99-49, 9, meter.OK)
	s.want(good((99-335)*anHour, 9), grid.Applied)
	s.wantCell(99-335, 9, meter.OK)
	s.want(good((99-336)*anHour, 9), grid.Rejected)
	if s.refused["too_late"] != 1 {
		t.Errorf("refused %v", s.refused)
	}
}

func TestReadOfARegisterIsOfTheCellItCloses(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Register, 0)
	s.putAll(every(midnight, anHour, 100, func(i int) float64 { return 1000 + float64(i) }))
	if len(s.out.Cells) != 1 {
		t.Errorf("a read gives %d cells, want the new one", len(s.out.Cells))
	}
	s.want(good((99-48)*anHour, 1051), grid.Repeated)
	s.want(good((99-49)*anHour, 1050), grid.Rejected)
}

func TestResetIsCountedOnce(t *testing.T) {
	t.Parallel()
	s, resets := newStrip(t, meter.Register, 0), 0
	for i := range int64(60) {
		s.put(good(i*anHour, float64(1000+i-1040*(i/40))))
		resets += int(s.out.Counts.Resets)
	}
	if resets != 1 {
		t.Errorf("%d resets, want 1", resets)
	}
}

func TestReadingInOrderDecidesOnTheOneThatIsHeld(t *testing.T) {
	t.Parallel()
	s := hourly(t, 100)
	s.want(good((99+49)*anHour, 1), grid.Waiting)
	s.want(good(100*anHour, 1), grid.Applied)
	if s.wantCell(148, 1, meter.OK); s.state.Held != nil {
		t.Errorf("held %+v", *s.state.Held)
	}
}

func TestHeldReadingMayBeCorrected(t *testing.T) {
	t.Parallel()
	s := hourly(t, 100)
	s.want(good(200*anHour, 1), grid.Waiting)
	s.want(good(200*anHour, 1), grid.Repeated)
	s.want(good(200*anHour, 2), grid.Waiting)
	if s.refused["unconfirmed"] != 1 || s.state.Held == nil || s.state.Held.Value != 2 {
		t.Errorf("held %v, refused %v", s.state.Held, s.refused)
	}
	s.want(good(201*anHour, 3), grid.Applied)
	if s.wantCell(200, 2, meter.OK); s.state.Held != nil {
		t.Errorf("held %+v", *s.state.Held)
	}
}

func TestSilenceLongerThanTheMemoryBeginsAnew(t *testing.T) {
	t.Parallel()
	const memory = 16 * 24
	for silent, restarts := range map[int64]bool{memory + 1: false, memory + 2: true} {
		s := hourly(t, 100)
		s.put(good((99+silent)*anHour, 1))
		s.want(good((100+silent)*anHour, 1), grid.Applied)
		if s.out.Restarted != restarts {
			t.Errorf("restarted %v after %d intervals", s.out.Restarted, silent)
		}
	}
}

func TestCellIsWrittenWhenItsReadingsAreThere(t *testing.T) {
	t.Parallel()
	s := quarterly(t, 4*30)
	if want := int64(firstOfHour + 29); s.newest != want || s.state.Heard != want {
		t.Errorf("newest cell %d, heard up to %d, want %d", s.newest, s.state.Heard, want)
	}
	s.putAll(every(midnight+30*anHour, aQuarter, 3, func(int) float64 { return 1 }))
	if s.newest != firstOfHour+29 {
		t.Error("a cell is written before its last reading")
	}
	s.state.Close(midnight+31*anHour, s, &s.out)
	if s.take(&s.out); s.newest != firstOfHour+29 {
		t.Error("a cell is closed before the reading after its last one can be there")
	}
	s.state.Close(midnight+31*anHour+aQuarter, s, &s.out)
	s.take(&s.out)
	s.wantCell(30, 4, meter.Estimated)
}

func TestCellOfAPartOfItsReadings(t *testing.T) {
	t.Parallel()
	s := quarterly(t, 4*30)
	s.putAll([]grid.Point{
		good(30*anHour, 1), good(30*anHour+aQuarter, 2),
		called(good(31*anHour, 1), meter.Estimated), good(31*anHour+aQuarter, 1),
		good(31*anHour+2*aQuarter, 1), good(31*anHour+3*aQuarter, 1),
	})
	s.wantCell(30, 6, meter.Estimated)
	s.wantCell(31, 4, meter.Estimated)
}

func TestStrayWaitsForItsPatience(t *testing.T) {
	t.Parallel()
	s := hourly(t, 60)
	s.want(good(58*anHour+anHour/2, 9), grid.Waiting) // two gaps of half an hour are no run
	s.wantCell(58, float32(wave(58)), meter.OK)
	for i := int64(60); i <= 63; i++ {
		if s.put(good(i*anHour, wave(int(i)))); s.waiting != 1 && i < 63 {
			t.Errorf("after %d hours %d readings wait", i-58, s.waiting)
		}
	}
	if s.refused["interval_unsupported"] != 1 || s.waiting != 0 {
		t.Errorf("refused %v, %d wait", s.refused, s.waiting)
	}
}

func TestFirstDayIsADay(t *testing.T) {
	t.Parallel()
	s := hourly(t, 12)
	if s.state.Raw == nil || !s.state.Raw.Young {
		t.Error("the first day of a series is over after half of it")
	}
}

func TestPhaseInForceStaysUntilAnotherIsMoreFrequent(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Energy, anHour)
	s.putAll(every(midnight, anHour, 6, wave))
	s.putAll(every(midnight+6*anHour+anHour/2, anHour, 6, wave))
	if s.state.Phase != 0 {
		t.Errorf("phase %d after as many readings of each", s.state.Phase)
	}
	s.put(good(12*anHour+anHour/2, 1))
	if s.state.Phase != anHour/2 {
		t.Errorf("phase %d, want that of most readings", s.state.Phase)
	}
}

func TestStepChangesAfterMostOfADay(t *testing.T) {
	t.Parallel()
	halves := func(s *strip, from int64, hours int) int32 {
		s.putAll(every(midnight+from*anHour, anHour/2, 2*hours, wave))
		return s.state.Interval
	}
	s := hourly(t, 60)
	if got := halves(s, 60, 16); got != anHour {
		t.Errorf("interval %d after 16 hours of another step", got)
	}
	if got := halves(s, 76, 6); got != anHour/2 {
		t.Errorf("interval %d after 22 hours of another step", got)
	}
	s = hourly(t, 60)
	if got := halves(s, 2000, 22); got != anHour {
		t.Errorf("interval %d, by less than a day that is remembered", got)
	}
	if got := halves(s, 2022, 3); got != anHour/2 {
		t.Errorf("interval %d after a day of another step", got)
	}
}

func TestJoin(t *testing.T) {
	t.Parallel()
	ok, bad, missing := meter.OK, meter.Bad, meter.Missing
	for _, c := range []struct {
		parts [4]meter.Quality
		want  meter.Quality
	}{
		{[4]meter.Quality{ok, ok, ok, ok}, meter.OK},
		{[4]meter.Quality{ok, ok, ok, missing}, meter.Estimated},
		{[4]meter.Quality{ok, ok, missing, bad}, meter.Estimated},
		{[4]meter.Quality{ok, missing, missing, missing}, meter.Missing},
		{[4]meter.Quality{ok, missing, missing, bad}, meter.Bad},
		{[4]meter.Quality{bad, missing, missing, ok}, meter.Bad},
	} {
		at := func(m int64) (float32, meter.Quality) { return 1, c.parts[m-40] }
		got := grid.Join(grid.Grid{Interval: anHour / 4}, grid.Grid{Interval: anHour}, meter.Energy, 10, at)
		if got.Quality != c.want {
			t.Errorf("parts %v make %v, want %v", c.parts, got.Quality, c.want)
		}
	}
}

// Readings that are sound each may add up to more than a reading may be: such a cell is BAD, of
// minutes in a quarter and of quarters that are joined to an hour.
func TestACellIsWithinWhatReadingsMayBe(t *testing.T) {
	t.Parallel()
	s := newStrip(t, meter.Energy, 0)
	s.putAll(every(midnight, 60, 2*1440, func(i int) float64 {
		if i/15 == 3 {
			return -9e11
		}
		return 1
	}))
	for _, c := range s.list() {
		want := grid.Cell{N: c.N, Value: 15, Quality: meter.OK}
		if s.state.Start(c.N) == midnight+3*900 {
			want.Value, want.Quality = 0, meter.Bad
		}
		if c != want {
			t.Errorf("%+v, want %+v", c, want)
		}
	}
	quarter, hour := grid.Grid{Interval: 900}, grid.Grid{Interval: 3600}
	joined := grid.Join(quarter, hour, meter.Energy, 0, func(int64) (float32, meter.Quality) { return 5e11, meter.OK })
	if joined.Quality != meter.Bad || joined.Value != 0 {
		t.Errorf("%+v", joined)
	}
}

// A register that only falls is refused after a day, with the remedy that helps: with the other sign
// it counts. A register that drops and counts on is not, nor is one that stands still.
func TestRegisterThatFalls(t *testing.T) {
	t.Parallel()
	for _, step := range []int{300, 900, anHour} {
		for _, turned := range []int{0, 5 * 86400 / step} {
			show := func(i int) float64 { return 9000 + float64(turned) - math.Abs(float64(turned-i)) }
			s := newStrip(t, meter.Register, 0)
			points := every(midnight, step, turned+5*86400/step, show)
			s.putAll(points)
			falling, evidence := 5*86400/step, max(86400/step, 12)+1
			if n := s.refused["register_falls"]; n < falling-evidence-1 || n > falling-evidence+1 || len(s.refused) != 1 {
				t.Errorf("every %d s, turned at %d: refused %v of %d that fall", step, turned, s.refused, falling)
			}
			if len(s.state.Raw.Points) > 4*86400/step {
				t.Errorf("every %d s: %d points are kept", step, len(s.state.Raw.Points))
			}
			if text := s.out.Refusal.Detail; !strings.Contains(text, fmt.Sprintf("value %g ", points[len(points)-1].Value)) ||
				!strings.Contains(text, "the other sign") {
				t.Errorf("told as %q", text)
			}
		}
		s := newStrip(t, meter.Register, 0)
		s.putAll(every(midnight, step, 3*86400/step, func(i int) float64 { return float64(i) - 9000 }))
		if len(s.refused) > 0 || len(s.cells) < 70 {
			t.Errorf("with the other sign: refused %v, %d cells", s.refused, len(s.cells))
		}
	}
	for name, show := range map[string]func(i int) float64{
		"stands still":   func(int) float64 { return 9000 },
		"one drop a day": func(i int) float64 { return float64(i % 24) },
		"steps of a day": func(i int) float64 { return 9000 - float64(i/24) },
		"falls and rises, as one that feeds in": func(i int) float64 {
			return 9000 - 10*math.Sin(2*math.Pi*float64(i)/24)
		},
	} {
		s := newStrip(t, meter.Register, 0)
		if s.putAll(every(midnight, anHour, 7*24, show)); len(s.refused) > 0 {
			t.Errorf("%s: refused %v", name, s.refused)
		}
	}
}

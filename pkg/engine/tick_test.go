package engine

import (
	"fmt"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// live at is a reading that the log has two minutes after its interval.
func liveAt(i int64) Reading {
	r := at(i)
	r.Received = r.Second + meter.HourSeconds + 120
	return r
}

// The clock of the log fills a silent meter hour by hour and forecasts it, until
// it is stale; when it is back all is as if the gap had been filled at once.
func TestSilentMeter(t *testing.T) {
	t.Parallel()
	const n = int64(200)
	for _, silent := range []int64{1, 5, 7, 30, lateHours} {
		e, untold := newEngine(t, randomModel(80, 4)), newEngine(t, randomModel(80, 4))
		feed(e, 0, n-1)
		feed(untold, 0, n-1)
		last(t, e, liveAt(n-1))
		last(t, untold, liveAt(n-1))
		if !e.Live() {
			t.Fatal("not live")
		}
		for i := n; i < n+silent; i++ {
			start := epoch + i*meter.HourSeconds
			if result := e.Tick(start+2*meter.HourSeconds-1, 5); len(result.Forecasts) != 0 {
				t.Fatalf("silent %d: cell %d is forecast too early", silent, i-n)
			}
			result := e.Tick(start+2*meter.HourSeconds, 5)
			if len(result.Forecasts) != 1 || result.Forecasts[0].Quality != meter.Missing || result.Forecasts[0].Message != 5 ||
				result.Forecasts[0].Origin != start+meter.HourSeconds || result.Forecasts[0].Revision != 0 {
				t.Fatalf("silent %d: cell %d: %+v", silent, i-n, result)
			}
			if result := e.Tick(start+2*meter.HourSeconds+10, 6); len(result.Forecasts)+len(result.Events) != 0 {
				t.Fatalf("silent %d: cell %d is forecast again", silent, i-n)
			}
		}
		fa, fb := after(t, e, n+silent), after(t, untold, n+silent)
		fb.Model = e.Model(meter.HourSeconds)
		if d := differ(&fa, &fb); d != "" {
			t.Errorf("silent for %d: %s", silent, d)
		}
		a, b := pristine(e), pristine(untold)
		if !sameSections(a, b) {
			t.Errorf("silent for %d: the states differ", silent)
		}
	}
}

func TestStaleMeter(t *testing.T) {
	t.Parallel()
	const n = int64(200)
	e := newEngine(t, randomModel(81, 4))
	feed(e, 0, n-1)
	last(t, e, liveAt(n-1))
	// After a pause of the owner all that is due comes at once: one forecast.
	result := e.Tick(epoch+(n+11)*meter.HourSeconds, 1)
	if len(result.Forecasts) != 1 || result.Forecasts[0].Origin != epoch+(n+10)*meter.HourSeconds {
		t.Fatalf("%+v", result)
	}
	forecasts, events := 0, 0
	for i := n + 10; i < n+200; i++ {
		result := e.Tick(epoch+(i+2)*meter.HourSeconds, 1)
		forecasts += len(result.Forecasts)
		for _, event := range result.Events {
			events++
			if event.Kind != SeriesStale || event.Series != m17 || i != n+lateHours {
				t.Errorf("cell %d: %+v", i-n, event)
			}
		}
	}
	if forecasts != lateHours-10 || events != 1 || e.Live() {
		t.Errorf("%d forecasts, %d events, live %v", forecasts, events, e.Live())
	}
	if f := after(t, e, n+200); f.Source != meter.SourceLSTM || f.Quality != meter.OK {
		t.Errorf("back: %+v", f)
	}
	// Its backlog is taken too: nothing of the silence was too late while it lasted.
	e = newEngine(t, e.Model(meter.HourSeconds))
	feed(e, 0, n-1)
	last(t, e, liveAt(n-1))
	e.Tick(epoch+(n+300)*meter.HourSeconds, 1)
	for i := n; i < n+100; i++ {
		if result := e.Step([]Reading{at(i)}); result.Applied != 1 || len(result.Forecasts) != 1 {
			t.Fatalf("backlog %d: %+v", i-n, result)
		}
	}
}

// Only what was up to date is told the time: history and late deliveries are not.
func TestTickLooksAtSeriesThatAreUpToDate(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Reading){
		"history":     func(r *Reading) { r.History = true },
		"a day later": func(r *Reading) { r.Received += 86400 },
		"no log":      func(r *Reading) { r.Received = 0 },
	} {
		e := New()
		feed(e, 0, 30)
		r := liveAt(30)
		change(&r)
		e.Step([]Reading{r})
		before := e.Snapshot()
		if result := e.Tick(epoch+50*meter.HourSeconds, 1); e.Live() || len(result.Forecasts) != 0 || !sameSections(before, e.Snapshot()) {
			t.Errorf("%s: live %v, %+v", name, e.Live(), result)
		}
	}
}

// An hour of finer readings is closed by the clock when its last one is missing.
func TestTickClosesAnHour(t *testing.T) {
	t.Parallel()
	const step = 900
	e := newEngine(t, randomModel(82, 4))
	for k := range int64(4*200 - 1) {
		r := part(k, step)
		r.Interval, r.Received = step, r.Second+step+5
		e.Step([]Reading{r})
	}
	if result := e.Tick(epoch+200*meter.HourSeconds+step-1, 3); len(result.Forecasts) != 0 {
		t.Fatalf("%+v", result)
	}
	result := e.Tick(epoch+200*meter.HourSeconds+step, 3)
	if len(result.Forecasts) != 1 || result.Forecasts[0].Origin != epoch+200*meter.HourSeconds || result.Forecasts[0].Quality != meter.Estimated {
		t.Fatalf("%+v", result)
	}
	r := part(4*200-1, step)
	if f := last(t, e, r); f.Revision != 1 || f.Quality != meter.OK {
		t.Errorf("%+v", f)
	}
}

// Part of an hour is nothing that an hourly model could go on from.
func TestTickOfASeriesWithoutAnHour(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(83, 4))
	r := part(0, 900)
	r.Interval, r.Received = 900, r.Second+905
	e.Step([]Reading{r})
	if !e.Live() {
		t.Fatal("not live")
	}
	if result := e.Tick(epoch+30*meter.HourSeconds, 1); len(result.Forecasts)+len(result.Events) != 0 {
		t.Errorf("%+v", result)
	}
}

// One tick looks after tickSeries series, the next one after the others.
func TestTickIsBounded(t *testing.T) {
	t.Parallel()
	e := New()
	var batch []Reading
	for i := range tickSeries + 3 {
		r := liveAt(0)
		r.Series.Meter, r.Message = fmt.Sprint("m", i), i
		batch = append(batch, r)
	}
	e.Step(batch)
	for _, want := range []int{tickSeries, 3, 0} {
		if got := len(e.Tick(epoch+3*meter.HourSeconds, 0).Forecasts); got != want {
			t.Errorf("%d forecasts, want %d", got, want)
		}
	}
}

// A series is up to date from a reading on that came while its next interval ran, and
// until one comes later than a silent series is forecast. Readings of the past say nothing.
func TestLive(t *testing.T) {
	t.Parallel()
	const hour = int64(meter.HourSeconds)
	type heard struct {
		cell, lag int64
		history   bool
	}
	for name, c := range map[string]struct {
		readings []heard
		live     bool
	}{
		"at once":                  {[]heard{{30, 0, false}}, true},
		"just in time":             {[]heard{{30, 2*hour - 1, false}}, true},
		"a second too late":        {[]heard{{30, 2 * hour, false}}, false},
		"history in time":          {[]heard{{30, hour, true}}, false},
		"then late":                {[]heard{{30, hour, false}, {31, (lateHours + 1) * hour, false}}, true},
		"then days late":           {[]heard{{30, hour, false}, {31, (lateHours+1)*hour + 1, false}}, false},
		"then history":             {[]heard{{30, hour, false}, {31, hour, true}}, true},
		"then history, days late":  {[]heard{{30, hour, false}, {31, 100 * hour, true}}, false},
		"then the past, days late": {[]heard{{30, hour, false}, {20, 100 * hour, false}}, true},
		"then the same, days late": {[]heard{{30, hour, false}, {30, 100 * hour, false}}, true},
		"corrected, days late":     {[]heard{{30, hour, false}, {-30, 100 * hour, false}}, false},
	} {
		e := New()
		feed(e, 0, 30)
		for _, h := range c.readings {
			r := at(max(h.cell, -h.cell))
			if h.cell < 0 {
				r.Value++
			}
			r.History, r.Received = h.history, r.Second+h.lag
			e.Step([]Reading{r})
		}
		if e.Live() != c.live {
			t.Errorf("%s: live %v", name, e.Live())
		}
	}
}

// A reading as late as is allowed says nothing about whether its series is up to date.
func TestLateReadingLeavesItsSeriesLive(t *testing.T) {
	t.Parallel()
	const n = int64(100)
	e := newEngine(t, nil)
	feed(e, 0, n-1)
	last(t, e, liveAt(n-1))
	late := at(n - 1 - lateHours)
	late.Value, late.Received = late.Value+1, liveAt(n-1).Received
	if last(t, e, late); !e.Live() {
		t.Error("the series is not up to date any more")
	}
}

// liveQuarters are quarters of m17 that come a minute after their end.
func liveQuarters(from, to int64) []Reading {
	all := quarters(from, to)
	for i := range all {
		all[i].Received = all[i].Second + 960
	}
	return all
}

// The time closes an hour whose last quarter is missing, once that could have come, and fills the
// hours behind it.
func TestTickClosesAnHourOfQuarters(t *testing.T) {
	t.Parallel()
	const hour = meter.HourSeconds
	e := newEngine(t, randomModel(81, 4))
	if _, err := e.Configure(m17, Setting{Interval: hour}); err != nil {
		t.Fatal(err)
	}
	each(t, e, liveQuarters(0, 4*200+3))
	for _, c := range []struct {
		now    int64
		cell   int64 // newest one after it
		counts int
	}{
		{201 * hour, 199, 0}, {201*hour + 900, 200, 1}, {203*hour - 1, 200, 0}, {203 * hour, 201, 1},
	} {
		result := e.Tick(epoch+c.now, 1)
		if len(result.Forecasts) != c.counts {
			t.Fatalf("after %d s %d forecasts, want %d", c.now, len(result.Forecasts), c.counts)
		}
		if s, _ := e.Summary(m17); s.Origin != epoch+(c.cell+1)*hour {
			t.Errorf("after %d s the newest hour ends at %d", c.now, (s.Origin-epoch)/hour)
		}
		if value, quality := cellAt(t, e, 199); quality != meter.OK || value <= 0 {
			t.Errorf("hour 199 is %v %v", value, quality)
		}
	}
	if _, quality := cellAt(t, e, 200); quality != meter.Estimated {
		t.Errorf("the hour of three quarters is %v", quality)
	}
	if _, quality := cellAt(t, e, 201); quality != meter.Missing {
		t.Errorf("the silent hour is %v", quality)
	}
	// After a pause of the owner the hour is closed and those behind it are filled at once.
	late := newEngine(t, randomModel(81, 4))
	if _, err := late.Configure(m17, Setting{Interval: hour}); err != nil {
		t.Fatal(err)
	}
	each(t, late, liveQuarters(0, 4*200+3))
	late.Tick(epoch+203*hour, 1)
	if !sameSections(pristine(e), pristine(late)) {
		t.Error("the state depends on the pause")
	}
}

// A series that is up to date and has no cell yet is left alone.
func TestTickLeavesASeriesWithoutCells(t *testing.T) {
	t.Parallel()
	e := newEngine(t, nil)
	if _, err := e.Configure(m17, Setting{Interval: meter.HourSeconds}); err != nil {
		t.Fatal(err)
	}
	e.Step(message(0, liveQuarters(0, 2)...))
	if result := e.Tick(epoch+5*meter.HourSeconds, 1); !e.Live() || len(result.Forecasts) > 0 {
		t.Errorf("live %v, forecasts %+v", e.Live(), result.Forecasts)
	}
}

package engine

import (
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Each series counts once, by how up to date it is and who serves it.
func TestCensus(t *testing.T) {
	t.Parallel()
	const n = int64(200)
	e := newEngine(t, randomModel(60, 4))
	put := func(meter string, from, to int64, live bool) {
		for i := from; i < to; i++ {
			r := at(i)
			if live {
				r = liveAt(i)
			}
			r.Series.Meter = meter
			e.Step([]Reading{r})
		}
	}
	put("replayed", 0, n, false)
	put("young", n-1, n, true)
	put("days", n-30, n, true)
	put("current", 0, n, true)
	put("silent", 0, n-3, true)
	e.Step([]Reading{history(Reading{Series: meter.ID{Site: "north", Meter: "history"}, Second: epoch, Quality: meter.OK})})
	c := e.Census(epoch + n*meter.HourSeconds + 60)
	got := map[Standing]int{}
	for i, count := range c.By {
		if count > 0 {
			got[StandingAt(i)] = count
		}
	}
	want := map[Standing]int{
		{Past, meter.SourceLSTM}: 1, {Current, meter.SourcePersistence}: 1, {Current, meter.SourceSeasonalNaive}: 1, {Current, meter.SourceLSTM}: 1,
		{Silent, meter.SourceLSTM}: 1, {Past, meter.SourceNone}: 1,
	}
	for s, count := range want {
		if got[s] != count {
			t.Errorf("%v: %d, want %d", s, got[s], count)
		}
	}
	if len(got) != len(want) || c.Warm != 3 {
		t.Errorf("%v, %d warm", got, c.Warm)
	}
	// A meter that is stale stays silent, after a restart too, until it is heard.
	for i := range int64(lateHours + 3) {
		e.Tick(epoch+(n+i)*meter.HourSeconds, 0)
	}
	again := newEngine(t, e.Model(meter.HourSeconds))
	if err := again.Restore(e.Snapshot()); err != nil {
		t.Fatal(err)
	}
	far := epoch + (n+1000)*meter.HourSeconds
	silent := func(e *Engine) (n int) {
		for i, count := range e.Census(far).By {
			if StandingAt(i).State == Silent {
				n += count
			}
		}
		return n
	}
	if silent(e) != 4 || silent(again) != 4 {
		t.Errorf("%d silent, after a restart %d, want 4", silent(e), silent(again))
	}
}

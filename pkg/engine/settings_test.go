package engine

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

func configure(t *testing.T, e *Engine, pattern meter.ID, set Setting) Configured {
	t.Helper()
	done, err := e.Configure(pattern, set)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func id(name string) meter.ID { return meter.ID{Site: "north", Meter: name} }

func TestNewSeriesTakeWhatIsSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set     map[meter.ID]Setting
		reading Reading
		unit    string
		kind    meter.Kind
		value   float32
		refused meter.Reason
	}{
		"nothing set":                  {reading: Reading{Value: 5}, value: 5},
		"unit of all":                  {set: map[meter.ID]Setting{{Site: meter.Any, Meter: meter.Any}: {Unit: "kWh"}}, reading: Reading{Value: 5}, unit: "kWh", kind: meter.Energy, value: 5},
		"converted to it":              {set: map[meter.ID]Setting{{Site: meter.Any, Meter: meter.Any}: {Unit: "kWh"}}, reading: Reading{Value: 5000, Unit: "Wh"}, unit: "kWh", kind: meter.Energy, value: 5},
		"not to be converted":          {set: map[meter.ID]Setting{{Site: meter.Any, Meter: meter.Any}: {Unit: "kWh"}}, reading: Reading{Value: 5, Unit: "kW"}, refused: meter.ReasonWrongUnit},
		"of its site":                  {set: map[meter.ID]Setting{{Site: meter.Any, Meter: meter.Any}: {Unit: "kW"}, {Site: "north", Meter: meter.Any}: {Unit: "MW"}}, reading: Reading{Value: 5}, unit: "MW", kind: meter.Power, value: 5},
		"its own":                      {set: map[meter.ID]Setting{{Site: meter.Any, Meter: meter.Any}: {Unit: "kW"}, m17: {Unit: "W"}}, reading: Reading{Value: 5}, unit: "W", kind: meter.Power, value: 5},
		"of another site":              {set: map[meter.ID]Setting{{Site: "south", Meter: meter.Any}: {Unit: "kW"}}, reading: Reading{Value: 5}, value: 5},
		"a wide unit that does not go": {set: map[meter.ID]Setting{{Site: meter.Any, Meter: meter.Any}: {Unit: "kWh"}, m17: {Kind: meter.Power}}, reading: Reading{Value: 5}, kind: meter.Power, value: 5},
		"another kind":                 {set: map[meter.ID]Setting{m17: {Kind: meter.Energy}}, reading: Reading{Value: 5, Kind: meter.Power}, refused: meter.ReasonWrongKind},
		"a unit that is not of a kind": {set: map[meter.ID]Setting{m17: {Kind: meter.Energy}}, reading: Reading{Value: 5, Unit: "kW"}, refused: meter.ReasonWrongUnit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := New()
			for pattern, set := range c.set {
				configure(t, e, pattern, set)
			}
			r := c.reading
			r.Series, r.Second, r.Quality = m17, epoch, meter.OK
			result := e.Step([]Reading{r})
			if c.refused != "" {
				if len(result.Rejections) != 1 || result.Rejections[0].Reason != c.refused || e.Series() != 0 {
					t.Fatalf("%+v, %d series, want %s and none", result.Rejections, e.Series(), c.refused)
				}
				return
			}
			if len(result.Rejections) > 0 {
				t.Fatal(result.Rejections)
			}
			if unit, kind := e.hours().slabs.units[0], e.hours().slabs.record(0).Kind; unit != c.unit || kind != c.kind {
				t.Errorf("%q of kind %s, want %q of %s", unit, kind, c.unit, c.kind)
			}
			ring := e.hours().slabs.ring(0)
			if value, _ := ring.At(ring.Newest); value != c.value {
				t.Errorf("value %v, want %v", value, c.value)
			}
		})
	}
}

func TestKnownSeriesKeepTheirUnit(t *testing.T) {
	t.Parallel()
	e := New()
	feed(e, 0, 3) // kWh
	done := configure(t, e, meter.ID{Site: meter.Any, Meter: meter.Any}, Setting{Unit: "Wh"})
	if done.Series != 1 || done.Kept != 1 || !strings.Contains(done.Which, `north.m17 is measured in "kWh"`) {
		t.Errorf("%+v", done)
	}
	if done := configure(t, e, m17, Setting{Kind: meter.Energy}); done.Kept != 1 { // the unit of all is still another
		t.Errorf("%+v", done)
	}
	if _, err := e.Configure(m17, Setting{Unit: "kW", Kind: meter.Energy}); err == nil {
		t.Error("kW of kind energy was taken")
	}
}

// A zone of its own gives other features, and so another forecast; taken away
// again the series is what it was.
func TestZoneOfASeries(t *testing.T) {
	t.Parallel()
	m := randomModel(31, 4)
	plain, zoned, back := newEngine(t, m), newEngine(t, m), newEngine(t, m)
	for _, e := range []*Engine{plain, zoned, back} {
		feed(e, 0, 200)
	}
	configure(t, zoned, m17, Setting{Zone: "Asia/Tokyo"})
	configure(t, back, m17, Setting{Zone: "Asia/Tokyo"})
	configure(t, back, m17, Setting{})
	plain.hours().slabs.record(0).fresh = false // the others' states are computed anew
	want, far, same := last(t, plain, at(200)), last(t, zoned, at(200)), last(t, back, at(200))
	if slices.Equal(want.Quantiles, far.Quantiles) {
		t.Error("another zone, the same forecast")
	}
	if !slices.Equal(want.Quantiles, same.Quantiles) {
		t.Error("the zone was taken away and the forecast is another")
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	e := New()
	e.Limit(2)
	for i, name := range []string{"a", "b", "c", "a"} {
		r := e.Step([]Reading{{Series: id(name), Second: epoch + int64(i)*meter.HourSeconds, Value: 1, Quality: meter.OK}})
		if refused := len(r.Rejections) == 1 && r.Rejections[0].Reason == meter.ReasonSeriesLimit; refused != (name == "c") {
			t.Errorf("%s: %+v", name, r.Rejections)
		}
	}
	restored := New()
	if err := restored.Restore(e.Snapshot()); err != nil {
		t.Fatal(err)
	}
	if r := restored.Step([]Reading{{Series: id("c"), Second: epoch, Value: 1, Quality: meter.OK}}); len(r.Rejections) != 1 {
		t.Error("the limit is not in the checkpoint")
	}
	if _, ok := restored.Delete(id("b")); !ok {
		t.Fatal("b is not known")
	}
	if r := restored.Step([]Reading{{Series: id("c"), Second: epoch, Value: 1, Quality: meter.OK}}); len(r.Rejections) != 0 {
		t.Errorf("%+v", r.Rejections)
	}
	restored.Limit(0)
	if r := restored.Step([]Reading{{Series: id("d"), Second: epoch, Value: 1, Quality: meter.OK}}); len(r.Rejections) != 1 {
		t.Error("a limit of 0 takes a series")
	}
}

// Deleting one leaves an engine that never knew it, whichever it is.
func TestDeletedIsAsIfItHadNeverBeen(t *testing.T) {
	t.Parallel()
	m := randomModel(33, 4)
	const many = blockRows + 3
	fill := func(without int) *Engine {
		e := newEngine(t, m)
		for k := range int64(3) {
			var batch []Reading
			for i := range many {
				if i != without {
					q := meter.OK
					if i%7 == 0 && k > 0 {
						q = meter.Bad
					}
					batch = append(batch, Reading{Series: id(fmt.Sprint("m", i)), Second: epoch + k*meter.HourSeconds + int64(i%2)*900*k, Value: load(k + int64(i)), Quality: q, Message: i})
				}
			}
			e.Step(batch)
		}
		return e
	}
	for _, gone := range []int{0, 1, 7, blockRows - 1, blockRows, many - 1} {
		e := fill(-1)
		if done, ok := e.Delete(id(fmt.Sprint("m", gone))); !ok || done.Cells < 1 {
			t.Fatalf("%+v, %v", done, ok)
		}
		if !sameSections(fill(gone).Snapshot(), e.Snapshot()) {
			t.Errorf("without m%d the state is another than had it never been", gone)
		}
		if _, ok := e.Delete(id(fmt.Sprint("m", gone))); ok {
			t.Error("deleted twice")
		}
	}
	e := fill(-1)
	for i := range many {
		e.Delete(id(fmt.Sprint("m", i)))
	}
	if !sameSections(newEngine(t, m).Snapshot(), e.Snapshot()) {
		t.Error("without any the state is not that of a new engine")
	}
}

// A series that goes to another engine of the same model goes on to the bit; under
// another model from its ring.
func TestPortableState(t *testing.T) {
	t.Parallel()
	m := randomModel(35, 4)
	home := newEngine(t, m)
	feed(home, 0, 220)
	state, curve, ok := home.Extract(m17)
	if !ok {
		t.Fatal("m17 is not known")
	}
	p, err := ReadState(state, curve)
	if err != nil {
		t.Fatal(err)
	}
	if in := p.Inside(); in.Series != m17 || len(in.Cells) != 220 || !in.Ready || !in.Warm || in.Norms[0] == 0 {
		t.Errorf("%+v", in)
	}
	away := newEngine(t, m)
	away.Step([]Reading{{Series: id("other"), Second: epoch, Value: 1, Quality: meter.OK}})
	if err := insert(away, p, false); err != nil {
		t.Fatal(err)
	}
	if err := insert(away, p, false); err == nil {
		t.Error("put in twice")
	}
	if err := insert(away, p, true); err != nil {
		t.Error(err)
	}
	want := last(t, home, at(220))
	if got := last(t, away, at(220)); !slices.Equal(got.Quantiles, want.Quantiles) || got.Origin != want.Origin {
		t.Error("it goes on differently")
	}
	for name, other := range map[string]*Engine{"other model": newEngine(t, randomModel(36, 6)), "other curve": newEngine(t, randomModel(asinhModel, 4)), "no model": New()} {
		if _, err := other.Insert(p, "", false); err != nil {
			t.Fatal(name, err)
		}
		if f := last(t, other, at(220)); sound(&f) != "" || f.Origin != want.Origin || (f.Source == meter.SourceLSTM) != (name != "no model") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if _, err := ReadState(home.Snapshot()[:5], curve); err != nil {
		t.Error("sections of later releases that are missing:", err)
	}
	for name, poison := range map[string]func(*slabs){
		"a value":     func(s *slabs) { s.values.row(0)[3] = float32(math.NaN()) },
		"a state":     func(s *slabs) { s.live.row(0)[1] = float32(math.Inf(1)) },
		"a centre":    func(s *slabs) { s.scale(0).Scaler.Center = float32(math.NaN()) },
		"what it has": func(s *slabs) { s.record(0).Heard += 1000 },
	} {
		other := newEngine(t, m)
		feed(other, 0, 220)
		poison(&other.hours().slabs)
		state, curve, _ := other.Extract(m17)
		if _, err := ReadState(state, curve); err == nil {
			t.Errorf("%s that no engine writes was taken", name)
		}
	}
	if _, err := ReadState(New().Snapshot(), curve); err == nil {
		t.Error("the state of no series was taken")
	}
}

package engine

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

func sameSections(a, b []meter.Section) bool {
	return slices.EqualFunc(a, b, func(a, b meter.Section) bool {
		return a.Name == b.Name && a.Version == b.Version && bytes.Equal(a.Data, b.Data)
	})
}

// Stopping anywhere and going on from a snapshot is not to be told from never
// having stopped: to the bit, in forecasts and in state.
func TestRestoreGoesOnAsIfNothingWas(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		l := randomLog(t, 3, 30)
		whole, n := limited(t), len(l.messages)
		want := l.run(t, whole, 0, n, func() int { return 4 }, all)

		e, from := limited(t), 0
		var got outcome
		var champion, base *model.Model
		for _, stop := range append(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.IntRange(0, n), 1, 3).Draw(t, "stops"))), n) {
			part := l.run(t, e, from, stop, func() int { return 3 }, all)
			got.forecasts = append(got.forecasts, part.forecasts...)
			got.scores = append(got.scores, part.scores...)
			got.events = append(got.events, part.events...)
			for i := from; i < stop; i++ {
				switch m := l.models[i]; {
				case m == nil:
				case m.Version == model.BaseVersion:
					base = m
				default:
					champion = m
				}
			}
			from = stop
			sections := e.Snapshot()
			e = newEngine(t, champion, base)
			if err := e.Restore(sections); err != nil {
				t.Fatalf("stop at %d: %v", stop, err)
			}
			if !sameSections(sections, e.Snapshot()) {
				t.Fatalf("stop at %d: the snapshot of the restored state differs", stop)
			}
		}
		if d := sameForecasts(want.forecasts, got.forecasts); d != "" {
			t.Fatal(d)
		}
		if d := sameScores(want.scores, got.scores); d != "" {
			t.Fatal(d)
		}
		if !slices.Equal(want.events, got.events) {
			t.Fatalf("events %q\nand %q", want.events, got.events)
		}
		if !sameSections(whole.Snapshot(), e.Snapshot()) {
			t.Fatal("the states differ at the end")
		}
	})
}

// A snapshot is a copy: what the engine does later does not reach into it.
func TestSnapshotIsACopy(t *testing.T) {
	t.Parallel()
	e := newEngine(t, randomModel(21, 4))
	feed(e, 0, 200)
	sections := e.Snapshot()
	kept := make([]meter.Section, len(sections))
	for i, s := range sections {
		kept[i] = sectionOf(s.Name, s.Version, bytes.Clone(s.Data))
	}
	feed(e, 200, 230)
	if !sameSections(sections, kept) {
		t.Error("the snapshot changed")
	}
	if err := e.Restore(sections); err != nil {
		t.Fatal(err)
	}
	feed(e, 200, 230)
	if !sameSections(sections, kept) {
		t.Error("the engine writes into the snapshot it was restored from")
	}
}

func TestRestoreOfNothing(t *testing.T) {
	t.Parallel()
	empty := New().Snapshot()
	e := New()
	feed(e, 0, 5)
	if err := e.Restore(empty); err != nil || e.Series() != 0 {
		t.Errorf("%v, %d series", err, e.Series())
	}
	if f := last(t, e, at(9)); f.Source != meter.SourcePersistence {
		t.Errorf("%+v", f)
	}
}

// put writes little-endian bytes at an offset of a section.
func put(data []byte, at int, value any) {
	var b []byte
	b, _ = binary.Append(nil, binary.LittleEndian, value)
	copy(data[at:], b)
}

// What is damaged, cut short, of another release or of another model is refused
// by name, and the engine goes on as it was.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	// The first series' fields in the section "series": after two counts come the
	// texts "north", "m17" and "kWh", each with a length of two bytes.
	const fields = 4 + 4 + 2 + 5 + 2 + 3 + 2 + 3
	const newest, heard, known, accepted, phase, mark = fields + 8, fields + 16, fields + 40, fields + 44, fields + 52, fields + 81
	const moments = 4 * 8             // of the first series in "scaling"
	const waits = 4 + 2 + 5*8 + 2 + 2 // the first forecast in "waiting": of five levels, by one model without a version
	for name, c := range map[string]struct {
		damage func(s map[string]*meter.Section)
		says   string
	}{
		"unknown version":      {func(s map[string]*meter.Section) { s["hidden"].Version = 3 }, `"hidden" has version 3, this release reads 1 to 2`},
		"unknown section":      {func(s map[string]*meter.Section) { s["adaptive"] = &meter.Section{Name: "adaptive", Version: 1} }, `"adaptive" is not known`},
		"section twice":        {func(s map[string]*meter.Section) { s["again"] = s["scaling"] }, `"scaling" stands twice`},
		"too many series":      {func(s map[string]*meter.Section) { put(s["series"].Data, 0, uint32(3)) }, "ends too early"},
		"absurdly many":        {func(s map[string]*meter.Section) { put(s["series"].Data, 0, uint32(math.MaxUint32)) }, "ends too early"},
		"fewer series":         {func(s map[string]*meter.Section) { put(s["series"].Data, 0, uint32(1)) }, "bytes too many"},
		"other rings":          {func(s map[string]*meter.Section) { put(s["series"].Data, 4, uint32(336)) }, "rings of 336 cells"},
		"series twice":         {func(s map[string]*meter.Section) { s["series"].Data = twice(s["series"].Data) }, "north.m17 stands twice"},
		"ring before time":     {func(s map[string]*meter.Section) { put(s["series"].Data, newest, int64(10)) }, "up to cell 10"},
		"ring of minus cells":  {func(s map[string]*meter.Section) { put(s["series"].Data, known, int32(-1)) }, "ring of -1 cells"},
		"ring too long":        {func(s map[string]*meter.Section) { put(s["series"].Data, known, int32(386)) }, "ring of 386 cells"},
		"minus accepted":       {func(s map[string]*meter.Section) { put(s["series"].Data, accepted, int32(-5)) }, "-5 accepted"},
		"phase of a day":       {func(s map[string]*meter.Section) { put(s["series"].Data, phase, int32(86400)) }, "from 86400 s on"},
		"mark of neither":      {func(s map[string]*meter.Section) { put(s["series"].Data, mark, byte(7)) }, "a mark of 7"},
		"unknown quality":      {func(s map[string]*meter.Section) { s["ring.quality"].Data[5] = 9 }, "cell 10 of the ring has quality 9"},
		"scale of the future":  {func(s map[string]*meter.Section) { put(s["scaling"].Data, moments, int64(1e9)) }, "cells up to 1000000000"},
		"scale of long ago":    {func(s map[string]*meter.Section) { put(s["scaling"].Data, moments, int64(math.MinInt64)) }, "scale"},
		"scale of zero":        {func(s map[string]*meter.Section) { put(s["scaling"].Data, moments+12, float32(0)) }, "scale 0 "},
		"scale of NaN":         {func(s map[string]*meter.Section) { put(s["scaling"].Data, moments+12, float32(math.NaN())) }, "scale NaN"},
		"heard of the future":  {func(s map[string]*meter.Section) { put(s["series"].Data, heard, int64(1e15)) }, "heard at 1000000000000000"},
		"scale of few cells":   {func(s map[string]*meter.Section) { put(s["series"].Data, known, int32(100)) }, "in a ring of 100 cells"},
		"no scale":             {func(s map[string]*meter.Section) { put(s["scaling"].Data, moments+24, byte(0)) }, "without a model or a scale"},
		"hidden of the young":  {func(s map[string]*meter.Section) { put(s["hidden"].Data, 5, byte(1)) }, "without a model or a scale"},
		"hidden of a few":      {func(s map[string]*meter.Section) { put(s["hidden"].Data, 0, uint32(3)) }, "too many"},
		"hidden of a million":  {func(s map[string]*meter.Section) { put(s["hidden"].Data, 0, uint32(1e6)) }, "at most 512"},
		"state of another one": {func(s map[string]*meter.Section) { replace(s, snapshotOf(t, randomModel(23, 5))) }, "5 units, the model in force has 4"},
		"horizon of no day":    {func(s map[string]*meter.Section) { put(s["waiting"].Data, 0, uint32(0)) }, "to lead 0"},
		"horizon of a year":    {func(s map[string]*meter.Section) { put(s["waiting"].Data, 0, uint32(8760)) }, "to lead 8760"},
		"levels that descend":  {func(s map[string]*meter.Section) { put(s["waiting"].Data, 6, 0.95) }, "must ascend"},
		"other levels":         {func(s map[string]*meter.Section) { put(s["waiting"].Data, 6, 0.05) }, "the model in force has"},
		"forecast of no one":   {func(s map[string]*meter.Section) { put(s["waiting"].Data, waits+4, uint16(7)) }, "made by model 7 of 1"},
		"forecast of nothing":  {func(s map[string]*meter.Section) { put(s["waiting"].Data, waits+2, byte(4)) }, "source 4"},
		"forecast of far away": {func(s map[string]*meter.Section) { put(s["waiting"].Data, waits, uint16(1)) }, "after the newest one"},
		"forecast of NaN":      {func(s map[string]*meter.Section) { put(s["waiting"].Data, waits+6, uint32(0xffffffff)) }, "is NaN"},
		"limit of an unknown": {func(s map[string]*meter.Section) {
			put(s["limits"].Data, 4+2+5+2, byte('x'))
		}, "series north.x17: not known"},
		"limit of no state": {func(s map[string]*meter.Section) {
			put(s["limits"].Data, 4+2+5+2+3, byte(3))
		}, "of state 3"},
		"limit that is unset": {func(s map[string]*meter.Section) {
			put(s["settings"].Data, 8+4+2+5+2+3+2+2+2+1+4, float64(0))
		}, "without a limit"},
		"state without model": {func(s map[string]*meter.Section) { replace(s, snapshotOf(t, nil)) }, "0 units, the model in force has 4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refuses(t, c.damage, c.says)
		})
	}
	always := []string{"series", "ring.values", "ring.quality", "scaling", "hidden"}
	newer := []string{"aside", "extra", "waiting", "settings", "limits"} // older releases have none
	for _, section := range slices.Concat(always, newer) {
		t.Run(section, func(t *testing.T) {
			t.Parallel()
			if slices.Contains(always, section) {
				refuses(t, func(s map[string]*meter.Section) { delete(s, section) }, `"`+section+`" is missing`)
			}
			refuses(t, func(s map[string]*meter.Section) { s[section].Data = nil }, `"`+section+`": ends too early`)
			refuses(t, func(s map[string]*meter.Section) { s[section].Data = s[section].Data[:len(s[section].Data)-1] }, `"`+section+`": ends too early`)
			refuses(t, func(s map[string]*meter.Section) { s[section].Data = append(s[section].Data, 0) }, `"`+section+`": 1 bytes too many`)
			refuses(t, func(s map[string]*meter.Section) { s[section].Name += "2" }, "")
		})
	}
}

// snapshotOf is the state after a week and a half of one series and one reading
// of another.
func snapshotOf(t testing.TB, m *model.Model) []meter.Section {
	e := newEngine(t, m)
	set := Setting{Limit: meter.Quantity{Value: 0.001}, LimitChance: 0.001}
	if _, err := e.Configure(m17, set); err != nil {
		t.Fatal(err)
	}
	feed(e, 0, 250)
	young := at(0)
	young.Series.Meter = "young"
	e.Step([]Reading{young})
	return e.Snapshot()
}

func replace(s map[string]*meter.Section, by []meter.Section) {
	for _, section := range by {
		*s[section.Name] = section
	}
}

// twice repeats the first of two series in place of the second.
func twice(data []byte) []byte {
	const first = 2 + 5 + 2 + 3 + 2 + 3 + 5*8 + 10*4 + 4
	return slices.Concat(data[:8], data[8:8+first], data[8:8+first])
}

func refuses(t *testing.T, damage func(map[string]*meter.Section), says string) {
	t.Helper()
	sections := map[string]*meter.Section{}
	for _, s := range snapshotOf(t, randomModel(22, 4)) {
		sections[s.Name] = &s
	}
	damage(sections)
	var list []meter.Section
	for _, s := range sections {
		list = append(list, *s)
	}
	e := newEngine(t, randomModel(22, 4))
	feed(e, 0, 180)
	before := e.Snapshot()
	if err := e.Restore(list); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), "state section") {
		t.Errorf("error %v, want %q", err, says)
	}
	if !sameSections(before, e.Snapshot()) {
		t.Error("the engine changed")
	}
	if f := last(t, e, at(180)); f.Source != meter.SourceLSTM || sound(&f) != "" {
		t.Errorf("it goes on with %+v", f)
	}
}

// A snapshot taken under a model is refused by an engine that has none: nothing
// could serve it.
func TestRestoreNeedsTheModelFirst(t *testing.T) {
	t.Parallel()
	e := New()
	if err := e.Restore(snapshotOf(t, randomModel(24, 4))); err == nil || e.Series() != 0 {
		t.Errorf("%v, %d series", err, e.Series())
	}
}

// Whatever the bytes are, Restore neither panics nor leaves half a state, and
// what it takes the engine can serve.
func FuzzRestore(f *testing.F) {
	m := randomModel(25, 2)
	add := func(s []meter.Section) {
		if len(s) == 10 { // nothing is marked
			s = append(s, meter.Section{})
		}
		if len(s) != 11 {
			f.Fatalf("%d sections: a new one wants an argument below", len(s))
		}
		f.Add(s[0].Data, s[1].Data, s[2].Data, s[3].Data, s[4].Data,
			s[5].Data, s[6].Data, s[7].Data, s[8].Data, s[9].Data, s[10].Data)
	}
	add(snapshotOf(f, m))
	add(New().Snapshot())
	add(snapshotOf(f, nil))
	set := newEngine(f, m)
	set.Limit(7)
	for pattern, setting := range map[meter.ID]Setting{
		{Site: meter.Any, Meter: meter.Any}: {Unit: "kWh", Zone: "Europe/Amsterdam"},
		m17:                                 {Kind: meter.Register},
		id("low"):                           {Limit: kilowatts(0.1), LimitChance: 0.2},
	} {
		if _, err := set.Configure(pattern, setting); err != nil {
			f.Fatal(err)
		}
	}
	feed(set, 0, 200)
	set.Step([]Reading{{Series: id("low"), Second: epoch, Value: 1, Quality: meter.OK}})
	for pattern, m := range map[meter.ID]meter.Mark{
		m17:                               {From: epoch, Until: epoch + 150_000, Reason: meter.Outage},
		{Site: "south", Meter: meter.Any}: {From: epoch, Until: epoch + 900, Reason: meter.Holiday},
	} {
		if _, _, err := set.Mark(pattern, m, 0); err != nil {
			f.Fatal(err)
		}
	}
	add(set.Snapshot())
	f.Fuzz(func(
		t *testing.T,
		head, values, quality, scaling, hidden, aside, extra, waiting, settings, limits, marks []byte,
	) {
		e := newEngine(t, m)
		feed(e, 0, 3)
		before := e.Snapshot()
		sections := []meter.Section{
			sectionOf("series", 4, head),
			sectionOf("ring.values", 2, values),
			sectionOf("ring.quality", 2, quality),
			sectionOf("scaling", 2, scaling),
			sectionOf("hidden", 2, hidden),
			sectionOf("aside", 2, aside),
			sectionOf("extra", 2, extra),
			sectionOf("waiting", 2, waiting),
			sectionOf("settings", 3, settings),
			sectionOf("limits", 1, limits),
		}
		if len(marks) > 0 {
			sections = append(sections, sectionOf("marks", 1, marks))
		}
		if e.Restore(sections) != nil {
			if !sameSections(before, e.Snapshot()) {
				t.Fatal("a refused snapshot changed the engine")
			}
			return
		}
		if !sameSections(sections, e.Snapshot()) {
			t.Fatal("the snapshot of what was restored is another")
		}
		for slot, id := range e.hours().slabs.ids {
			origin := e.hours().slabs.origin(int32(slot))
			if origin < 0 || origin > 1<<40 {
				continue
			}
			for k, q := range []meter.Quality{meter.OK, meter.Bad, meter.OK} {
				e.Step([]Reading{{Series: id, Second: origin + int64(3*k)*meter.HourSeconds, Value: 1, Quality: q}})
			}
		}
	})
}

package engine

import (
	"slices"
	"testing"

	"github.com/loadtide/loadtide/pkg/meter"
)

// firstRelease writes the state of an engine as the first release wrote it: 384
// cells and one state.
func firstRelease(e *Engine) []meter.Section {
	s := &e.hours().slabs
	head := byteOrder.AppendUint32(nil, uint32(len(s.ids)))
	head = byteOrder.AppendUint32(head, 384)
	var values, quality, scaling []byte
	hidden := byteOrder.AppendUint32(nil, uint32(s.hidden))
	for i, id := range s.ids {
		rec, ring := s.record(int32(i)), s.ring(int32(i))
		accepted, known := 0, min(rec.known, 384)
		v, q := make([]float32, 384), make([]byte, 384)
		for n := ring.Newest - int64(known) + 1; n <= ring.Newest; n++ {
			value, of := ring.At(n)
			v[n%384], q[n%384] = value, byte(of)
			if of.Accepted() {
				accepted++
			}
		}
		head = appendText(appendText(appendText(head, id.Site), id.Meter), s.units[i])
		for _, v := range []int64{rec.since, rec.newest} {
			head = byteOrder.AppendUint64(head, uint64(v))
		}
		for _, v := range []int{int(known), accepted, int(rec.Phase)} {
			head = byteOrder.AppendUint32(head, uint32(v))
		}
		head = append(head, 0)
		values, quality = appendFloats(values, v), append(quality, q...)
		hidden = append(hidden, bit(rec.fresh))
		c := s.scale(int32(i))
		for _, v := range []float64{c.Weight, c.Mean, c.Square, c.Absolute} {
			scaling = appendFloat64(scaling, v)
		}
		scaling = byteOrder.AppendUint64(scaling, uint64(c.Taken))
		scaling = append(appendFloats(scaling, []float32{c.Scaler.Center, c.Scaler.Scale, c.Scaler.Unit}), bit(c.Ready))
	}
	hidden = append(hidden, make([]byte, 8*s.hidden*len(s.ids))...)
	return []meter.Section{
		sectionOf("series", 1, head),
		sectionOf("ring.values", 1, values),
		sectionOf("ring.quality", 1, quality),
		sectionOf("scaling", 1, scaling),
		sectionOf("hidden", 1, hidden),
	}
}

// A checkpoint of the first release is brought over: its series go on as after
// a change of the model, from their rings.
func TestCheckpointOfTheFirstRelease(t *testing.T) {
	t.Parallel()
	for _, known := range []int64{3, 100, 167, 200, 500} {
		e, m := newEngine(t, randomModel(50, 5)), randomModel(50, 5)
		feed(e, 0, known)
		old := newEngine(t, m)
		if err := old.Restore(firstRelease(e)); err != nil {
			t.Fatalf("%d readings: %v", known, err)
		}
		if warm(old) != 0 || old.Series() != 1 {
			t.Errorf("%d readings: %d series, %d warm", known, old.Series(), warm(old))
		}
		before := e.hours().slabs.ring(0)
		after := old.hours().slabs.ring(0)
		if after.Newest != before.Newest || after.Known != min(before.Known, 384) {
			t.Fatalf("%d readings: %d cells up to %d, were %d up to %d", known, after.Known, after.Newest, before.Known, before.Newest)
		}
		for n := after.First(); n <= after.Newest; n++ {
			v, q := before.At(n)
			if w, p := after.At(n); v != w || p != q {
				t.Fatalf("%d readings: cell %d is %v %s, was %v %s", known, n, w, p, v, q)
			}
		}
		// A correction of the newest interval is the next revision of what that
		// release forecast.
		r := at(known - 1)
		r.Value++
		if f := last(t, old, r); f.Revision != 1 || (f.Source == meter.SourceLSTM) != (known >= scaleCells) {
			t.Errorf("%d readings: %+v", known, f)
		}
		last(t, e, r)
		if err := e.SetModel(m); err != nil {
			t.Fatal(err)
		}
		for i := known; i < known+20; i++ {
			want, got := last(t, e, at(i)), last(t, old, at(i))
			if known == 500 {
				continue // what the ring has lost is seen by no feature but counts for the scale
			}
			if d := differ(&want, &got); d != "" && !(i == known && want.Source != got.Source) {
				t.Fatalf("%d readings, reading %d: %s\n%v\n%v", known, i, d, want.Quantiles, got.Quantiles)
			}
		}
	}
	// It is written in this release's form from then on.
	e := newEngine(t, randomModel(50, 5))
	feed(e, 0, 300)
	old := newEngine(t, e.Model(meter.HourSeconds))
	if err := old.Restore(firstRelease(e)); err != nil {
		t.Fatal(err)
	}
	versions := func(all []meter.Section) (v []uint16) {
		for _, s := range all {
			v = append(v, s.Version)
		}
		return v
	}
	if got, want := versions(old.Snapshot()), versions(e.Snapshot()); !slices.Equal(got, want) {
		t.Errorf("versions %v, want %v", got, want)
	}
}

// What the first release cannot have written is refused.
func TestDamagedCheckpointOfTheFirstRelease(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]meter.Section) []meter.Section{
		"other rings":     func(s []meter.Section) []meter.Section { put(s[0].Data, 4, uint32(385)); return s },
		"unknown quality": func(s []meter.Section) []meter.Section { s[2].Data[(epoch/meter.HourSeconds+100)%384] = 0; return s },
		"short values":    func(s []meter.Section) []meter.Section { s[1].Data = s[1].Data[:100]; return s },
		"short quality":   func(s []meter.Section) []meter.Section { s[2].Data = s[2].Data[:100]; return s },
		"short states":    func(s []meter.Section) []meter.Section { s[4].Data = s[4].Data[:20]; return s },
		"no states":       func(s []meter.Section) []meter.Section { return s[:4] },
		"version 0":       func(s []meter.Section) []meter.Section { s[3].Version = 0; return s },
	} {
		e := newEngine(t, randomModel(51, 4))
		feed(e, 0, 200)
		before := e.Snapshot()
		if err := e.Restore(damage(firstRelease(e))); err == nil || !sameSections(before, e.Snapshot()) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A checkpoint of the second release knows no stale series and no forecasts that
// wait.
func TestCheckpointOfTheSecondRelease(t *testing.T) {
	t.Parallel()
	m := randomModel(52, 5)
	e := newEngine(t, m)
	feed(e, 0, 250)
	var second []meter.Section
	for _, s := range e.Snapshot() {
		switch s.Name {
		case sectionWaiting:
			continue
		case sectionSeries:
			s.Version, s.Data = 2, series2(&e.hours().slabs)
		}
		second = append(second, s)
	}
	old := newEngine(t, m)
	if err := old.Restore(second); err != nil {
		t.Fatal(err)
	}
	a, b := last(t, e, at(250)), last(t, old, at(250))
	if d := differ(&a, &b); d != "" {
		t.Error(d)
	}
	if scores := old.Step([]Reading{at(251)}).Scores; len(scores) != 1 || len(scores[0].Leads) != 1 {
		t.Errorf("%+v: want the one lead that was forecast since", scores)
	}
}

// waiting1 writes the forecasts that wait as release 0.1.0 did: source and model in one byte.
func waiting1(s *slabs) meter.Section {
	data := byteOrder.AppendUint32(nil, uint32(s.waiting.Horizon()))
	data = byteOrder.AppendUint16(data, uint16(len(s.waiting.Levels())))
	for _, level := range s.waiting.Levels() {
		data = appendFloat64(data, level)
	}
	data = append(data, byte(len(s.versions)))
	data = byteOrder.AppendUint16(data, uint16(len(s.versions)))
	for _, version := range s.versions {
		data = appendText(data, version)
	}
	size := 6 + 3*len(s.waiting.Levels())
	s.held.each(len(s.ids), func(run []byte) {
		for slot := range slices.Chunk(run, size) {
			data = append(data, slot[0], slot[1], slot[2]<<5|slot[4], slot[3])
			data = append(data, slot[6:]...)
		}
	})
	return sectionOf(sectionWaiting, 1, data)
}

// The forecasts of a checkpoint of release 0.1.0 meet their actuals under the models that made them.
func TestWaitingForecastsOfRelease010(t *testing.T) {
	t.Parallel()
	m, other := randomModel(51, 4), randomModel(51, 4)
	m.Version, other.Version = "3", "12"
	e := swapped(t, 195, m, other)
	feed(e, 195, 200)
	snapshot := e.Snapshot()
	i := slices.IndexFunc(snapshot, func(s meter.Section) bool { return s.Name == sectionWaiting })
	snapshot[i] = waiting1(&e.hours().slabs)
	old := newEngine(t, other)
	if err := old.Restore(snapshot); err != nil {
		t.Fatal(err)
	}
	if !sameSections(e.Snapshot(), old.Snapshot()) {
		t.Error("the state is another")
	}
	want, got := feed(e, 200, 210).Scores, feed(old, 200, 210).Scores
	if d := sameScores(want, got); d != "" || len(got) != 10 {
		t.Errorf("%d scores: %s", len(got), d)
	}
	for name, damage := range map[string]func(data []byte) []byte{
		"cut short":     func(data []byte) []byte { return data[:len(data)-1] },
		"too long":      func(data []byte) []byte { return append(data, 0) },
		"no such model": func(data []byte) []byte { data[4+2+5*8+1+2+2+1+2+2+2] = 1<<5 | 3; return data },
	} {
		broken := slices.Clone(snapshot)
		broken[i].Data = damage(slices.Clone(broken[i].Data))
		if err := newEngine(t, other).Restore(broken); err == nil {
			t.Errorf("%s: it is restored", name)
		}
	}
}

// series2 is the section "series" as the second release wrote it.
func series2(s *slabs) []byte {
	data := byteOrder.AppendUint32(nil, uint32(len(s.ids)))
	data = byteOrder.AppendUint32(data, ringCells)
	for i, id := range s.ids {
		rec := s.record(int32(i))
		data = appendText(appendText(appendText(data, id.Site), id.Meter), s.units[i])
		for _, v := range []int64{rec.since, rec.newest, rec.Heard, rec.Cell(rec.issued) - 1, rec.Last} {
			data = byteOrder.AppendUint64(data, uint64(v))
		}
		for _, v := range []int32{int32(rec.revision), rec.known, rec.accepted, rec.Phase} {
			data = byteOrder.AppendUint32(data, uint32(v))
		}
		data = append(data, byte(rec.Kind), bit(rec.live))
	}
	return data
}

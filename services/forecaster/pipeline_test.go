package forecaster

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/streams"
)

// drawLog draws a log of a few series with all kinds of messages.
func drawLog(t *rapid.T, models []*model.Model) *testLog {
	l := newTestLog()
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	cell, steps := map[string]int{}, map[string]time.Duration{}
	for s := range rapid.IntRange(1, 3).Draw(t, "series") {
		name := fmt.Sprintf("m%d", s)
		n := rapid.IntRange(0, 220).Draw(t, "history")
		step := rapid.SampledFrom(
			[]time.Duration{time.Hour, 30 * time.Minute, 15 * time.Minute},
		).Draw(t, "step")
		n *= int(time.Hour / step)
		var history []streams.Reading
		for i := range n {
			at := from.Add(time.Duration(i) * step)
			history = append(
				history, streams.Reading{Time: at, Value: testValue(int64(s), int64(i)), History: true},
			)
		}
		if n > 0 {
			l.reading(meter.ID{Site: "north", Meter: name}, history...)
		}
		cell[name], steps[name] = n, step
	}
	l.model(models[0])
	for range rapid.IntRange(10, 60).Draw(t, "messages") {
		name := rapid.SampledFrom(keys(cell)).Draw(t, "meter")
		switch rapid.IntRange(0, 12).Draw(t, "what") {
		case 0:
			l.model(rapid.SampledFrom(models).Draw(t, "model"))
		case 1:
			l.add(streams.ReadingSubject(0, meter.ID{Site: "north", Meter: name}), []byte("{"))
		case 2:
			cell[name] += rapid.IntRange(1, 10).Draw(t, "gap")
		case 3:
			at := from.Add(
				time.Duration(max(cell[name]-rapid.IntRange(1, 3).Draw(t, "late"), 0)) * steps[name],
			)
			l.reading(meter.ID{Site: "north", Meter: name}, streams.Reading{Time: at, Value: 1})
		case 4:
			var many []streams.Reading
			for range rapid.IntRange(2, 5).Draw(t, "array") {
				many = append(
					many,
					streams.Reading{
						Time:  from.Add(time.Duration(cell[name]) * steps[name]),
						Value: testValue(9, int64(cell[name])),
					},
				)
				cell[name]++
			}
			l.reading(meter.ID{Site: "north", Meter: name}, many...)
		case 5:
			begin := max(cell[name]-rapid.IntRange(-5, 300).Draw(t, "back"), 0)
			mark := meter.Mark{
				From:   from.Add(time.Duration(begin) * steps[name]).Unix(),
				Reason: meter.MarkReason(rapid.IntRange(0, 3).Draw(t, "reason")),
			}
			mark.Until = mark.From + rapid.SampledFrom([]int64{900, 7200, 180_000}).Draw(t, "lasts")
			pattern := meter.ID{
				Site: "north", Meter: rapid.SampledFrom([]string{name, meter.Any}).Draw(t, "pattern"),
			}
			control := streams.NewMark(pattern, mark)
			l.add(streams.ControlSubject(0, streams.ControlMark), control.AppendJSON(nil))
		default:
			l.reading(
				meter.ID{Site: "north", Meter: name},
				streams.Reading{
					Time:  from.Add(time.Duration(cell[name]) * steps[name]),
					Value: testValue(3, int64(cell[name])),
				},
			)
			cell[name]++
		}
	}
	return l
}

func keys(m map[string]int) []string {
	var all []string
	for i := range len(m) {
		all = append(all, fmt.Sprintf("m%d", i))
	}
	return all
}

// TestAnyRunGivesTheSameOutputs checks I2 and I4. In any batches, and after a crash at any message
// and a start from a checkpoint, a log gives the same messages under the same ids.
func TestAnyRunGivesTheSameOutputs(t *testing.T) {
	t.Parallel()
	models := []*model.Model{
		testModel(t, 1), testModel(t, 2), testModelOf(t, 3, 15*time.Minute),
		testModelOf(t, 4, 15*time.Minute),
	}
	rapid.Check(t, func(t *rapid.T) {
		l := drawLog(t, models)
		want := outputs(t, fresh(), l, 0, func() int { return 1 })
		got := map[string]string{}
		p, kept, keptBy, keptAt := fresh(), []meter.Section(nil), []*model.Model(nil), 0
		for at := 0; at < len(l.messages); {
			n := min(rapid.IntRange(1, 40).Draw(t, "batch"), len(l.messages)-at)
			result, err := l.step(p, at, at+n)
			if err != nil {
				t.Fatal(err)
			}
			at += n
			for _, o := range result.Outputs {
				if before, ok := got[o.ID]; ok && before != string(o.Data) {
					t.Fatalf("%s said again otherwise:\n%s\n%s", o.ID, before, o.Data)
				}
				got[o.ID] = string(o.Data)
			}
			switch rapid.IntRange(0, 5).Draw(t, "then") {
			case 0:
				kept, keptBy, keptAt = p.engine.Snapshot(), p.engine.Models(), at
			case 1:
				p, at = fresh(), keptAt
				for _, m := range keptBy {
					if err := p.engine.SetModel(m); err != nil {
						t.Fatal(err)
					}
				}
				if kept != nil {
					if err := p.engine.Restore(kept); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("outputs differ from those of one undisturbed run (-want +got):\n%s", d)
		}
	})
}

func fresh() *Pipeline { return NewPipeline(0, 1, logCreated) }

func outputs(t *rapid.T, p *Pipeline, l *testLog, from int, size func() int) map[string]string {
	all := map[string]string{}
	var last OutputPos
	for at := from; at < len(l.messages); {
		n := min(size(), len(l.messages)-at)
		result, err := l.step(p, at, at+n)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range result.Outputs {
			if !o.Pos.After(last) {
				t.Fatalf("output %v after %v", o.Pos, last)
			}
			last = o.Pos
			all[o.ID] = string(o.Data)
		}
		at += n
	}
	return all
}

func TestWrongPartitionAndContentTypeAreRejected(t *testing.T) {
	t.Parallel()
	p := NewPipeline(0, 8, logCreated)
	l := newTestLog()
	other := "m0"
	for i := 0; streams.Partition(meter.ID{Site: "north", Meter: other}, 8) == 0; i++ {
		other = fmt.Sprintf("m%d", i)
	}
	l.reading(meter.ID{Site: "north", Meter: other}, streams.Reading{Time: logCreated, Value: 1})
	own := "m0"
	for i := 0; streams.Partition(meter.ID{Site: "north", Meter: own}, 8) != 0; i++ {
		own = fmt.Sprintf("m%d", i)
	}
	l.reading(meter.ID{Site: "north", Meter: own}, streams.Reading{Time: logCreated, Value: 1})
	l.messages[1].ContentType = "application/x-protobuf"
	result, err := p.Step(l.messages)
	if err != nil {
		t.Fatal(err)
	}
	want := map[meter.Reason]int{meter.ReasonWrongPartition: 1, meter.ReasonContentType: 1}
	if d := cmp.Diff(want, result.Rejections); d != "" {
		t.Errorf("rejections (-want +got):\n%s", d)
	}
}

func TestUnknownControlStops(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{"ctl.0.settings", "ctl.0.model"} {
		l := newTestLog()
		l.add(
			subject,
			[]byte(
				`{"schema":1,"name":"load-1h","version":"3","digest":"sha256:`+fmt.Sprintf("%064d", 3)+`"}`,
			),
		)
		if _, err := NewPipeline(0, 1, logCreated).Step(l.messages); err == nil {
			t.Errorf(
				"%s was skipped: the state would be another than that of a release that knows it",
				subject,
			)
		}
	}
}

// Only a deletion is urgent: other records of an operator wait for the next checkpoint.
func TestDeletionIsUrgent(t *testing.T) {
	t.Parallel()
	l, p := newTestLog(), fresh()
	l.reading(m1, hour(0))
	l.add(streams.ControlSubject(0, streams.ControlLimit),
		(&streams.LimitControl{Series: 5}).AppendJSON(nil))
	l.add(streams.ControlSubject(0, streams.ControlDelete),
		(&streams.DeleteControl{Series: m1.String()}).AppendJSON(nil))
	l.reading(m1, hour(1))
	for i, want := range []bool{false, false, true, false} {
		result, err := l.step(p, i, i+1)
		if err != nil || result.Erased != want {
			t.Errorf("message %d: urgent %v, %v; want %v", i, result.Erased, err, want)
		}
	}
	all, err := l.step(fresh(), 0, 4)
	if err != nil || !all.Erased {
		t.Errorf("a batch with a deletion: urgent %v, %v", all.Erased, err)
	}
}

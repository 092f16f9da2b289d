package forecaster

import (
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

const limit = meter.FutureLimit

// A reading may be as far ahead of the broker's clock as the limit, and no further.
func TestFutureLimit(t *testing.T) {
	t.Parallel()
	for ahead, accepted := range map[time.Duration]bool{
		0: true, limit - time.Second: true, limit: true, limit + time.Second: false, 2 * limit: false,
	} {
		l := newTestLog()
		l.reading(m1, streams.Reading{Time: l.clock.Add(ahead), Value: 1})
		result, err := fresh().Step(l.messages)
		if err != nil || accepted != (result.Applied == 1) ||
			accepted != (result.Rejections[meter.ReasonFuture] == 0) {
			t.Errorf("%s ahead: %+v, %v", ahead, result, err)
		}
	}
}

// A state may be as far ahead of the broker's clock as a reading may: by its newest reading, or by
// the intervals that the clock of its log has filled since.
func TestFutureLimitOfAState(t *testing.T) {
	t.Parallel()
	for _, filled := range []time.Duration{0, 2 * time.Hour} {
		for ahead, accepted := range map[time.Duration]bool{limit: true, limit + time.Second: false} {
			l, p := newTestLog(), fresh()
			from := l.clock.Truncate(time.Hour)
			for i := range 3 {
				l.clock = from.Add(time.Duration(i+1) * time.Hour)
				l.reading(
					m1,
					streams.Reading{Time: from.Add(time.Duration(i) * time.Hour), Value: 1},
				)
			}
			l.clock = from.Add(4*time.Hour + filled)
			l.add(streams.ControlSubject(0, streams.ControlTick), streams.AppendTick(nil))
			if _, err := p.Step(l.messages); err != nil {
				t.Fatal(err)
			}
			record, ok := p.stateOf(m1)
			if !ok {
				t.Fatal("the series is not known")
			}
			record.Replace = true
			newest := from.Add(2*time.Hour + filled) // the start of the newest interval
			l = newTestLog()
			l.clock = newest.Add(-ahead)
			l.add(streams.ControlSubject(0, streams.ControlState), record.AppendJSON(nil))
			result, err := p.Step(l.messages)
			if err != nil {
				t.Fatal(err)
			}
			event, err := streams.DecodeEvent(result.Outputs[0].Data)
			if err != nil || accepted != (event.Type == streams.EventSeriesImported) ||
				!accepted && !strings.Contains(event.Text, "ahead of the broker's clock") {
				t.Errorf("%s filled, %s ahead: %+v, %v", filled, ahead, event, err)
			}
		}
	}
}

// The readings of a message that are refused for one reason are one rejection with their count.
// Other reasons and other messages have rejections of their own, each with the index of its first
// reading.
func TestRejectionsOfAMessage(t *testing.T) {
	t.Parallel()
	l := newTestLog()
	at := l.clock.Truncate(time.Hour).Add(-10 * time.Hour)
	good := func(hour int) streams.Reading {
		return streams.Reading{Time: at.Add(time.Duration(hour) * time.Hour), Value: 1, Unit: "kWh"}
	}
	future, unit := good(400), good(1)
	unit.Unit = "kW"
	l.reading(m1, good(0))
	l.reading(m1, good(2), future, unit, future, unit, unit)
	l.reading(m1, future)
	l.reading(m1, good(3), unit)
	result, err := fresh().Step(l.messages)
	if err != nil {
		t.Fatal(err)
	}
	type refusal struct {
		seq    uint64
		k      int
		reason meter.Reason
		index  int
		count  int
	}
	var got []refusal
	for _, o := range result.Outputs {
		if o.To == ToRejected {
			r, err := streams.DecodeRejected(o.Data)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, refusal{o.Pos.Seq, o.Pos.K, r.Reason, r.Index, r.Count})
		}
	}
	want := []refusal{
		{2, 0, meter.ReasonFuture, 1, 2}, {2, 1, meter.ReasonWrongUnit, 0, 3},
		{3, 0, meter.ReasonFuture, 0, 1}, {4, 0, meter.ReasonWrongUnit, 0, 1},
	}
	if len(got) != len(want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v, want %+v", got[i], want[i])
		}
	}
	if result.Rejections[meter.ReasonFuture] != 3 || result.Rejections[meter.ReasonWrongUnit] != 4 {
		t.Errorf("%v", result.Rejections)
	}
}

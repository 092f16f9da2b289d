package forecaster

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// Readings of one message that are refused for one reason are one rejection, whether the codec or
// the engine refuses them. The rejection has the index and the detail of the first refusal. The index
// of a decoded reading counts only decoded readings: in the message, or in the order of their times
// when the state of the series refuses the reading.
func TestRejectionsOfOneMessageAndReasonAreOne(t *testing.T) {
	t.Parallel()
	l := newTestLog()
	l.add(streams.ReadingSubject(0, meter.ID{Site: "north", Meter: "m1"}), []byte(`[
		{"ts":"2025-06-01T00:00:00Z","value":1,"unit":"kWh"},
		{"ts":"2025-06-01T01:00:00Z","value":1,"unit":"kWh of a very long name"},
		{"ts":"2025-06-01T01:00:00Z","value":1,"unit":"kW"},
		{"ts":"2025-06-01T02:00:00Z","value":1,"unit":"kW"},
		{"ts":"2025-06-01T03:00:00Z","value":true}]`))
	l.add(
		streams.ReadingSubject(0, meter.ID{Site: "north", Meter: "m1"}),
		[]byte(`{"ts":"2025-06-01T03:00:00Z","value":1,"unit":"kW"}`),
	)
	l.add(streams.ReadingSubject(0, meter.ID{Site: "north", Meter: "m1"}), []byte(`[
		{"ts":"2025-06-01T05:00:00Z","value":"x"},
		{"ts":"2199-06-01T00:00:00Z","value":1,"unit":"kWh"},
		{"ts":"2025-06-01T09:00:00Z","value":1,"unit":"kWh"},
		{"ts":"2025-06-01T08:00:00Z","value":1,"unit":"kW"},
		{"ts":"2025-06-01T06:00:00Z","value":1,"unit":"kWh of a very long name"}]`))
	result, err := NewPipeline(0, 1, logCreated).Step(l.messages)
	if err != nil {
		t.Fatal(err)
	}
	type refused struct {
		Seq          uint64
		Reason       meter.Reason
		Index, Count int
	}
	var got []refused
	for _, out := range result.Outputs {
		if out.To != ToRejected {
			continue
		}
		r, err := streams.DecodeRejected(out.Data)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, refused{r.Seq, r.Reason, r.Index, r.Count})
	}
	want := []refused{
		{1, meter.ReasonWrongUnit, 1, 3}, {1, meter.ReasonNotANumber, 4, 1},
		{2, meter.ReasonWrongUnit, 0, 1},
		{
			3, meter.ReasonNotANumber, 0, 1,
		}, {3, meter.ReasonWrongUnit, 4, 2}, {3, meter.ReasonFuture, 0, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rejections (-want +got):\n%s", diff)
	}
	counts := map[meter.Reason]int{
		meter.ReasonWrongUnit: 6, meter.ReasonNotANumber: 2, meter.ReasonFuture: 1,
	}
	if diff := cmp.Diff(counts, result.Rejections); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// A held reading that is given up is a rejection of its own, of the message that led to it.
func TestHeldReadingsAreRejectedOneByOne(t *testing.T) {
	t.Parallel()
	l, from := newTestLog(), time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)
	at := func(days int, value float64) streams.Reading {
		return streams.Reading{Time: from.AddDate(0, 0, days), Value: value}
	}
	for i := range 30 {
		l.reading(m1, streams.Reading{Time: from.Add(time.Duration(i) * time.Hour), Value: 1})
	}
	l.reading(m1, at(60, 5))
	l.reading(m1, at(120, 6), at(200, 7))
	result, err := fresh().Step(l.messages)
	if err != nil {
		t.Fatal(err)
	}
	var got []time.Time
	for _, out := range result.Outputs {
		if out.To != ToRejected {
			continue
		}
		r, err := streams.DecodeRejected(out.Data)
		if err != nil || r.Seq != 32 || r.Reason != meter.ReasonUnconfirmed || r.Count > 1 {
			t.Errorf("%+v, %v", r, err)
		}
		readings, _ := streams.DecodeReadings([]byte(r.Payload))
		for _, one := range readings {
			got = append(got, one.Time)
		}
	}
	want := []time.Time{at(60, 0).Time, at(120, 0).Time}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("readings that are given up (-want +got):\n%s", diff)
	}
}

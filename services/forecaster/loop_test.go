package forecaster

import (
	"fmt"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// After a kill a partition sends the forecasts behind the newest stored one. Outputs on other
// streams may be missing before that: it sends them again from the mark on. Each message from 4 to
// 9 leads to a rejection, an event, a forecast and a score, in this order.
func TestWhatIsSentAgainAfterAKill(t *testing.T) {
	t.Parallel()
	order := []Stream{ToRejected, ToEvents, ToForecasts, ToScores}
	for _, c := range []struct {
		covered, high OutputPos
		first         [4]int // in that order, the first message whose output is sent
	}{
		{OutputPos{5, 0}, OutputPos{8, 1}, [4]int{6, 5, 8, 5}},
		{OutputPos{5, 1}, OutputPos{8, 2}, [4]int{6, 6, 9, 5}},
		{OutputPos{5, 3}, OutputPos{8, 3}, [4]int{6, 6, 9, 6}},
		{OutputPos{9, 2}, OutputPos{9, 2}, [4]int{10, 10, 10, 9}},
	} {
		p := newPure()
		p.covered, p.high = c.covered, c.high
		var result Result
		for seq := 4; seq <= 9; seq++ {
			for k, to := range order {
				result.Outputs = append(
					result.Outputs,
					Output{
						Pos: OutputPos{Seq: uint64(seq), K: k}, To: to, ID: fmt.Sprint(seq), Score: &engine.Score{},
					},
				)
			}
		}
		if err := p.publish(&result); err != nil {
			t.Fatal(err)
		}
		for k, sent := range []*sink{&p.rejects, &p.events, &p.forecasts, &p.scores} {
			var want []string
			for seq := c.first[k]; seq <= 9; seq++ {
				want = append(want, fmt.Sprint(seq))
			}
			if !slices.Equal(sent.ids, want) {
				t.Errorf("covered %v, high %v: output %d: %v are sent, want %v",
					c.covered, c.high, k, sent.ids, want)
			}
		}
		if skipped := testutil.ToFloat64(p.metrics.skipped); int(skipped) != c.first[2]-4 {
			t.Errorf("covered %v, high %v: %v forecasts are counted as published already",
				c.covered, c.high, skipped)
		}
		if p.high != (OutputPos{Seq: 9, K: 2}) || !p.dirty {
			t.Errorf("the newest forecast is %v", p.high)
		}
	}
}

// Outputs that are stored already need no confirmation.
func TestNothingIsSentTwice(t *testing.T) {
	t.Parallel()
	p := newPure()
	p.log.reading(m1, hour(0))
	p.high, p.covered = OutputPos{1, 0}, OutputPos{1, 0}
	p.batch = p.log.messages
	if err := p.step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.dirty || len(p.forecasts.ids) != 0 || p.position != 1 {
		t.Errorf("dirty %v, sent %q, position %d", p.dirty, p.forecasts.ids, p.position)
	}
}

// Positions are ordered by their messages, then by the outputs of one message.
func TestOutputPosAfter(t *testing.T) {
	t.Parallel()
	places := []OutputPos{{}, {0, 1}, {1, 0}, {1, 1}, {1, 2}, {2, 0}, {2, 1}}
	for i, a := range places {
		for j, b := range places {
			if a.After(b) != (i > j) {
				t.Errorf("%v after %v: %v", a, b, a.After(b))
			}
		}
	}
}

// The model of a control record serves from the record on, and the status names it. A batch without
// a control record does not change the status.
func TestStepLoadsTheModel(t *testing.T) {
	t.Parallel()
	p := newPure()
	first, second := testModel(t, 1), testModel(t, 2)
	p.models.loaded[first.Digest] = first
	step := func() error {
		p.batch = p.log.messages[p.position:]
		return p.step(t.Context())
	}
	p.log.reading(m1, hour(0))
	p.log.model(first)
	p.log.reading(m1, hour(1))
	if err := step(); err != nil || p.pipeline.engine.Model(meter.HourSeconds) != first ||
		hourly(p.status) != first {
		t.Fatalf("%v, model %v", err, p.pipeline.engine.Model(meter.HourSeconds))
	}
	p.status.setModels(0, p.position, []servingModel{{model: second}})
	p.log.reading(m1, hour(2))
	if err := step(); err != nil || hourly(p.status) != second {
		t.Errorf("%v, the status names v%s", err, hourly(p.status).Version)
	}
	p.log.add(streams.ControlSubject(0, streams.ControlModel), []byte("{"))
	if err := step(); err == nil || p.position != 4 {
		t.Errorf("%v, position %d", err, p.position)
	}
}

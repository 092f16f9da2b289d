package forecaster

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/loadtide/loadtide/pkg/engine"
)

// sink takes what is published.
type sink struct{ ids []string }

func (s *sink) Publish(_, id string, _ []byte) error { s.ids = append(s.ids, id); return nil }
func (s *sink) Flush(context.Context) error          { return nil }
func (s *sink) Close()                               {}

// After a kill forecasts go on behind the newest stored one. The rest is stored on other streams and may be missing up to
// there: it is sent again from the mark on.
func TestWhatIsSentAgainAfterAKill(t *testing.T) {
	t.Parallel()
	var forecasts, scores, rejects, events sink
	status := &board{}
	p := &partition{
		deps:      deps{metrics: newInstruments(prometheus.NewRegistry(), time.Now, status), status: status},
		forecasts: &forecasts, scores: &scores, rejects: &rejects, events: &events,
		covered: Place{Seq: 5}, high: Place{Seq: 8, K: 1},
	}
	var result Result
	for seq := uint64(4); seq <= 9; seq++ {
		for k, to := range []Stream{ToRejected, ToEvents, ToForecasts, ToScores} {
			result.Outputs = append(result.Outputs, Output{Place: Place{Seq: seq, K: k}, To: to, ID: string(rune('0' + seq)), Score: &engine.Score{}})
		}
	}
	if err := p.publish(&result); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		got  []string
		want []string
	}{
		"forecasts":  {forecasts.ids, []string{"8", "9"}}, // of 8 the first two outputs are stored, this is the third
		"scores":     {scores.ids, []string{"5", "6", "7", "8", "9"}},
		"rejections": {rejects.ids, []string{"6", "7", "8", "9"}},
		"events":     {events.ids, []string{"5", "6", "7", "8", "9"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: sent %v, want %v", name, c.got, c.want)
		}
	}
	if p.high != (Place{Seq: 9, K: 2}) || !p.dirty {
		t.Errorf("the newest forecast is %v", p.high)
	}
}

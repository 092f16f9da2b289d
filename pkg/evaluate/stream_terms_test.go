package evaluate

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
)

// What readings say of unit and kind, and contradict each other in, is taken and refused alike by
// the stream and by a file.
func TestStreamAndFileAgreeOnUnitsAndKinds(t *testing.T) {
	t.Parallel()
	units := rapid.SampledFrom([]string{"", "kWh", "Wh", "MWh", "kW", "W", "m3"})
	kinds := rapid.SampledFrom([]meter.Kind{
		meter.KindUnknown, meter.KindUnknown, meter.Energy, meter.Power, meter.Register,
	})
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		s.step, s.later, s.hole, s.silent, s.bad, s.jitter, s.days = 300, 300, 0, 0, 0, 0, 3
		agreeOnTerms(t, s, rapid.SliceOfN(rapid.Custom(func(t *rapid.T) meter.Terms {
			return meter.Terms{Unit: units.Draw(t, "unit"), Kind: kinds.Draw(t, "kind")}
		}), 2, 4).Draw(t, "said"))
	})
}

// A meter that sends every 5 minutes, and whose every second pair of readings contradicts the kind
// of the series, has intervals of 5 minutes in the stream and in a file. Accepted readings come
// every 15 and every 5 minutes in turn.
func TestStreamAndFileAgreeOnPairsOfReadings(t *testing.T) {
	t.Parallel()
	s := sender{step: 300, later: 300, days: 3, kind: meter.Energy, seed: 1}
	h := agreeOnTerms(t, s, []meter.Terms{
		{Unit: "kWh"}, {Kind: meter.Power}, {Kind: meter.Register}, {},
	})
	if h == nil || h.Len.Interval != 300 {
		t.Fatalf("history %+v: want one of 5 minutes", h)
	}
	measured := 0
	for n := h.Raw.First(); n <= h.Raw.Newest; n++ {
		if _, quality := h.Raw.At(n); quality == meter.OK {
			measured++
		}
	}
	if want := len(s.readings()) / 2; measured != want {
		t.Errorf("%d cells are measured, want %d: one for each reading of the kind", measured, want)
	}
}

// agreeOnTerms gives the readings of a sender, which say units and kinds in turn, to a stream and
// to a file. It returns the history of the file, nil when there is none.
func agreeOnTerms(t rapid.TB, s sender, said []meter.Terms) *dataset.History {
	t.Helper()
	readings := s.readings()
	for i := range readings {
		r := &readings[i]
		r.Unit, r.Kind = said[i%len(said)].Unit, said[i%len(said)].Kind
	}
	b, e := dataset.NewBuilder(), engine.New()
	b.At(0)
	refused := map[meter.Reason]int{}
	for _, r := range readings {
		b.AddReading(r.Series, dataset.Reading{
			Kind: r.Kind, Unit: r.Unit, Second: r.Second, Value: r.Value, Quality: r.Quality,
		})
		for _, no := range e.Step([]engine.Reading{r}).Rejections {
			refused[no.Reason]++
		}
	}
	histories := b.Build()
	if len(histories) == 0 {
		if e.Series() != 0 {
			t.Fatalf("%+v: the stream has the series, the file has none", said)
		}
		return nil
	}
	h := histories[len(histories)-1]
	sameCells(t, s, e, h)
	for _, reason := range []meter.Reason{meter.ReasonWrongUnit, meter.ReasonWrongKind} {
		word := fmt.Sprintf("%d %s", refused[reason], reason)
		told := strings.Join(b.LeftOut(), "; ")
		if refused[reason] > 0 && !strings.Contains(told, word) {
			t.Fatalf("%+v: the stream refuses %s, the file tells %q", said, word, told)
		}
	}
	return h
}

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

// What readings say of unit and kind, and contradict each other in, is taken and refused alike by the
// stream and by a file.
func TestStreamAndFileAgreeOnUnitsAndKinds(t *testing.T) {
	t.Parallel()
	units := rapid.SampledFrom([]string{"", "kWh", "Wh", "MWh", "kW", "W", "m3"})
	kinds := rapid.SampledFrom([]meter.Kind{
		meter.KindUnknown, meter.KindUnknown, meter.Energy, meter.Power, meter.Register,
	})
	rapid.Check(t, func(t *rapid.T) {
		s := drawSender(t)
		s.step, s.later, s.hole, s.silent, s.bad, s.jitter, s.days = 300, 300, 0, 0, 0, 0, 3
		readings := s.readings()
		said := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) meter.Terms {
			return meter.Terms{Unit: units.Draw(t, "unit"), Kind: kinds.Draw(t, "kind")}
		}), 2, 4).Draw(t, "said")
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
			return
		}
		sameCells(t, s, e, histories[len(histories)-1])
		for _, reason := range []meter.Reason{meter.ReasonWrongUnit, meter.ReasonWrongKind} {
			word := fmt.Sprintf("%d %s", refused[reason], reason)
			if told := strings.Join(b.LeftOut(), "; "); refused[reason] > 0 && !strings.Contains(told, word) {
				t.Fatalf("%+v: the stream refuses %s, the file tells %q", said, word, told)
			}
		}
	})
}

package forecaster

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/streams"
)

// outbox keeps what is published.
type outbox struct{ messages [][]byte }

func (o *outbox) Publish(_, _ string, data []byte) error {
	o.messages = append(o.messages, bytes.Clone(data))
	return nil
}
func (o *outbox) Flush(context.Context) error { return nil }
func (o *outbox) Close()                      {}

// overflowing is a model whose sums overflow for any series.
func overflowing(t *testing.T) *model.Model {
	m := testModel(t, 66)
	shape := m.Spec.Shape()
	head := make([]float32, shape.HeadParams())
	w := nn.SplitHead(shape, head)
	for _, weights := range [][]float32{w.Wm, w.Wo, w.Bc} {
		for i := range weights {
			weights[i] = 1e30
		}
	}
	m.Head = nn.NewHead(shape, head)
	return m
}

// A forecast that is no number is never published: a rule's goes out under its own source, and an
// event and a counter say so. The log says so once.
func TestForecastThatIsNoNumberIsReplaced(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	var forecasts, events outbox
	p := testPartition(nil)
	p.log = zerolog.New(&log)
	p.forecasts, p.events, p.scores, p.rejects = &forecasts, &events, &outbox{}, &outbox{}
	l := newTestLog()
	send := func(first, hours int, history bool) {
		for i := first; i < first+hours; i++ {
			l.reading(meter.ID{Site: "north", Meter: "m1"}, streams.Reading{
				Time:  logCreated.Add(time.Duration(i) * time.Hour),
				Value: testValue(1, int64(i)), History: history,
			})
		}
	}
	send(0, 200, true)
	l.model(overflowing(t))
	send(200, 3, false)
	good := testModel(t, 1)
	l.model(good)
	send(203, 2, false)
	for _, m := range l.models {
		p.pipeline.Use(m.Digest, m)
	}
	if err := p.stepPart(l.messages); err != nil {
		t.Fatal(err)
	}
	if len(forecasts.messages) != 5 || len(events.messages) != 3 {
		t.Fatalf("%d forecasts, %d events", len(forecasts.messages), len(events.messages))
	}
	for i, data := range forecasts.messages {
		f, err := streams.DecodeForecast(data)
		if err != nil || bytes.Contains(data, []byte("null")) {
			t.Fatalf("%s: %v", data, err)
		}
		want, digest := meter.SourceSeasonalNaive, ""
		if i >= 3 {
			want, digest = meter.SourceLSTM, good.Digest
		}
		if f.Model == nil {
			f.Model = &streams.Model{}
		}
		if f.Source != want || f.Model.Digest != digest {
			t.Errorf("forecast %d is by %s, model %+v", i, f.Source, f.Model)
		}
	}
	for _, data := range events.messages {
		e, err := streams.DecodeEvent(data)
		if err != nil || e.Type != streams.EventSeriesForecastReplaced || e.Series != "north.m1" ||
			!strings.Contains(e.Text, "load-1h v66") {
			t.Errorf("event %s, %v", data, err)
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 1 || !strings.Contains(lines[0], `"level":"warn","series":"north.m1"`) {
		t.Errorf("log:\n%s", log.String())
	}
	total := 0.0
	for _, reason := range []meter.Reason{meter.ReasonNotFinite, meter.ReasonOutOfRange} {
		total += testutil.ToFloat64(p.metrics.replaced.WithLabelValues(string(reason)))
	}
	if total != 3 {
		t.Errorf("%v forecasts are counted as replaced", total)
	}
}

// The reloader refuses a model whose sums overflow. A log that names such a model can be replayed.
func TestOverflowingModelIsRefusedAndReplayed(t *testing.T) {
	t.Parallel()
	s := newShelf(t, 1)
	v := s.addSpoilt(t)
	store := newModelStore(s, nil)
	r := reloader{deps: deps{models: store}}
	err := r.verify(t.Context(), v)
	if err == nil || !strings.Contains(err.Error(), "self-test of model load-1h "+v.Digest) {
		t.Errorf("error %v", err)
	}
	l, p := newTestLog(), testPartition(store)
	l.promote(v)
	p.batch = l.messages
	if err := p.step(t.Context()); err != nil ||
		p.pipeline.engine.Model(meter.HourSeconds).Digest != v.Digest {
		t.Errorf("the log is not replayed: %v", err)
	}
}

// addSpoilt adds a version whose weights are as large as they can be.
func (s *shelf) addSpoilt(t *testing.T) registry.Version {
	t.Helper()
	file := modelFile(t, time.Hour)
	for _, tensor := range file.Graph.Initializers {
		if tensor.Name == "head.Wl" || tensor.Name == "head.bl" {
			for k := range tensor.Floats {
				tensor.Floats[k] = 3e38
			}
		}
	}
	return s.add(t, file)
}

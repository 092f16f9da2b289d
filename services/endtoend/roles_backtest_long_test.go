package endtoend

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/servertest"
	"github.com/loadtide/loadtide/streams"
)

// TestStreamEqualsBacktest publishes real readings on JetStream and runs the same
// file through the backtest: every forecast that the backtest scored went out
// with the same quantiles to the bit, from the same model.
func TestStreamEqualsBacktest(t *testing.T) {
	t.Parallel()
	servertest.Require(t, servertest.Long)
	path := filepath.Join(servertest.PublicReadings(t), "hourly", "sgsc.csv.gz")
	p := newPlace(t)
	v := registerChampion(t, filepath.Join(p.dir, "registry"))
	p.up("--train-schedule", "off")
	conn := p.connect()
	t.Log(p.must(publishing, "publish", path, "--nats-url", p.url()))

	b := dataset.NewBuilder()
	if err := (dataset.Files{Paths: []string{path}}).Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	histories := b.Build()
	m, err := model.Load(filepath.Join(p.dir, "registry", "models", v.Name, "version-"+v.Version))
	if err != nil {
		t.Fatal(err)
	}
	_, _, last := b.Span()
	want := map[string][]float32{}
	key := func(series meter.ID, origin time.Time) string {
		return series.String() + " " + origin.UTC().Format(time.RFC3339)
	}
	_, err = evaluate.Backtest(t.Context(), m, histories, evaluate.Config{
		From: last - 60*86400, Until: last + 3600, Every: 5, Workers: 2,
		Each: func(f engine.Forecast) {
			if f.Source == meter.SourceLSTM {
				want[key(f.Series, time.Unix(f.Origin, 0))] = slices.Clone(f.Quantiles)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(want) < 1000 {
		t.Fatalf("the backtest made %d forecasts, too few to say anything", len(want))
	}
	for _, h := range histories {
		awaitOrigin(t, conn, h.ID.String(), time.Unix(h.Start(h.Ring.Newest+1), 0))
	}
	met := 0
	for _, message := range readStream(t, conn, "FORECASTS") {
		f, err := streams.DecodeForecast(message.Data)
		if err != nil {
			t.Fatal(err)
		}
		quantiles, ok := want[key(f.Series, f.Origin)]
		if !ok {
			continue
		}
		met++
		// As published: rounded to five digits by the same writer.
		published, err := streams.DecodeForecast((&streams.Forecast{
			Series: f.Series, Origin: f.Origin, Interval: f.Interval, Issued: f.Issued, Source: f.Source, Quality: f.Quality,
			Levels: f.Levels, Quantiles: quantiles,
		}).AppendJSON(nil))
		if err != nil {
			t.Fatal(err)
		}
		if f.Source != meter.SourceLSTM || f.Model.Digest != m.Digest ||
			!slices.Equal(f.Quantiles, published.Quantiles) {
			t.Fatalf(
				"%s at %s: published %s %v, the backtest has %v",
				f.Series, f.Origin, f.Source, f.Quantiles[:5], published.Quantiles[:5],
			)
		}
	}
	if met != len(want) {
		t.Errorf("%d of the backtest's %d forecasts were published", met, len(want))
	}
}

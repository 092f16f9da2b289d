package recorder_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
)

var origin = time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)

// forecast returns one of two leads whose median at lead 1 is value.
func forecast(series string, value float32) streams.Forecast {
	return streams.Forecast{
		Series: series, Origin: origin, Interval: time.Hour, Unit: "kWh", Issued: origin.Add(time.Second),
		Revision: 2, Source: streams.SourceLSTM, Quality: streams.QualityOK,
		Model: &streams.Model{Name: "load-1h", Version: "7", Digest: "sha256:3f"}, InputSeq: 9,
		Levels: []float64{0.1, 0.5, 0.9}, Quantiles: []float32{value - 0.5, value, value + 0.5, 1.1, 2.2, 3.3},
	}
}

func TestAppendPoints(t *testing.T) {
	t.Parallel()
	f := forecast("north.m17", 1.02)
	f.Levels = []float64{0.025, 0.05, 0.5}
	f.Quantiles = []float32{-0.3, 0, 1.02, 12345, 54321, 1e9}
	tags := []influx.Tag{{Key: "site", Value: "north"}, {Key: "meter", Value: "m17"}}
	point := func(at time.Time, low, mid, high float64) influx.Point {
		return influx.Point{Measurement: "forecast", Tags: tags, Time: at, Fields: []influx.Field{
			{Key: "p2_5", Value: low}, {Key: "p05", Value: mid}, {Key: "p50", Value: high},
			{Key: "source", Value: "lstm"}, {Key: "quality", Value: "OK"}, {Key: "model_version", Value: "7"},
			{Key: "revision", Value: int64(2)}, {Key: "origin", Value: "2026-01-31T14:00:00Z"},
		}}
	}
	want := []influx.Point{point(origin, -0.3, 0, 1.02), point(origin.Add(time.Hour), 12345, 54321, 1e9)}
	if diff := cmp.Diff(want, recorder.AppendPoints(nil, &f)); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}

func TestAppendPointsWithoutModelEmptiesTheVersion(t *testing.T) {
	t.Parallel()
	f := forecast("north.m17", 1)
	f.Model = nil
	for _, p := range recorder.AppendPoints(nil, &f) {
		if !cmp.Equal(p.Fields[5], influx.Field{Key: "model_version", Value: ""}) {
			t.Errorf("field %+v, want an empty model_version: the row's older one would stay", p.Fields[5])
		}
	}
}

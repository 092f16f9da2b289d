package recorder_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/services/recorder"
	"github.com/loadtide/loadtide/streams"
)

var origin = time.Date(2026, 1, 31, 14, 0, 0, 0, time.UTC)

// forecast returns one of two leads whose median at lead 1 is value.
func forecast(series string, value float32) streams.Forecast {
	id, _ := meter.ParseID(series)
	return streams.Forecast{
		Series: id, Origin: origin, Interval: time.Hour, Unit: "kWh", Issued: origin.Add(time.Second),
		Revision: 2, Source: meter.SourceLSTM, Quality: meter.OK.String(),
		Model: &streams.Model{Name: "load-1h", Version: "7", Digest: "sha256:3f"}, InputSeq: 9,
		Levels: []float64{0.1, 0.5, 0.9}, Quantiles: []float32{
			value - 0.5, value, value + 0.5, 1.1, 2.2, 3.3,
		},
	}
}

// rowsOfForecast is how many points forecast gives: both leads are scored ones, the first and the
// horizon.
const rowsOfForecast = 4

func score(series string, revision int) streams.Score {
	id, _ := meter.ParseID(series)
	return streams.Score{
		Series: id, Target: origin, Interval: time.Hour, Unit: "kWh", Actual: -1.5,
		Scored: origin.Add(time.Hour), Revision: revision, InputSeq: 12,
		Leads: []streams.LeadScore{
			{
				Lead: 1, Source: meter.SourceLSTM, Version: "7", Pinball: 0.01, Naive: 0.05, Error: -0.1,
				Covered50: streams.Outside, Covered80: streams.Inside,
			},
			{
				Lead: 24, Source: meter.SourceSeasonalNaive, Pinball: 0.02, Naive: float32(math.NaN()),
				Error: 0.2,
			},
		},
	}
}

// void returns a score that is void.
func void(s streams.Score) streams.Score {
	s.Void, s.Revision, s.Actual = true, s.Revision+1, 0
	return s
}

func tags(extra ...string) []influx.Tag {
	all := []influx.Tag{{Key: "site", Value: "north"}, {Key: "meter", Value: "m17"}}
	for i := 0; i < len(extra); i += 2 {
		all = append(all, influx.Tag{Key: extra[i], Value: extra[i+1]})
	}
	return all
}

func TestAppendForecast(t *testing.T) {
	t.Parallel()
	f := forecast("north.m17", 1.02)
	f.Levels = []float64{0.025, 0.05, 0.5}
	f.Quantiles = []float32{-0.3, 0, 1.02, 12345, 54321, 1e9}
	var want []influx.Point
	point := func(lead int, low, mid, high float64) {
		p := influx.Point{Measurement: "forecast", Tags: tags("interval", "1h"), Time: origin.Add(
			time.Duration(lead-1) * time.Hour,
		), Fields: []influx.Field{
			{Key: "p2_5", Value: low}, {Key: "p05", Value: mid}, {Key: "p50", Value: high},
			{
				Key: "source", Value: "lstm",
			}, {Key: "quality", Value: "OK"}, {Key: "model_version", Value: "7"},
			{Key: "revision", Value: int64(2)}, {Key: "origin", Value: "2026-01-31T14:00:00Z"},
		}}
		want = append(want, p)
		p.Measurement, p.Tags = "forecast_lead", tags(
			"interval", "1h", "lead", map[int]string{1: "first", 2: "2h"}[lead],
		)
		want = append(want, p)
	}
	point(1, -0.3, 0, 1.02)
	point(2, 12345, 54321, 1e9)
	if diff := cmp.Diff(want, recorder.AppendForecast(nil, &f)); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}

func TestAppendForecastKeepsTheScoredLeads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		interval time.Duration
		horizon  int
		want     []string
	}{
		{time.Hour, 1, []string{"first"}}, {time.Hour, 6, []string{"first", "6h"}},
		{
			time.Hour, 24, []string{"first", "6h", "12h", "24h"},
		}, {time.Hour, 168, []string{"first", "6h", "12h", "24h", "168h"}},
		{15 * time.Minute, 96, []string{"first", "1h", "6h", "12h", "24h"}},
		{30 * time.Minute, 96, []string{"first", "1h", "6h", "12h", "24h", "48h"}},
	} {
		horizon, want := c.horizon, c.want
		f := forecast("north.m17", 1)
		f.Interval = c.interval
		f.Levels, f.Quantiles = []float64{0.5}, make([]float32, horizon)
		var leads []string
		curve := 0
		for _, p := range recorder.AppendForecast(nil, &f) {
			if p.Measurement == "forecast" {
				curve++
			} else {
				leads = append(leads, p.Tags[3].Value)
			}
		}
		if diff := cmp.Diff(want, leads); diff != "" || curve != horizon {
			t.Errorf("horizon %d: %d points of the curve, leads (-want +got):\n%s", horizon, curve, diff)
		}
	}
}

func TestAppendForecastWithoutModelEmptiesTheVersion(t *testing.T) {
	t.Parallel()
	f := forecast("north.m17", 1)
	f.Model = nil
	for _, p := range recorder.AppendForecast(nil, &f) {
		if !cmp.Equal(p.Fields[5], influx.Field{Key: "model_version", Value: ""}) {
			t.Errorf("field %+v, want an empty model_version: the row's older one would stay", p.Fields[5])
		}
	}
}

func TestAppendScore(t *testing.T) {
	t.Parallel()
	lead := func(lead string, fields ...influx.Field) influx.Point {
		return influx.Point{
			Measurement: "score", Tags: tags("interval", "1h", "lead", lead), Fields: fields, Time: origin,
		}
	}
	s := score("north.m17", 1)
	want := []influx.Point{
		lead("first", influx.Field{
			Key: "source", Value: "lstm",
		}, influx.Field{Key: "model_version", Value: "7"}, influx.Field{Key: "revision", Value: int64(1)},
			influx.Field{
				Key: "pinball", Value: 0.01,
			}, influx.Field{Key: "error", Value: -0.1}, influx.Field{Key: "abs_error", Value: 0.1},
			influx.Field{
				Key: "abs_actual", Value: 1.5,
			}, influx.Field{Key: "count", Value: int64(1)}, influx.Field{Key: "pinball_naive", Value: 0.05},
			influx.Field{
				Key: "covered50", Value: int64(0),
			}, influx.Field{Key: "covered80", Value: int64(1)}),
		// What is not known is not there: no naive value, no interval.
		lead("24h", influx.Field{
			Key: "source", Value: "seasonal_naive",
		}, influx.Field{Key: "model_version", Value: ""}, influx.Field{Key: "revision", Value: int64(1)},
			influx.Field{
				Key: "pinball", Value: 0.02,
			}, influx.Field{Key: "error", Value: 0.2}, influx.Field{Key: "abs_error", Value: 0.2},
			influx.Field{Key: "abs_actual", Value: 1.5}, influx.Field{Key: "count", Value: int64(1)}),
		{Measurement: "actual", Tags: tags("interval", "1h"), Time: origin, Fields: []influx.Field{
			{Key: "value", Value: -1.5}, {Key: "unit", Value: "kWh"}, {Key: "revision", Value: int64(1)},
		}},
	}
	if diff := cmp.Diff(want, recorder.AppendScore(nil, &s)); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
}

func TestAppendScoreOfNothing(t *testing.T) {
	t.Parallel()
	s := void(score("north.m17", 1))
	points := recorder.AppendScore(nil, &s)
	if len(points) != 2 {
		t.Fatalf("%d points, want one for each lead and no actual", len(points))
	}
	for _, p := range points {
		for _, f := range p.Fields {
			switch v := f.Value.(type) {
			case float64:
				if v != 0 {
					t.Errorf("%s is %v", f.Key, v)
				}
			case int64:
				if f.Key == "revision" != (v == 2) || f.Key != "revision" && v != 0 {
					t.Errorf("%s is %v", f.Key, v)
				}
			}
		}
		if len(p.Fields) != 11 {
			t.Errorf("%d fields, want all: what is left out keeps its value", len(p.Fields))
		}
	}
}

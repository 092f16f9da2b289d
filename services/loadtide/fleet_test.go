package main

import (
	"maps"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
)

// A series counts for the interval of its grid, and one that is not forecast for none: a daily meter
// of two months is no reason for a training.
func TestSeriesThatATrainingCanLearnFrom(t *testing.T) {
	t.Parallel()
	origin := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	reaches := map[time.Duration]engine.Reach{}
	for _, s := range []struct {
		interval time.Duration
		days     int
		source   meter.Source
	}{
		{time.Hour, 61, meter.SourceLSTM}, {time.Hour, 40, meter.SourceSeasonalNaive},
		{time.Hour, 70, meter.SourceNone}, {15 * time.Minute, 36, meter.SourceLSTM},
		{15 * time.Minute, 3, meter.SourcePersistence},
	} {
		add(reaches, &streams.SeriesSummary{
			Interval: streams.Interval(s.interval), Source: s.source, Origin: origin,
			Since: origin.AddDate(0, 0, -s.days),
		})
	}
	add(reaches, &streams.SeriesSummary{Origin: origin}) // nothing is known of it
	want := map[time.Duration]engine.Reach{
		time.Hour:        {Over35Days: 2, Over60Days: 1},
		15 * time.Minute: {Over35Days: 1},
	}
	if !maps.Equal(reaches, want) {
		t.Errorf("%v, want %v", reaches, want)
	}
}

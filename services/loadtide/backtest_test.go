package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// When a file repeats a moment with another value, the history holds the last value, and the
// warning says so.
func TestLastValueOfARepeatedMomentCounts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "repeats.csv")
	rows := "series,timestamp,value\nn.m,2026-01-01T00:00:00Z,1\nn.m,2026-01-01T01:00:00Z,2\n" +
		"n.m,2026-01-01T01:00:00Z,3\nn.m,2026-01-01T02:00:00Z,4\n"
	if err := os.WriteFile(path, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	var shown bytes.Buffer
	histories, err := loadHistories(t.Context(), newScreen(&shown), []string{path}, &csvFlags{}, &marksFlag{}, &model.Model{Spec: model.Spec{Interval: "1h"}})
	if err != nil {
		t.Fatal(err)
	}
	h := histories[0]
	if value, _ := h.Raw.At(h.Raw.First() + 1); value != 3 {
		t.Errorf("the history holds %v", value)
	}
	want := "warn: 1 readings give another value for a moment that their series had already; the " +
		"last value counts"
	if !strings.Contains(shown.String(), want) {
		t.Errorf("shown: %s", shown.String())
	}
}

// The test is the last tenth of the time of most series, also beside meters whose clocks run weeks
// ahead, and beside one of last year; a time that a flag names holds.
func TestTestRangeIsThatOfMostSeries(t *testing.T) {
	t.Parallel()
	const begin = int64(20000)
	histories := func(all map[string][2]int64) []*dataset.History {
		b := dataset.NewBuilder()
		for name, d := range all {
			for hour := (begin + d[0]) * 24; hour < (begin+d[1])*24; hour++ {
				b.Add(meter.ID{Site: "s", Meter: name}, "kWh", hour*meter.HourSeconds, float64(hour%24))
			}
		}
		return b.Build()
	}
	fleet := map[string][2]int64{}
	for i := range 8 {
		fleet[fmt.Sprintf("m%d", i)] = [2]int64{0, 60}
	}
	beside := maps.Clone(fleet)
	beside["fast1"], beside["fast2"] = [2]int64{10, 95}, [2]int64{35, 95}
	beside["old"] = [2]int64{-400, 60}
	m := &model.Model{Spec: model.Spec{Interval: "1h", Horizon: 24}}
	at := func(days int64) time.Time { return time.Unix((begin+days)*meter.DaySeconds, 0) }
	for _, c := range []struct {
		cmd         backtestCmd
		from, until int64
	}{
		{backtestCmd{}, 54, 60},
		{backtestCmd{TestFrom: at(50)}, 50, 60},
		{backtestCmd{TestFrom: at(50), TestUntil: at(58)}, 50, 58},
		{backtestCmd{TestFrom: at(70)}, 70, 95},
		{backtestCmd{TestFrom: at(-100), TestUntil: at(-50)}, -100, -50},
	} {
		cfg, err := c.cmd.config(m, histories(beside))
		if err != nil || cfg.From != at(c.from).Unix() || cfg.Until != at(c.until).Unix() {
			t.Errorf("from %s to %s, want day %d to %d: %v", stamp(cfg.From), stamp(cfg.Until), c.from,
				c.until, err)
		}
	}
	alone, err := new(backtestCmd).config(m, histories(fleet))
	if err != nil || alone.From != at(54).Unix() || alone.Until != at(60).Unix() {
		t.Errorf("alone from %s to %s: %v", stamp(alone.From), stamp(alone.Until), err)
	}
	later := dataset.Later(histories(beside), at(60).Unix())
	if !strings.Contains(later, "2 of 11 series have readings after") {
		t.Errorf("told %q", later)
	}
}

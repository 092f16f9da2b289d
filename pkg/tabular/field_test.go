package tabular

import (
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/servertest"
)

// fieldCase is a file as a utility or a tool writes it, and what is right.
type fieldCase struct {
	file     string // in the folder of field files
	opts     Options
	first    string // time of the first reading
	value    float64
	rows     int
	unit     string
	interval time.Duration
	energy   float64 // sum of the values, 0 for not looked at
	warning  string  // that must be there
}

// TestFieldFiles: exports as they come hold the load of a household that begins on 2026-01-05. The
// numbers are those of the files' descriptions.
func TestFieldFiles(t *testing.T) {
	t.Parallel()
	dir := servertest.FieldFiles(t)
	const house, start = "a.b", "2026-01-05T00:00:00Z"
	one := func(o Options) Options { o.Series = house; return o }
	clock := time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]fieldCase{
		"Wiener Netze": {
			file: "F19/wiener_netze.csv", opts: one(Options{Timezone: "Europe/Vienna"}),
			first: start, value: 0.105, rows: 384, unit: "kWh", interval: 15 * time.Minute,
		},
		"Fluvius": {
			file:  "F19/fluvius.csv",
			opts:  one(Options{Timezone: "Europe/Brussels", Where: []string{"Register=Afname Dag"}}),
			first: start, value: 0.105, rows: 96, unit: "kWh", interval: 15 * time.Minute,
		},
		"Enedis": {
			file: "F19/enedis.csv", opts: one(Options{IntervalLabel: LabelEnd}),
			first: start, value: 378, rows: 672, unit: "W", interval: 30 * time.Minute,
		},
		"ENTSO-E": {
			file: "F19/entsoe.csv", opts: one(Options{}),
			first: start, value: 6000 * 0.42, rows: 456, unit: "MW", interval: time.Hour,
		},
		"UCI": {
			file: "F19/uci_ld.csv", opts: Options{IntervalLabel: LabelEnd},
			first: start, value: 4 * 0.42, rows: 1920, interval: 15 * time.Minute,
		},
		"epoch in seconds": {
			file: "F19/epoch_s.csv", opts: one(Options{}), first: start, value: 0.42, rows: 480, interval: time.Hour,
		},
		"epoch in milliseconds": {
			file: "F19/epoch_ms.csv", first: start, value: 0.42, rows: 480, interval: time.Hour,
		},
		"PG&E": {
			file: "F10/preamble.csv", opts: one(Options{}),
			first: start, value: 0.42, rows: 96, unit: "kWh", interval: time.Hour,
		},
		"semicolons with names": {
			file: "F10/semicolon.csv",
			opts: one(Options{
				TimeColumn: "Datum", ValueColumn: "Verbrauch [kWh]", Timezone: "Europe/Vienna",
			}),
			first: start, value: 0.105, rows: 192, unit: "kWh", interval: 15 * time.Minute,
		},
		"no name of the first column": {
			file: "F10/empty_first_header.csv", opts: Options{IntervalLabel: LabelEnd},
			first: start, value: 1.68, rows: 384, interval: 15 * time.Minute,
		},
		"index of pandas": {
			file: "F10/pandas_index.csv", opts: Options{Series: "house"},
			first: start, value: 0.42, rows: 360, interval: time.Hour,
		},
		"Octopus": {
			file: "F12/half_hour_kwh.csv", opts: one(Options{}),
			first: start, value: 0.189, rows: 672, unit: "kWh", interval: 30 * time.Minute,
		},
		"Home Assistant": {
			file: "F09/history_export.csv",
			opts: Options{
				SeriesColumn: "entity_id", TimeColumn: "last_changed", ValueColumn: "state",
				Series: "sensor.grid_import_total", Kind: meter.Register, Unit: "kWh",
			},
			first: "2026-01-05T00:09:08Z", value: 4321.14, rows: 712,
		},
		"ESB": {
			file:  "F08/import_and_export.csv",
			opts:  one(Options{Where: []string{"Read Type=Active Import Interval (kW)"}}),
			first: start, value: 0.42, rows: 336, unit: "kW", interval: time.Hour,
		},
		"rows of the future": {
			file: "F15/filled_up_with_zeros.csv", opts: one(Options{Unit: "kWh", Now: clock}),
			first: "2099-01-05T00:00:00Z", value: 0.386, rows: 480, interval: time.Hour,
			warning: "480 of 720 rows lie ahead of the clock, from 2099-01-05T00:00:00Z on",
		},
		"register": {
			file: "F16/cumulative.csv", opts: one(Options{Unit: "kWh"}),
			first: start, value: 5000, rows: 720, interval: time.Hour, warning: "say --kind register",
		},
		"no unit": {
			file: "F12/quarter_1_no_unit.csv", opts: one(Options{}),
			first: start, value: 0.105, rows: 960, interval: 15 * time.Minute,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.check(t, filepath.Join(dir, filepath.FromSlash(c.file)))
		})
	}
}

// check loads a file and compares it with what is right.
func (c fieldCase) check(t *testing.T, path string) {
	t.Helper()
	table, report, err := Load([]string{path}, c.opts)
	if err != nil {
		t.Fatal(err)
	}
	first, sum := table.Row(0), 0.0
	for r := range table.All() {
		sum += r.Value
	}
	if got := first.Time().Format(time.RFC3339); got != c.first || math.Abs(first.Value-c.value) > 1e-9 {
		t.Errorf("the first reading is %v at %s, want %v at %s", first.Value, got, c.value, c.first)
	}
	if table.Len() != c.rows || c.interval > 0 && report.Interval != c.interval {
		t.Errorf("%d rows every %v, want %d every %v", table.Len(), report.Interval, c.rows, c.interval)
	}
	if got := report.Files[0].Unit; got != c.unit {
		t.Errorf("unit %q, want %q", got, c.unit)
	}
	if c.energy > 0 && math.Abs(sum-c.energy) > 1e-6*c.energy {
		t.Errorf("the values sum up to %v, want %v", sum, c.energy)
	}
	if told := strings.Join(report.Warnings, "\n"); !strings.Contains(told, c.warning) {
		t.Errorf("told %q, want %q", told, c.warning)
	}
}

// TestFieldFilesThatAreRefused: two quantities under one id are refused with the column that tells
// them apart.
func TestFieldFilesThatAreRefused(t *testing.T) {
	t.Parallel()
	dir := servertest.FieldFiles(t)
	for file, words := range map[string][2]string{
		"F08/import_and_export.csv": {`column "Read Type" tells them apart`, `--series-column "Read Type"`},
		"F19/fluvius.csv":           {`column "Register" tells them apart`, `--where "Register=Afname Dag"`},
		"F10/green_button.xml":      {"", ""},
	} {
		_, _, err := Load([]string{filepath.Join(dir, filepath.FromSlash(file))}, Options{Series: "a.b"})
		var fault *FileError
		if !errors.As(err, &fault) || !strings.Contains(fault.Problem, words[0]) ||
			!strings.Contains(fault.Remedy, words[1]) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

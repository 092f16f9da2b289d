package tabular

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
)

func TestLayouts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		content string
		opts    Options
		layout  string
		want    []string
		warning string
	}{
		"wide": {
			content: "Timestamp,north.m1, m2 \n2026-01-31 13:00,1,2\n2026-01-31 14:00,,-4\n2026-01-31 15:00,5,\n", layout: LayoutWide,
			want: []string{"north.m1 2026-01-31T13:00:00Z 1", "default.m2 2026-01-31T13:00:00Z 2", "default.m2 2026-01-31T14:00:00Z -4", "north.m1 2026-01-31T15:00:00Z 5"},
		},
		"wide with another time column": {
			content: "id,a,date\n7,1,2026-01-31\n8,2,2026-02-01\n", opts: Options{TimeColumn: "date", Series: "a"}, layout: LayoutWide,
			want: []string{"default.a 2026-01-31T00:00:00Z 1", "default.a 2026-02-01T00:00:00Z 2"},
		},
		"wide with names of all kinds": {
			content: "timestamp,HUFL,10018250,meter 1,north.a/b,No. 5,1.8.0\n2026-01-31 13:00,1,2,3,4,5,6\n", layout: LayoutWide,
			want: []string{
				"default.HUFL 2026-01-31T13:00:00Z 1", "default.10018250 2026-01-31T13:00:00Z 2", "default.meter_1 2026-01-31T13:00:00Z 3",
				"north.a_b 2026-01-31T13:00:00Z 4", "default.No__5 2026-01-31T13:00:00Z 5", "default.1_8_0 2026-01-31T13:00:00Z 6",
			},
			warning: `"meter 1" is read as default.meter_1, "north.a/b" is read as north.a_b, "No. 5" is read as default.No__5, "1.8.0" is read as default.1_8_0`,
		},
		"wide with a comma at the end": {
			content: "timestamp,a,\n2026-01-31 13:00,1,\n", layout: LayoutWide, want: []string{"default.a 2026-01-31T13:00:00Z 1"},
		},
		"wide with an empty column": {
			content: "timestamp,a,b\n2026-01-31 13:00,1,\n", layout: LayoutWide, want: []string{"default.a 2026-01-31T13:00:00Z 1"},
			warning: `columns without a reading: "b"`,
		},
		"raw": {
			content: "Zone,Datetime,Load\nNI,2026-01-31 13:00,1\nA B,2026-01-31 13:00,2\n", layout: LayoutLong,
			opts:    Options{SeriesColumn: "zone", TimeColumn: "Datetime", ValueColumn: "Load"},
			want:    []string{"default.NI 2026-01-31T13:00:00Z 1", "default.A_B 2026-01-31T13:00:00Z 2"},
			warning: `"A B" is read as default.A_B`,
		},
		"raw with an exact name": {
			content: "id,ID,timestamp,value\n1,a,2026-01-31 13:00,1\n", opts: Options{SeriesColumn: "ID"}, layout: LayoutLong,
			want: []string{"default.a 2026-01-31T13:00:00Z 1"},
		},
		"one series": {
			content: "Time,Temperature,Demand\n2026-01-31 13:00,x,1\n", opts: Options{Series: "vic.load", TimeColumn: "time", ValueColumn: "Demand"}, layout: LayoutOne,
			want: []string{"vic.load 2026-01-31T13:00:00Z 1"},
		},
		"one series of two columns": {
			content: "kwh,timestamp\n1,2026-01-31 13:00\n", opts: Options{Series: "m"}, layout: LayoutOne, want: []string{"default.m 2026-01-31T13:00:00Z 1"},
		},
		"one series by default names": {
			content: "timestamp,value,flag\n2026-01-31 13:00,1,x\n", opts: Options{Series: "m"}, layout: LayoutOne, want: []string{"default.m 2026-01-31T13:00:00Z 1"},
		},
		"one of a long file": {
			content: "series,timestamp,value\na,2026-01-31 13:00,1\nb,2026-01-31 13:00,2\nb,2026-01-31 14:00,3\n", opts: Options{Series: "default.b"}, layout: LayoutLong,
			want: []string{"default.b 2026-01-31T13:00:00Z 2", "default.b 2026-01-31T14:00:00Z 3"},
		},
		"one of a wide file": {
			content: "timestamp,a,meter 1\n2026-01-31 13:00,x,2\n", opts: Options{Series: "meter 1"}, layout: LayoutWide,
			want: []string{"default.meter_1 2026-01-31T13:00:00Z 2"}, warning: `"meter 1" is read as default.meter_1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.opts.Unit, c.opts.Kind = "kWh", meter.Energy
			table, report, err := Load([]string{write(t, "a.csv", c.content)}, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, texts(table)); diff != "" {
				t.Error(diff)
			}
			if report.Rejected != 0 || report.Rows != table.Len() || report.Files[0].Layout != c.layout ||
				report.Naive == 0 {
				t.Errorf("report %+v", report)
			}
			if table.Unit != "kWh" || table.Kind != meter.Energy {
				t.Errorf("unit %q, kind %q", table.Unit, table.Kind)
			}
			warnings := strings.Join(report.Warnings, "\n")
			if !strings.HasSuffix(warnings, c.warning) || (c.warning == "") != (warnings == "") ||
				len(report.Warnings) > 1 {
				t.Errorf("warnings %q, want %q", warnings, c.warning)
			}
		})
	}
}

func TestRejectedCells(t *testing.T) {
	t.Parallel()
	path := write(t, "a.csv", "timestamp,a,,b\n"+
		"2026-01-31 13:00,1,,2\n"+
		"2026-01-31 14:00,nan,x,null\n"+ // three cells
		"never,1,,2\n"+ // a line
		"2026-01-31 15:00,1,2\n"+ // a line
		"2026-01-31 16:00,\"1,5\",,7\n")
	var called []string
	table, report, err := Load([]string{path}, Options{Rejected: func(e RowError) { called = append(called, strings.TrimPrefix(e.Error(), path)) }})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`:3: column 2 (a) "nan" not_a_number`, `:3: column 3 () "x" bad_subject`, `:3: column 4 (b) "null" not_a_number`,
		`:4: column 1 (timestamp) "never" bad_timestamp`, `:5: no column 4 (b) in "2026-01-31 15:00,1,2" unparsable`, `:6: column 2 (a) "1,5" not_a_number`,
	}
	if diff := cmp.Diff(want, called); diff != "" {
		t.Error(diff)
	}
	if table.Len() != 3 || report.Rows != 9 || report.Rejected != 6 || report.Naive != 3 {
		t.Errorf("%d rows, report %+v", table.Len(), report)
	}
	reasons := []ReasonCount{{meter.ReasonNotANumber, 3}, {meter.ReasonBadSubject, 1}, {meter.ReasonBadTimestamp, 1}, {meter.ReasonUnparsable, 1}}
	if diff := cmp.Diff(reasons, report.Reasons); diff != "" {
		t.Error(diff)
	}
	for _, e := range report.First {
		if e.Remedy == "" {
			t.Errorf("no remedy: %v", e.Error())
		}
	}
}

func TestOptionsThatDoNotFit(t *testing.T) {
	t.Parallel()
	long := "zone,time,mw\na b,2026-01-31 13:00,1\na/b,2026-01-31 13:00,2\n"
	for name, c := range map[string]struct {
		content string
		opts    Options
		problem string
	}{
		"no such series column": {long, Options{SeriesColumn: "area"}, `no column "area"; the columns are "zone", "time", "mw"`},
		"no such time column":   {long, Options{SeriesColumn: "zone", TimeColumn: "when"}, `no column "when"`},
		"no such value column":  {long, Options{ValueColumn: "kw"}, `no column "kw"`},
		"time not named":        {"zone,time,mw\na b,never,1\n", Options{SeriesColumn: "zone", ValueColumn: "mw"}, `no column "timestamp"`},
		"value not named":       {"zone,time,a,b\na b,2026-01-31 13:00,1,2\n", Options{SeriesColumn: "zone", TimeColumn: "time"}, `2 columns may be the values: "a", "b"`},
		"no column of values":   {"zone,time,a\na b,2026-01-31 13:00,x\n", Options{SeriesColumn: "zone", TimeColumn: "time"}, `no column "value"`},
		"series not named":      {"timestamp,value,note\n2026-01-31 13:00,1,x\n", Options{}, "no column says which series"},
		"one column twice":      {long, Options{Series: "m", TimeColumn: "time", ValueColumn: "time"}, "one column cannot be series, time and value at once"},
		"one name":              {long, Options{SeriesColumn: "zone", TimeColumn: "time", ValueColumn: "mw"}, `line 3: two series with one name: "a b" and "a/b" both become default.a_b`},
		"twice":                 {"a,A,timestamp,value\n", Options{SeriesColumn: "a"}, `no rows`},
		"twice, neither":        {"a,A,timestamp,value\n", Options{SeriesColumn: "á"}, `no column "á"`},
		"not there":             {"series,timestamp,value\na,2026-01-31 13:00,1\n", Options{Series: "b"}, `no series "b"; there are "default.a"`},
		"ends without a step":   {"series,timestamp,value\na,2026-01-31 13:00,1\nb,2026-01-31 14:00,1\n", Options{IntervalLabel: LabelEnd}, "no series has two times"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Load([]string{write(t, "a.csv", c.content)}, c.opts)
			var file *FileError
			if !errors.As(err, &file) || !strings.Contains(err.Error(), c.problem) || file.Remedy == "" {
				t.Errorf("error %v, want %q", err, c.problem)
			}
		})
	}
	for want, opts := range map[string]Options{
		`timezone "Mars/Olympus" is no time zone`:                         {Timezone: "Mars/Olympus"},
		`timezone "Local" differs from machine to machine`:                {Timezone: "Local"},
		`timezone "../etc/passwd" is no time zone`:                        {Timezone: "../etc/passwd"},
		`interval-label "middle" is no label of an interval`:              {IntervalLabel: "middle"},
		`interval-label "end" does not go with registers`:                 {IntervalLabel: LabelEnd, Kind: meter.Register},
		`kind "Kind(9)" is no kind of reading`:                            {Kind: 9},
		`series "` + strings.Repeat("n", 64) + `" is no name of a series`: {Series: strings.Repeat("n", 65)},
	} {
		_, _, err := Load([]string{"none.csv"}, opts)
		var option *OptionError
		if !errors.As(err, &option) || err.Error() != want || option.Remedy == "" {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestNamesAcrossFiles: one name in two files is one series, two that become one are none.
func TestNamesAcrossFiles(t *testing.T) {
	t.Parallel()
	spaced := write(t, "a.csv", "timestamp,meter 1\n2026-01-31 13:00,1\n")
	again := write(t, "b.csv", "timestamp,meter 1,b\n2026-01-31 14:00,2,3\n")
	plain := write(t, "c.csv", "series,timestamp,value\nmeter_1,2026-01-31 15:00,4\n")
	table, report, err := Load([]string{spaced, again}, Options{})
	if err != nil || table.Len() != 3 || len(table.Series) != 2 || len(report.Files) != 2 ||
		len(report.Warnings) != 1 {
		t.Errorf("%v, report %+v", err, report)
	}
	for _, paths := range [][]string{{spaced, plain}, {plain, spaced}} {
		if _, _, err := Load(paths, Options{}); err == nil || !strings.Contains(err.Error(), `two series with one name: `) {
			t.Errorf("error %v", err)
		}
	}
}

func TestInterval(t *testing.T) {
	t.Parallel()
	hourly := "series,timestamp,value\na,2026-01-31 13:00,1\na,2026-01-31 16:00,1\na,2026-01-31 15:00,1\na,2026-01-31 14:00,1\nb,2026-01-31 14:00,1\n"
	for content, want := range map[string]time.Duration{
		hourly: time.Hour,
		"series,timestamp,value\na,2026-01-31 13:00,1\n":                                                            0,
		"series,timestamp,value\na,2026-01-31 13:00,1\na,2026-01-31 13:00,1\n":                                      0,
		"series,timestamp,value\na,2026-01-31 13:00,1\na,2026-01-31 14:00,1\na,2026-01-31 14:15,1\n":                15 * time.Minute,
		"timestamp,a,b\n2026-01-31 13:00,1,\n2026-01-31 13:15,2,\n2026-01-31 13:30,2,1\n2026-01-31 14:30,,1\n":      15 * time.Minute,
		"timestamp,a\n2026-01-31,1\n2026-02-01,2\n":                                                                 24 * time.Hour,
		"timestamp,a\n2026-01-31 13:00,1\n2026-01-31 13:00,2\n2026-01-31 13:00,3\n2026-01-31 13:30,3\n":             30 * time.Minute,
		"timestamp,a,b\n2026-01-31 13:00,1,1\n2026-01-31 13:30,2,\n2026-01-31 14:00,,1\n2026-01-31 15:00,,1\n":      time.Hour,
		"timestamp,a\n2026-01-31 13:00:00,1\n2026-01-31 13:00:20,2\n2026-01-31 13:00:40,3\n2026-01-31 13:01:40,3\n": 20 * time.Second,
	} {
		_, report, err := Load([]string{write(t, "a.csv", content)}, Options{})
		if err != nil || report.Interval != want || report.Files[0].Interval != want {
			t.Errorf(
				"%s: interval %v, %v, want %v, %v",
				content, report.Interval, report.Files[0].Interval, want, err,
			)
		}
	}
}

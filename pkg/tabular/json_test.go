package tabular

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
)

// loaded reads one file and returns its rows as "series time value unit kind".
func loaded(t *testing.T, content string, opts Options) ([]string, Report, error) {
	t.Helper()
	l, err := newLoader(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.add("FILE", strings.NewReader(content)); err != nil {
		return nil, l.finish([]string{"FILE"}), err
	}
	report := l.finish([]string{"FILE"})
	if got := l.table.Len() + report.Rejected; got != report.Rows {
		t.Errorf("%d of %d rows accounted for", got, report.Rows)
	}
	var rows []string
	for r := range l.table.All() {
		terms := l.table.Terms[r.Series]
		rows = append(rows, strings.TrimSpace(fmt.Sprintf("%s %s %v %s %s", l.table.Name(r),
			r.Time().Format("2006-01-02T15:04:05"), r.Value, terms.Unit, terms.Kind)))
	}
	return rows, report, nil
}

func wantRows(t *testing.T, content string, opts Options, want ...string) Report {
	t.Helper()
	rows, report, err := loaded(t, content, opts)
	if err != nil {
		t.Fatalf("%v\n%s", err, content)
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("%s\nof\n%s", diff, content)
	}
	return report
}

func TestJSONReadings(t *testing.T) {
	t.Parallel()
	const day = "2026-01-31T"
	wantRows(t, `{"series":"north.m1","ts":"2026-01-31T13:00:00Z","value":1.5,"unit":"kWh"}
{"series":"north.m1","timestamp":"2026-01-31T15:00:00.123+01:00","value":"2","unit":"Wh","quality":"estimated"}
{"series":"m2","time":1769864400,"value":3,"kind":"register","unit":"kWh","extra":{"deep":[1,{"x":"}"}]}}
{"series":"m2","time":1769868000000,"value":4,"history":true,"interval":"1h","kind":"REGISTER","unit":"kWh"}
`, Options{},
		"north.m1 "+day+"13:00:00 1.5 kWh energy", "north.m1 "+day+"14:00:00 0.002 kWh energy",
		"default.m2 "+day+"13:00:00 3 kWh register", "default.m2 "+day+"14:00:00 4 kWh register")

	// An array, one on a line, with a byte order mark; and an object that holds the readings.
	wantRows(
		t,
		"\ufeff[{\"ts\":\"2026-01-31 13:00Z\",\"value\":1e0},\n {\"value\":2,\"ts\":\"2026-01-31T14:00:00+0000\"}]",
		Options{Series: "a.b"},
		"a.b "+day+"13:00:00 1",
		"a.b "+day+"14:00:00 2",
	)
	wantRows(
		t,
		`{"schema":1,"readings":[{"series":"a.\u0062","ts":"2026-01-31T13:00:00Z","value":1}]}`,
		Options{},
		"a.b "+day+"13:00:00 1",
	)

	// Times without an offset need a zone; clocks that change are settled as in other files.
	wantRows(t, `{"series":"a.b","ts":"2026-01-31T13:00","value":1}
{"series":"a.b","ts":"2026-01-31T14:00","value":2}`, Options{Timezone: "Europe/Vienna"},
		"a.b "+day+"12:00:00 1", "a.b "+day+"13:00:00 2")

	// Other names of fields, the end of intervals, a unit that converts.
	wantRows(t, `[{"meter":"m","end":"2026-01-31T13:00:00Z","kwh":1,"unit":"kWh"},
{"meter":"m","end":"2026-01-31T14:00:00Z","kwh":2,"unit":"kWh"}]`, Options{
		SeriesColumn: "meter", TimeColumn: "end", ValueColumn: "kwh", IntervalLabel: LabelEnd, Unit: "Wh",
	}, "default.m "+day+"12:00:00 1000 Wh energy", "default.m "+day+"13:00:00 2000 Wh energy")

	// One series of several.
	wantRows(t, `{"series":"a.b","ts":1769864400,"value":1}
{"series":"a.c","ts":1769864400,"value":2}`, Options{Series: "a.c"}, "a.c "+day+"13:00:00 2")
}

// Each bad reading is refused by line and part; the others count.
func TestJSONReadingsRefused(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`"ts":"yesterday","value":1`:                                       `FILE:2: time "yesterday" bad_timestamp`,
		`"ts":"2026-01-31T13:00","value":1`:                                `FILE:2: time "2026-01-31T13:00" bad_timestamp`,
		`"ts":12,"value":1`:                                                `FILE:2: time "12" bad_timestamp`,
		`"ts":"2026-01-31T13:00:00Z","value":null`:                         `FILE:2: value "null" not_a_number`,
		`"ts":"2026-01-31T13:00:00Z","value":NaN`:                          `FILE:2: value "NaN" not_a_number`,
		`"ts":"2026-01-31T13:00:00Z","value":1e12`:                         `FILE:2: value "1e12" out_of_range`,
		`"ts":"2026-01-31T13:00:00Z","value":1,"unit":"kW"`:                `FILE:2: value "1" wrong_unit`,
		`"ts":"2026-01-31T13:00:00Z","value":1,"unit":"kWh","kind":"spin"`: `FILE:2: kind "spin" unknown_kind`,
		`"ts":"2026-01-31T13:00:00Z","value":1,"quality":"BAD"`:            `FILE:2: quality "BAD" bad_quality`,
		`"ts":"2026-01-31T13:00:00Z","value":1,"quality":"so so"`:          `FILE:2: quality "so so" unknown_quality`,
	} {
		content = `{"series":"a.b","ts":"2026-01-31T12:00:00Z","value":1,"unit":"kWh"}` + "\n" +
			`{"series":"a.b",` + content + "}"
		rows, report, err := loaded(t, content, Options{})
		if err != nil || len(rows) != 1 || len(report.First) != 1 {
			t.Errorf("%s\n%q, %v, %v", content, rows, report.First, err)
			continue
		}
		if got := report.First[0].Error(); got != want || report.First[0].Remedy == "" {
			t.Errorf("%s\n%s, %q", content, got, report.First[0].Remedy)
		}
	}
}

// A file that is something else is refused with what it looks like.
func TestJSONFilesRefused(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		`{"meter":"m","kwh":3,"from":"2026"}`:     "the names meter, kwh, from",
		`{"ts":"2026-01-31T13:00:00Z","value":1}`: "has no field series",
		`[[]]`: "is JSON without an object",
		`{"series":"a.b","ts":1769864400,"value":1`:           "unexpected EOF",
		"{\"ts\":1}\n{\"ts\" 1}":                              "the names ts",
		"{\"ts\":1,\"value\":1,\"series\":\"a\"}\n{\"ts\" 1}": "line 2: '1' stands where JSON has a colon",
		"{\"ts\":1,\"value\":1,\"series\":\"a\"},":            "',' stands where JSON has an object",
		strings.Repeat("[", 100):                              "nested more than 32 deep",
		`{"a":` + strings.Repeat("[", 100):                    "nested more than 32 deep",
		`{"a":"` + strings.Repeat("x", maxObject+1) + `"}`:    "longer than 64 KiB",
		`{"a":` + strings.Repeat("1", maxObject+1) + `}`:      "longer than 64 KiB",
		`{"a":"\x"}`: "an escape that JSON does not know",
		`{` + strings.Repeat(`"a":1,`, maxFields+1) + `"b":1}`:          "more than 64 KiB or 256 names",
		`{"` + strings.Repeat("a", 100) + `":1,"` + "\xff\xfe" + `":2}`: strings.Repeat("a", 64),
	} {
		_, _, err := loaded(t, content, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s\n%v\nwant %s", content, err, want)
		}
	}
}

func TestSenML(t *testing.T) {
	t.Parallel()
	const day = "2026-01-31T"
	// Examples of RFC 8428, sections 5.1.2 and 5.1.3, with energy and times of 2026.
	report := wantRows(t, `[
  {"bn":"urn:dev:ow:10e2073a0108006:","bt":1769864400,"bu":"kWh","bver":5,"n":"used","v":1.5},
  {"n":"used","t":3600,"v":2},
  {"n":"power","u":"W","t":3600.9,"v":450,"bv":10},
  {"n":"power","u":"W","t":7200,"v":440,"ut":5},
  {"n":"label","vs":"Machine Room"},
  {"bt":1769900000}
]
[{"bn":"plain_","n":"m","t":1769864400,"v":0}]`, Options{},
		"default.urn_dev_ow_10e2073a0108006_used "+day+"13:00:00 1.5 kWh energy",
		"default.urn_dev_ow_10e2073a0108006_used "+day+"14:00:00 2 kWh energy",
		"default.urn_dev_ow_10e2073a0108006_power "+day+"14:00:00 460 W power",
		"default.urn_dev_ow_10e2073a0108006_power "+day+"15:00:00 450 W power",
		"default.plain_m "+day+"13:00:00 0")
	if len(report.First) != 1 ||
		report.First[0].Error() != `FILE:6: vs "Machine Room" not_a_number` {
		t.Errorf("%+v", report.First)
	}
	if report.Files[0].Layout != LayoutSenML {
		t.Errorf("%+v", report.Files[0])
	}
	for content, want := range map[string]string{
		`[{"n":"m","t":-5,"v":1}]`:                         `FILE:1: t "-5" bad_timestamp`,
		`[{"n":"m","v":1}]`:                                `FILE:1: t "0" bad_timestamp`,
		`[{"bver":11,"n":"m","t":1769864400,"v":1}]`:       `FILE:1: bver "11" unparsable`,
		`[{"n":"m","t":1769864400,"v":1,"must_":1}]`:       `FILE:1: must_ "1" unparsable`,
		`[{"n":"m","t":1769864400,"v":"1"}]`:               `FILE:1: v "1" not_a_number`,
		`[{"n":"m","t":"now","v":1}]`:                      `FILE:1: t "now" unparsable`,
		`[{"n":"m","t":1769864400,"v":1e11,"bv":9.99e11}]`: `FILE:1: value "1.099e+12" out_of_range`,
	} {
		_, report, err := loaded(t, content, Options{})
		if err != nil || len(report.First) != 1 || report.First[0].Error() != want {
			t.Errorf("%s: %v, %v", content, report.First, err)
		}
	}
}

// Kinds and units of flags overrule.
func TestRecordsWithFlags(t *testing.T) {
	t.Parallel()
	wantRows(t, `{"series":"a.b","ts":1769864400,"value":1500,"unit":"Wh","kind":"energy"}`,
		Options{Unit: "kWh", Kind: meter.Register}, "a.b 2026-01-31T13:00:00 1.5 kWh register")
}

// --where takes fields of JSON and tags, fields and the measurement of line protocol. Formats that
// have none refuse it.
func TestRecordsWhere(t *testing.T) {
	t.Parallel()
	const json = `{"series":"a.b","ts":1769864400,"value":1,"dir":"in"}
{"series":"a.b","ts":1769868000,"value":2,"dir":"out"}
{"series":"a.b","ts":1769871600,"value":3}`
	wantRows(t, json, Options{Where: []string{"dir=in"}}, "a.b 2026-01-31T13:00:00 1")
	const points = "m,dir=in value=1,q=\"x\" 1769864400\nn,dir=in value=2 1769864400\n" +
		"m,dir=out value=3 1769864400"
	wantRows(
		t,
		points,
		Options{Where: []string{"dir = in", "measurement=m", "q=x"}, SeriesColumn: "dir"},
		"default.in 2026-01-31T13:00:00 1",
	)
	senML := `[{"n":"m","t":1769864400,"v":1}]`
	for content, want := range map[string]string{
		json: `no record has "phase", which --where names`, points: `no record has "phase"`,
		senML:                 "is SenML, which --where does not go with",
		gbBlock(gbValue("1")): "is Green Button, which --where does not go with",
	} {
		_, _, err := loaded(t, content, Options{Where: []string{"phase=1"}, Unit: "Wh"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %s", err, want)
		}
		_, _, err = loaded(t, content, Options{Where: []string{"phase"}, Unit: "Wh"})
		if err == nil {
			t.Error("a condition without a value is taken")
		}
	}
}

// Readings of Green Button say their start, whatever the flag says.
func TestGreenButtonIsLabelledByItsStart(t *testing.T) {
	t.Parallel()
	wantRows(
		t,
		gbBlock(gbValue("1"), gbValue("2")),
		Options{Unit: "Wh", IntervalLabel: LabelEnd},
		"default.usage_point 2026-01-31T13:00:00 1 Wh",
		"default.usage_point 2026-01-31T14:00:00 2 Wh",
	)
}

package streams

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func TestDecodeGoodReading(t *testing.T) {
	t.Parallel()
	base := Reading{Time: noon, Value: 1.5}
	with := func(change func(*Reading)) Reading {
		r := base
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		fields string // beside ts and value
		want   Reading
	}{
		"bare":           {``, base},
		"unknown fields": {`,"schema":1,"x":{"y":[1,{"z":null}]},"w":"\u00e4"`, base},
		"null is absent": {
			`,"unit":null,"kind":null,"quality":null,"interval":null,"history":null`, base,
		},
		"value null": {`,"value":null`, Reading{Time: noon, Quality: meter.Missing}},
		"value null of a bad one": {
			`,"value":null,"quality":"BAD"`, Reading{Time: noon, Quality: meter.Bad},
		},
		"value empty":     {`,"value":"","quality":null`, Reading{Time: noon, Quality: meter.Missing}},
		"empty is absent": {`,"unit":"","kind":"","quality":"","interval":""`, base},
		"all": {
			`,"unit":"kWh","kind":"energy","quality":"ESTIMATED","interval":"1h","history":true`,
			Reading{noon, 1.5, "kWh", meter.Energy, meter.Estimated, time.Hour, true},
		},
		"history false": {`,"history":false`, base},
		"power":         {`,"kind":"power"`, with(func(r *Reading) { r.Kind = meter.Power })},
		"rare spelling": {
			`,"unit":"KWH","kind":"energy"`, with(func(r *Reading) { r.Unit, r.Kind = "kWh", meter.Energy }),
		},
		"odd unit": {
			`,"unit":"m³/h","kind":"energy"`,
			with(func(r *Reading) { r.Unit, r.Kind = "m³/h", meter.Energy }),
		},
		"escaped unit":     {`,"unit":"k\u0057h"`, with(func(r *Reading) { r.Unit = "kWh" })},
		"iso interval":     {`,"interval":"PT60M"`, with(func(r *Reading) { r.Interval = time.Hour })},
		"go interval":      {`,"interval":"60m"`, with(func(r *Reading) { r.Interval = time.Hour })},
		"last value wins":  {`,"value":7`, with(func(r *Reading) { r.Value = 7 })},
		"last wins mended": {`,"value":NaN,"value":7`, with(func(r *Reading) { r.Value = 7 })},
		"escaped key":      {`,"v\u0061lue":-2e-3`, with(func(r *Reading) { r.Value = -0.002 })},
		"offset":           {`,"ts":"2026-01-31T13:30:00+01:30"`, base},
		"first year": {
			`,"ts":"1970-01-01T00:00:00Z"`, with(func(r *Reading) { r.Time = time.Unix(0, 0).UTC() }),
		},
		"last year": {
			`,"ts":"2200-12-31T23:00:00Z"`,
			with(func(r *Reading) { r.Time = time.Date(2200, 12, 31, 23, 0, 0, 0, time.UTC) }),
		},
		"small value": {`,"value":1e-999`, with(func(r *Reading) { r.Value = 0 })},
		"largest value": {
			`,"value":-999999999999.9`, with(func(r *Reading) { r.Value = -999999999999.9 }),
		},
		"space":            {" , \n\t\"unit\" :\r\n \"W\" ", with(func(r *Reading) { r.Unit = "W" })},
		"string at limit":  {`,"note":"` + strings.Repeat("x", 256) + `"`, base},
		"nesting at limit": {`,"x":` + strings.Repeat("[", 6) + strings.Repeat("]", 6), base},
		"empty containers": {`,"x":{ },"y":[ ]`, base},
		"unit of 16 bytes": {
			`,"unit":"0123456789abcdef"`, with(func(r *Reading) { r.Unit = "0123456789abcdef" }),
		},
		"fractional second": {`,"ts":"2026-01-31T12:00:00.000Z"`, base},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload := `{"ts":"2026-01-31T12:00:00Z","value":1.5` + c.fields + `}`
			for n, message := range []string{payload, " [" + payload + " , " + payload + "]\n"} {
				good, bad := DecodeReadings([]byte(message))
				want := []Reading{c.want, c.want}[:n+1]
				if diff := cmp.Diff(want, good); diff != "" || len(bad) > 0 {
					t.Errorf("DecodeReadings(%s): %s bad %v", message, diff, bad)
				}
			}
		})
	}
}

func TestDecodeBadReading(t *testing.T) {
	t.Parallel()
	const ts = `"ts":"2026-01-31T12:00:00Z"`
	for _, c := range []struct {
		payload string
		reason  meter.Reason
		field   string
		value   string
	}{
		{`{"value":1}`, meter.ReasonBadTimestamp, "ts", ""},
		{`{"ts":"","value":1}`, meter.ReasonBadTimestamp, "ts", ""},
		{`{"ts":1769860,"value":1}`, meter.ReasonBadTimestamp, "ts", "1769860"},
		{
			`{"ts":"2026-13-01T00:00:00Z","value":1}`, meter.ReasonBadTimestamp, "ts",
			"2026-13-01T00:00:00Z",
		},
		{
			`{"ts":"2026-02-30T00:00:00Z","value":1}`, meter.ReasonBadTimestamp, "ts",
			"2026-02-30T00:00:00Z",
		},
		{`{"ts":"2026-01-31T12:00:00","value":1}`, meter.ReasonBadTimestamp, "ts", "2026-01-31T12:00:00"},
		{`{"ts":"2026-01-31T1:00:00Z","value":1}`, meter.ReasonBadTimestamp, "ts", "2026-01-31T1:00:00Z"},
		{
			`{"ts":"1969-12-31T23:00:00Z","value":1}`, meter.ReasonBadTimestamp, "ts",
			"1969-12-31T23:00:00Z",
		},
		{
			`{"ts":"2201-01-01T00:00:00Z","value":1}`, meter.ReasonBadTimestamp, "ts",
			"2201-01-01T00:00:00Z",
		},
		{`{` + ts + `}`, meter.ReasonNotANumber, "value", ""},
		{`{` + ts + `,"value":null,"quality":"OK"}`, meter.ReasonNotANumber, "value", "null"},
		{`{` + ts + `,"quality":"ESTIMATED"}`, meter.ReasonNotANumber, "value", ""},
		{`{` + ts + `,"value":null,"unit":7}`, meter.ReasonWrongUnit, "unit", "7"},
		{`{` + ts + `,"value":true}`, meter.ReasonNotANumber, "value", "true"},
		{`{` + ts + `,"value":[1]}`, meter.ReasonNotANumber, "value", "[1]"},
		{`{` + ts + `,"value":"1,5"}`, meter.ReasonNotANumber, "value", "1,5"},
		{`{` + ts + `,"value":NaN}`, meter.ReasonNotANumber, "value", "NaN"},
		{`{` + ts + `,"value":-nan}`, meter.ReasonNotANumber, "value", "-nan"},
		{`{` + ts + `,"value":"NaN"}`, meter.ReasonNotANumber, "value", "NaN"},
		{`{` + ts + `,"value":Infinity}`, meter.ReasonNotFinite, "value", "Infinity"},
		{`{` + ts + `,"value":-Infinity}`, meter.ReasonNotFinite, "value", "-Infinity"},
		{`{` + ts + `,"value":"+inf"}`, meter.ReasonNotFinite, "value", "+inf"},
		{`{` + ts + `,"value":1e999}`, meter.ReasonNotFinite, "value", "1e999"},
		{`{` + ts + `,"value":1e12}`, meter.ReasonOutOfRange, "value", "1e12"},
		{`{` + ts + `,"value":-1e300}`, meter.ReasonOutOfRange, "value", "-1e300"},
		{`{` + ts + `,"value":1,"unit":"kW","kind":"energy"}`, meter.ReasonWrongUnit, "unit", "kW"},
		{`{` + ts + `,"value":1,"kind":"power","unit":"GWh"}`, meter.ReasonWrongUnit, "unit", "GWh"},
		{
			`{` + ts + `,"value":1,"unit":"0123456789abcdefg"}`, meter.ReasonWrongUnit, "unit",
			"0123456789abcdefg",
		},
		{`{` + ts + `,"value":1,"unit":"k\u0007"}`, meter.ReasonWrongUnit, "unit", "k\a"},
		{`{` + ts + `,"value":1,"unit":7}`, meter.ReasonWrongUnit, "unit", "7"},
		{`{` + ts + `,"value":1,"kind":"register","unit":"kW"}`, meter.ReasonWrongUnit, "unit", "kW"},
		{`{` + ts + `,"value":1,"kind":"gas"}`, meter.ReasonUnknownKind, "kind", "gas"},
		{`{` + ts + `,"value":1,"kind":1}`, meter.ReasonUnknownKind, "kind", "1"},
		{`{` + ts + `,"value":1,"quality":"good"}`, meter.ReasonUnknownQuality, "quality", "good"},
		{`{` + ts + `,"value":1,"quality":{}}`, meter.ReasonUnknownQuality, "quality", "{}"},
		{`{` + ts + `,"value":1,"interval":"25m"}`, meter.ReasonIntervalUnsupported, "interval", "25m"},
		{`{` + ts + `,"value":1,"interval":"PT2H"}`, meter.ReasonIntervalUnsupported, "interval", "PT2H"},
		{`{` + ts + `,"value":1,"interval":3600}`, meter.ReasonIntervalUnsupported, "interval", "3600"},
		{
			`{` + ts + `,"value":1,"interval":"hourly"}`, meter.ReasonIntervalUnsupported, "interval",
			"hourly",
		},
		{`{` + ts + `,"value":1,"history":"yes"}`, meter.ReasonUnparsable, "history", "yes"},
		{
			`{` + ts + `,"value":1,"x":"` + strings.Repeat("y", 257) + `"}`, meter.ReasonTooLarge, "string",
			"over 256 bytes",
		},
		{`{}`, meter.ReasonBadTimestamp, "ts", ""},
	} {
		t.Run(c.payload[:min(len(c.payload), 60)], func(t *testing.T) {
			t.Parallel()
			const fine = `{` + ts + `,"value":1}`
			for index, message := range []string{
				c.payload, "[" + fine + "," + c.payload + "," + fine + "]",
			} {
				good, bad := DecodeReadings([]byte(message))
				if len(good) != 2*index || len(bad) != 1 {
					t.Fatalf("DecodeReadings(%s) = %v, %v", message, good, bad)
				}
				want := InvalidError{c.reason, index, c.field, c.value, bad[0].Remedy}
				if *bad[0] != want || want.Remedy == "" {
					t.Errorf("DecodeReadings(%s): %+v, want %+v", message, *bad[0], want)
				}
				if text := bad[0].Error(); !strings.Contains(text, c.field) ||
					strings.Contains(text, string(c.reason)) ||
					!strings.HasSuffix(text, ": "+want.Remedy) ||
					strings.HasPrefix(text, "reading 1: ") != (index == 1) {
					t.Errorf("error says %q", text)
				}
			}
		})
	}
}

func TestDecodeBrokenMessage(t *testing.T) {
	t.Parallel()
	fine := `{"ts":"2026-01-31T12:00:00Z","value":1}`
	many := "[" + strings.Repeat(fine+",", 1000) + fine + "]"
	for payload, reason := range map[string]meter.Reason{
		"": meter.ReasonEmpty, " \n": meter.ReasonEmpty, "[]": meter.ReasonEmpty,
		"[ ] ":     meter.ReasonEmpty,
		"nonsense": meter.ReasonUnparsable, "1": meter.ReasonUnparsable, `"x"`: meter.ReasonUnparsable,
		"\x00":     meter.ReasonUnparsable,
		fine + "x": meter.ReasonUnparsable, fine + fine: meter.ReasonUnparsable,
		"[" + fine:        meter.ReasonUnparsable,
		"[" + fine + ",]": meter.ReasonUnparsable, "[]x": meter.ReasonUnparsable,
		"[" + fine + "]]": meter.ReasonUnparsable,
		"{":               meter.ReasonUnparsable, `{"ts"`: meter.ReasonUnparsable,
		`{"ts":`: meter.ReasonUnparsable, `{"ts":"`: meter.ReasonUnparsable,
		`{"ts":"a",}`: meter.ReasonUnparsable, `{"a\x":1}`: meter.ReasonUnparsable,
		`{"a\u12g4":1}`: meter.ReasonUnparsable,
		`{"value":01}`:  meter.ReasonUnparsable, `{"value":1.}`: meter.ReasonUnparsable,
		`{"value":.5}`: meter.ReasonUnparsable,
		`{"value":+1}`: meter.ReasonUnparsable, `{"value":1e}`: meter.ReasonUnparsable,
		`{"value":-}`:   meter.ReasonUnparsable,
		`{"value":nul}`: meter.ReasonUnparsable, `{"value":-true}`: meter.ReasonUnparsable,
		"{\"a\":\"\n\"}": meter.ReasonUnparsable,
		`{'ts':1}`:       meter.ReasonUnparsable, `{1:2}`: meter.ReasonUnparsable,
		`{"x":{1:2}}`: meter.ReasonUnparsable,
		`{"x":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`:   meter.ReasonTooLarge,
		`[{"x":` + strings.Repeat("[", 7) + strings.Repeat("]", 7) + `}]`: meter.ReasonTooLarge,
		many: meter.ReasonTooLarge, strings.Repeat(" ", 64<<10) + fine: meter.ReasonTooLarge,
	} {
		good, bad := DecodeReadings([]byte(payload))
		if len(good) != 0 || len(bad) != 1 || bad[0].Index != WholeMessage || bad[0].Reason != reason {
			t.Errorf("DecodeReadings(%.40q) = %v, %v; want one %s", payload, good, bad, reason)
		}
	}
	good, bad := DecodeReadings([]byte("[" + strings.Repeat(fine+",", 999) + fine + "]"))
	if len(good) != 1000 || len(bad) != 0 {
		t.Errorf("1000 readings: %d good, %v", len(good), bad)
	}
	good, bad = DecodeReadings([]byte(`[1,` + fine + `,[[` + fine + `]],null]`))
	if len(good) != 1 || len(bad) != 3 || bad[0].Index != 0 || bad[1].Index != 2 || bad[2].Index != 3 {
		t.Errorf("elements that are no objects: %v, %v", good, bad)
	}
}

func TestDecodeKeepsNothingOfABrokenArray(t *testing.T) {
	t.Parallel()
	before := []Reading{{Value: 7}}
	got, bad := DecodeReadingsInto(before, []byte(`[{"ts":"2026-01-31T12:00:00Z","value":1},{]`), nil)
	if len(got) != 1 || got[0].Value != 7 || len(bad) != 1 {
		t.Errorf("readings %v, bad %v", got, bad)
	}
}

func TestReadingsComeBack(t *testing.T) {
	t.Parallel()
	reading := rapid.Custom(func(t *rapid.T) Reading {
		r := Reading{
			Time: time.Unix(
				rapid.Int64Range(0, 7289654399).Draw(t, "seconds"),
				rapid.Int64Range(0, 999999999).Draw(t, "ns"),
			).UTC(),
			Value: rapid.Float64Range(-9e11, 9e11).Draw(t, "value"),
			Unit:  rapid.SampledFrom([]string{"", "kWh", "Wh", `"\`, "°C", "x y"}).Draw(t, "unit"),
			Quality: rapid.SampledFrom(
				[]meter.Quality{meter.Unknown, meter.OK, meter.Estimated, meter.Missing, meter.Bad},
			).Draw(t, "quality"),
			History: rapid.Bool().Draw(t, "history"),
		}
		if rapid.Bool().Draw(t, "with kind") {
			r.Kind = meter.Energy
		}
		if rapid.Bool().Draw(t, "with interval") {
			r.Interval = meter.MostInterval
		}
		return r
	})
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOfN(reading, 1, 20).Draw(t, "readings")
		payload := AppendReadings(nil, want)
		good, bad := DecodeReadings(payload)
		if diff := cmp.Diff(want, good); diff != "" || len(bad) > 0 {
			t.Fatalf("%s: %s %v", payload, diff, bad)
		}
	})
	good, bad := DecodeReadings(AppendReadings(nil, []Reading{{Time: noon, Value: math.NaN()}}))
	if want := (Reading{Time: noon, Quality: meter.Missing}); len(bad) > 0 || good[0] != want {
		t.Errorf("a NaN must come back as MISSING, got %v, %v", good, bad)
	}
}

func TestDecodeAllocatesOnlyItsResult(t *testing.T) { // not parallel: it counts allocations
	payload := example(t, "reading.json")
	dst := make([]Reading, 0, 1)
	if n := testing.AllocsPerRun(200, func() { DecodeReadingsInto(dst, payload, nil) }); n != 0 {
		t.Errorf("DecodeReadingsInto allocates %v times", n)
	}
}

// FuzzDecodeReadings compares the scanner with encoding/json: a message without fault is JSON, and
// JSON is never unparsable as a whole.
func FuzzDecodeReadings(f *testing.F) {
	for _, name := range []string{"reading.json", "readings.json", "rejected.json"} {
		f.Add(example(f, name))
	}
	for _, seed := range []string{
		`[{"ts":"2026-01-31T12:00:00Z","value":NaN},1]`, `{"v\u0061lue":-1.5E+3}`, `{"x":[[[`, "", "[]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		before := bytes.Clone(payload)
		good, bad := DecodeReadings(payload)
		if !bytes.Equal(before, payload) {
			t.Fatal("payload changed")
		}
		valid := json.Valid(payload)
		if len(bad) == 0 && (!valid || len(good) == 0) {
			t.Fatalf("no fault in %q", payload)
		}
		first := byte(0)
		if trimmed := bytes.TrimLeft(payload, " \t\r\n"); len(trimmed) > 0 {
			first = trimmed[0]
		}
		for _, e := range bad {
			if e.Index == WholeMessage && (len(bad) > 1 || len(good) > 0) {
				t.Fatalf("%v beside others in %q", e, payload)
			}
			if e.Index == WholeMessage && e.Reason == meter.ReasonUnparsable && valid &&
				(first == '{' || first == '[') {
				t.Fatalf("JSON called unparsable: %q", payload)
			}
			if len(e.Value) > 64 || e.Remedy == "" || e.Error() == "" {
				t.Fatalf("poor error %+v", e)
			}
		}
		if len(good) == 0 {
			return
		}
		again, bad := DecodeReadings(AppendReadings(nil, good))
		if diff := cmp.Diff(good, again); diff != "" && len(AppendReadings(nil, good)) <= 64<<10 ||
			len(bad) > 0 && bad[0].Reason != meter.ReasonTooLarge {
			t.Fatalf("%q does not come back: %s %v", payload, diff, bad)
		}
	})
}

func BenchmarkDecodeReadings(b *testing.B) {
	payload := []byte(`{"ts":"2026-01-31T13:00:00Z","value":1.234,"unit":"kWh"}`)
	dst := make([]Reading, 0, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, bad := DecodeReadingsInto(dst, payload, nil); bad != nil {
			b.Fatal(bad)
		}
	}
}

func ExampleDecodeReadings() {
	good, bad := DecodeReadings([]byte(`[
		{"ts":"2026-01-31T13:00:00+01:00","value":1.234,"unit":"kWh"},
		{"ts":"2026-01-31T14:00:00+01:00","value":NaN}
	]`))
	fmt.Println(good[0].Time, good[0].Value, good[0].Unit)
	fmt.Println(bad[0])
	// Output:
	// 2026-01-31 12:00:00 +0000 UTC 1.234 kWh
	// reading 1: value "NaN": write a finite number with a decimal point, or leave the reading out
}

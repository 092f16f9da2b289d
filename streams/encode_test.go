package streams

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/meter"
)

// checkRounded compares appendRounded with strconv: the same number, in the layout of its comment.
func checkRounded(t interface{ Fatalf(string, ...any) }, v float32) {
	got := string(appendRounded(nil, v))
	want, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'e', 4, 64), 64)
	if err != nil {
		t.Fatalf("reference of %g: %v", v, err)
	}
	read, err := strconv.ParseFloat(got, 64)
	if err != nil || read != want || !json.Valid([]byte(got)) {
		t.Fatalf("appendRounded(%g) = %s, want %g", v, got, want)
	}
	abs := math.Abs(float64(v))
	if abs >= 1e-5 && abs < 1e9 && strings.Contains(got, "e") {
		t.Fatalf("appendRounded(%g) = %s has an exponent", v, got)
	}
	if strings.Contains(got, ".") && !strings.Contains(got, "e") && strings.HasSuffix(got, "0") {
		t.Fatalf("appendRounded(%g) = %s ends in zeros", v, got)
	}
}

func TestAppendRounded(t *testing.T) {
	t.Parallel()
	for v, want := range map[float32]string{
		0: "0", float32(math.Copysign(0, -1)): "0", 1: "1", -1.5: "-1.5", 1.02: "1.02", 0.1: "0.1",
		99999:   "99999",
		99999.5: "100000", 123456: "123460", 15922: "15922", 0.000123456: "0.00012346", 9.99999: "10",
		999999:  "1000000",
		12344.5: "12344", 12345.5: "12346", 1e9: "1.0000e+09", 1e-6: "1.0000e-06", 1e8: "100000000",
		0.999996: "1", 0.0000100001: "0.00001", float32(math.Inf(-1)): "null",
		float32(math.Inf(1)): "null",
	} {
		if got := string(appendRounded(nil, v)); got != want {
			t.Errorf("appendRounded(%g) = %s, want %s", v, got, want)
		}
	}
	if got := string(appendRounded(nil, float32(math.NaN()))); got != "null" {
		t.Errorf("NaN is written as %s", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
		if v != v || math.IsInf(float64(v), 0) {
			v = float32(rapid.IntRange(0, 2_000_000).Draw(t, "halves")) / 2
		}
		checkRounded(t, v)
	})
	// Every exponent and the neighbours of every power of ten, where an estimate goes wrong first.
	for e := -12; e <= 12; e++ {
		bits := math.Float32bits(float32(math.Pow10(e)))
		for d := uint32(0); d < 2000; d++ {
			checkRounded(t, math.Float32frombits(bits-1000+d))
		}
	}
}

func TestAppendString(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		if rapid.Bool().Draw(t, "text") {
			want = rapid.String().Draw(t, "string")
		}
		var got string
		if err := json.Unmarshal(appendString(nil, want), &got); err != nil {
			t.Fatal(err)
		}
		if utf8.ValidString(want) && got != want || !utf8.ValidString(got) {
			t.Fatalf("%q comes back as %q", want, got)
		}
	})
}

func TestIntervals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"1h": time.Hour, "PT1H": time.Hour, "P1D": 24 * time.Hour, "P1DT1H": 25 * time.Hour,
		"30m":   30 * time.Minute,
		"PT15M": 15 * time.Minute, "PT1H30M": 90 * time.Minute, "PT90S": 90 * time.Second,
		"300ms": 300 * time.Millisecond,
		"":      0, "P": 0, "PT": 0, "P1H": 0, "PT1D": 0, "P1M": 0, "P1Y": 0, "PT1": 0, "PTH": 0,
		"P1DT": 0, "PT0S": 0, "-1h": 0,
		"0s": 0, "1": 0, "PT1H ": 0, "P9999999D": 0, "PT999999H": 0, "hour": 0, "PT1TH": 0,
	} {
		got, ok := parseInterval(text)
		if got != want || ok != (want > 0) {
			t.Errorf("parseInterval(%q) = %v, %t; want %v", text, got, ok, want)
		}
		if ok {
			if again, ok := parseInterval(string(meter.AppendInterval(nil, got))); !ok || again != got {
				t.Errorf("%v is written as %q", got, meter.AppendInterval(nil, got))
			}
		}
	}
	if got := string(meter.AppendInterval(nil, time.Hour)); got != "1h" {
		t.Errorf("an hour is written as %q", got)
	}
}

func testForecast() Forecast {
	f := Forecast{
		Series: meter.ID{
			Site: "north", Meter: "m17",
		}, Origin: noon, Interval: time.Hour, Unit: "kWh", Issued: noon.Add(412 * time.Millisecond),
		Source: meter.SourceLSTM, Quality: meter.OK.String(), Model: &Model{
			"load-1h", "7", "sha256:00",
		}, InputSeq: 9,
		Levels: []float64{0.1, 0.25, 0.5, 0.75, 0.9},
	}
	for i := range 24 * len(f.Levels) {
		f.Quantiles = append(f.Quantiles, float32(i)*0.0625)
	}
	return f
}

func TestForecastComesBack(t *testing.T) {
	t.Parallel()
	want := testForecast()
	got, err := DecodeForecast(want.AppendJSON(nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" || got.Leads() != 24 {
		t.Error(diff)
	}
}

func TestForecastAllocatesNothing(t *testing.T) { // not parallel: it counts allocations
	f, buf := testForecast(), make([]byte, 0, 8192)
	if n := testing.AllocsPerRun(100, func() { f.AppendJSON(buf) }); n != 0 {
		t.Errorf("AppendJSON allocates %v times", n)
	}
}

func TestDecodeForecastNamesTheField(t *testing.T) {
	t.Parallel()
	fine := string(example(t, "forecast.json"))
	for _, c := range []struct{ field, from, to string }{
		{"schema", `"schema":1`, `"schema":2`},
		{"schema", `"schema":1,`, ``},
		{"series", `north.m17`, `north`},
		{"origin", `"origin":"2026`, `"origin":"0026`},
		{"message", `"origin":"2026`, `"origin":"x026`},
		{"interval", `"interval":"1h"`, `"interval":"soon"`},
		{"levels", `[0.1,0.25,`, `[0.25,0.1,`},
		{"levels", `[0.1,0.25,`, `[0,0.25,`},
		{"levels", `0.9]`, `1]`},
		{"levels", `"levels":[0.1,0.25,0.5,0.75,0.9]`, `"levels":[]`},
		{"quantiles", `[1.02,`, `[`},
		{"quantiles", `[1.02,`, `[1,1.02,`},
		{"quantiles", `[1.02,`, `[null,`},
		{"quantiles", `[1.02,`, `[1e99,`},
		{"quantiles", `"quantiles":[[`, `"quantiles":[3,[`},
		{"quantiles", `"quantiles"`, `"other"`},
		{"input_seq", `81231`, `"81231"`},
		{"message", `}`, ``},
	} {
		_, err := DecodeForecast([]byte(strings.ReplaceAll(fine, c.from, c.to)))
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Field != c.field ||
			invalid.Reason != meter.ReasonUnparsable {
			t.Errorf("%s -> %s: %v, want field %s", c.from, c.to, err, c.field)
		}
	}
	for reason, data := range map[meter.Reason][]byte{
		meter.ReasonEmpty: nil, meter.ReasonTooLarge: make([]byte, 1<<20+1),
	} {
		_, err := DecodeForecast(data)
		var invalid *InvalidError
		if !errors.As(err, &invalid) || invalid.Reason != reason {
			t.Errorf("DecodeForecast of %d bytes: %v, want %s", len(data), err, reason)
		}
	}
}

func TestSetPayload(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("ä", 3000)
	for name, c := range map[string]struct {
		payload, kept, encoding string
	}{
		"empty": {"", "", EncodingUTF8},
		"text":  {"küche", "küche", EncodingUTF8},
		"binary": {
			"\xff\x00", base64.StdEncoding.EncodeToString([]byte("\xff\x00")), EncodingBase64,
		},
		"long text":      {long, long[:4096], EncodingUTF8},
		"torn character": {"x" + long, "x" + long[:4094], EncodingUTF8},
		"long binary": {
			strings.Repeat("\xff", 5000),
			base64.StdEncoding.EncodeToString([]byte(strings.Repeat("\xff", 4096))), EncodingBase64,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := Rejected{
				Series: "a.b", Reason: meter.ReasonUnparsable, Index: WholeMessage, Count: 1, Received: noon,
			}
			want.SetPayload([]byte(c.payload))
			if want.Payload != c.kept || want.PayloadEncoding != c.encoding ||
				want.PayloadBytes != len(c.payload) {
				t.Errorf("kept %.40q as %s of %d", want.Payload, want.PayloadEncoding, want.PayloadBytes)
			}
			got, err := DecodeRejected(want.AppendJSON(nil))
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%s %v", diff, err)
			}
		})
	}
}

func TestMessagesNeedTheirFields(t *testing.T) {
	t.Parallel()
	decoders := map[string]func([]byte) error{
		"rejected": func(b []byte) error { _, err := DecodeRejected(b); return err },
		"control":  func(b []byte) error { _, err := DecodeModelControl(b); return err },
		"event":    func(b []byte) error { _, err := DecodeEvent(b); return err },
	}
	for _, c := range []struct{ kind, data, field string }{
		{"rejected", `{"schema":1,"payload_encoding":"utf-8"}`, "reason"},
		{"rejected", `{"schema":1,"reason":"empty"}`, "payload_encoding"},
		{"rejected", `{"schema":1,"reason":"empty","seq":-1}`, "seq"},
		{"control", `{"schema":1,"version":"1","digest":"x"}`, "name"},
		{"control", `{"schema":1,"name":"m","digest":"x"}`, "version"},
		{"control", `{"schema":1,"name":"m","version":"1"}`, "digest"},
		{"control", `{"name":"m","version":"1","digest":"x"}`, "schema"},
		{"event", `{"schema":1}`, "type"},
		{"event", `[]`, ""},
	} {
		var invalid *InvalidError
		if err := decoders[c.kind]([]byte(c.data)); !errors.As(err, &invalid) ||
			invalid.Field != c.field {
			t.Errorf("%s %s: %v, want field %q", c.kind, c.data, err, c.field)
		}
	}
}

func TestReasonsAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[meter.Reason]bool{}
	for _, r := range meter.Reasons() {
		if seen[r] || r == "" {
			t.Errorf("reason %q twice", r)
		}
		seen[r] = true
	}
	if len(seen) != 23 {
		t.Errorf("%d reasons", len(seen))
	}
}

func BenchmarkForecastAppendJSON(b *testing.B) {
	f := testForecast()
	for i := range f.Quantiles {
		f.Quantiles[i] = float32(i)*0.0137 + 0.3331
	}
	buf := make([]byte, 0, 8192)
	b.ReportAllocs()
	for b.Loop() {
		f.AppendJSON(buf)
	}
}

func ExampleForecast_AppendJSON() {
	f := Forecast{
		Series: meter.ID{
			Site: "north", Meter: "m17",
		}, Origin: noon, Interval: time.Hour, Unit: "kWh", Issued: noon,
		Source:  meter.SourceSeasonalNaive,
		Quality: meter.OK.String(), InputSeq: 7, Levels: []float64{0.1, 0.5, 0.9},
		Quantiles: []float32{1.02, 1.2, 1.41},
	}
	fmt.Println(string(f.AppendJSON(nil)))
	// Output:
	// {"schema":1,"series":"north.m17","origin":"2026-01-31T12:00:00Z","interval":"1h","unit":"kWh","issued":"2026-01-31T12:00:00Z","revision":0,"source":"seasonal_naive","quality":"OK","input_seq":7,"levels":[0.1,0.5,0.9],"quantiles":[[1.02,1.2,1.41]]}
}

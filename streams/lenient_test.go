package streams

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
)

func vienna(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// Other forms of one meaning give the reading of the strict form, in an array too.
func TestDecodeOtherForms(t *testing.T) {
	t.Parallel()
	const strict = `{"ts":"2026-01-31T12:00:00Z","value":0.513}`
	for form, want := range map[string]string{
		`{"timestamp":"2026-01-31T12:00:00Z","value":0.513}`:                           strict,
		`{"time":"2026-01-31T12:00:00Z","value":0.513}`:                                strict,
		`{"ts":null,"time":1769860800,"value":0.513}`:                                  strict,
		`{"ts":"2026-01-31T12:00:00Z","timestamp":1769860800,"time":"","value":0.513}`: strict,
		`{"ts":1769860800,"value":0.513}`:                                              strict,
		`{"ts":"1769860800","value":0.513}`:                                            strict,
		`{"ts":1769860800000,"value":0.513}`:                                           strict,
		`{"ts":1769860800000000,"value":0.513}`:                                        strict,
		`{"ts":1769860800000000000,"value":0.513}`:                                     strict,
		`{"ts":1769860800123.9,"value":0.513}`:                                         `{"ts":"2026-01-31T12:00:00.123Z","value":0.513}`,
		`{"ts":1769860800.25,"value":0.513}`:                                           `{"ts":"2026-01-31T12:00:00.25Z","value":0.513}`,
		`{"ts":"2026-01-31T13:00:00+0100","value":0.513}`:                              strict,
		`{"ts":"2026-01-31T13:00:00+01","value":0.513}`:                                strict,
		`{"ts":"2026-01-31 12:00:00Z","value":0.513}`:                                  strict,
		`{"ts":"2026-01-31 13:00:00 +01:00","value":0.513}`:                            strict,
		`{"ts":"2026-01-31T12:00Z","value":0.513}`:                                     strict,
		`{"ts":"2026/01/31 12:00:00 UTC","value":0.513}`:                               strict,
		`{"ts":"2026-01-31t12:00:00z","value":0.513}`:                                  strict,
		`{"ts":"2026-01-31T12:00:00,5Z","value":0.513}`:                                `{"ts":"2026-01-31T12:00:00.5Z","value":0.513}`,
		`{"ts":"2026-01-31T24:00Z","value":0.513}`:                                     `{"ts":"2026-02-01T00:00:00Z","value":0.513}`,
		`{"ts":"2026-01-31T12:00:00Z","value":"0.513"}`:                                strict,
		`{"ts":"2026-01-31T12:00:00Z","value":" +5.13E-1 "}`:                           strict,
		`{"ts":"2026-01-31T12:00:00Z","value":0.513,"unit":"Watt"}`:                    unitOf("W"),
		`{"ts":"2026-01-31T12:00:00Z","value":0.513,"unit":" kwh "}`:                   unitOf("kWh"),
		`{"ts":"2026-01-31T12:00:00Z","value":0.513,"unit":"MWH"}`:                     unitOf("MWh"),
		`{"ts":"2026-01-31T12:00:00Z","value":0.513,"unit":"gw"}`:                      unitOf("GW"),
		`{"ts":"2026-01-31T12:00:00Z","value":0.513,"unit":"Kilowatt-Hours"}`:          unitOf("kWh"),
		`{"ts":"2026-01-31T12:00:00Z","value":0.513,"quality":"ok"}`:                   `{"ts":"2026-01-31T12:00:00Z","value":0.513,"quality":"OK"}`,
		`{"ts":"2026-01-31T12:00:00Z","value":0.513,"kind":"Register"}`:                `{"ts":"2026-01-31T12:00:00Z","value":0.513,"kind":"register"}`,
	} {
		good, bad := DecodeReadings([]byte("[" + form + "," + strict + "]"))
		wanted, _ := DecodeReadings([]byte("[" + want + "," + strict + "]"))
		if diff := cmp.Diff(wanted, good); diff != "" || len(bad) > 0 {
			t.Errorf("%s\n%s%v", form, diff, bad)
		}
	}
}

func unitOf(unit string) string {
	return fmt.Sprintf(`{"ts":"2026-01-31T12:00:00Z","value":0.513,"unit":%q}`, unit)
}

// What has two meanings, or none, is refused by its name with what to do.
func TestDecodeRefusesTwoMeanings(t *testing.T) {
	t.Parallel()
	const ts = `{"ts":"2026-01-31T12:00:00Z",`
	for form, want := range map[string]string{
		ts + `"time":"2026-01-31T13:00:00Z","value":1}`:                      `time "2026-01-31T13:00:00Z": another time than ts`,
		ts + `"timestamp":"noon","value":1}`:                                 `timestamp "noon": write RFC 3339`,
		`{"timestamp":1769860800,"time":1769860801,"value":1}`:               `time "1769860801": another time than timestamp`,
		`{"ts":1.7698608e9,"value":1}`:                                       `ts "1.7698608e9": write RFC 3339`,
		`{"ts":20260131,"value":1}`:                                          `ts "20260131": write RFC 3339`,
		`{"ts":"31.01.2026 12:00","value":1}`:                                `ts "31.01.2026 12:00": write RFC 3339`,
		`{"ts":"2026-01-31T12:00:00 CET","value":1}`:                         `ts "2026-01-31T12:00:00 CET": write RFC 3339`,
		`{"ts":"2026-01-31T12:00:60Z","value":1}`:                            `ts "2026-01-31T12:00:60Z": write RFC 3339`,
		`{"ts":true,"value":1}`:                                              `ts "true": write RFC 3339`,
		`{"ts":"2026-01-31T12:00:00","value":1}`:                             `ts "2026-01-31T12:00:00": write the offset`,
		ts + `"value":"1,234"}`:                                              `value "1,234": a comma may be`,
		ts + `"value":"0x1p4"}`:                                              `value "0x1p4": write a finite number`,
		ts + `"value":"1 234"}`:                                              `value "1 234": write a finite number`,
		ts + `"value":1,"unit":"mW"}`:                                        `unit "mW": a small m may be milli or mega`,
		ts + `"value":1,"unit":"mwh"}`:                                       `unit "mwh": a small m may be milli or mega`,
		ts + `"value":1,"unit":"kilowatts","kind":"energy"}`:                 `unit "kilowatts": at most 16 printable bytes that fit`,
		`{"fields":{"value":1},"name":"m","tags":{},"timestamp":1769860800}`: `fields "{\"value\":1}": that is telegraf's own JSON`,
		`{"metrics":[{"fields":{"value":1},"timestamp":1769860800}]}`:        `metrics "[{\"fields\":`,
	} {
		good, bad := DecodeReadings([]byte(form))
		if len(good) > 0 || len(bad) != 1 || !strings.HasPrefix(bad[0].Error(), want) {
			t.Errorf("%s\ntaken as %v, refused with %v\nwant %s", form, good, bad, want)
		}
	}
}

// A time without an offset is one of the clocks of the zone of its series. Times that those clocks
// show twice, or never, are refused.
func TestDecodeTimesOfAZone(t *testing.T) {
	t.Parallel()
	zone := vienna(t)
	for ts, want := range map[string]string{
		"2026-01-31T13:00:00": "2026-01-31T12:00:00Z", "2026-07-31 13:00": "2026-07-31T11:00:00Z",
		"2026-10-25T01:59:59": "2026-10-24T23:59:59Z", "2026-10-25T03:00": "2026-10-25T02:00:00Z",
		"2026-03-29T01:59": "2026-03-29T00:59:00Z", "2026-03-29T03:00": "2026-03-29T01:00:00Z",
		"2026-01-31": "2026-01-30T23:00:00Z", "2026-01-31T13:00:00Z": "2026-01-31T13:00:00Z",
		"2026-10-25T02:30": remedyTwice, "2026-03-29T02:30:00": remedySkipped,
	} {
		payload := []byte(fmt.Sprintf(`{"ts":%q,"value":1}`, ts))
		good, bad := DecodeReadingsInto(nil, payload, func() *time.Location { return zone })
		got := ""
		switch {
		case len(good) == 1:
			got = good[0].Time.Format(time.RFC3339Nano)
		case len(bad) == 1 && bad[0].Reason == meter.ReasonBadTimestamp && bad[0].Field == "ts":
			got = bad[0].Remedy
		}
		if got != want {
			t.Errorf("%s: %s, want %s", ts, got, want)
		}
	}
	_, bad := DecodeReadingsInto(nil, []byte(`{"ts":"2026-01-31T13:00","value":1}`),
		func() *time.Location { return nil })
	if len(bad) != 1 || bad[0].Remedy != remedyOffset {
		t.Errorf("without a zone: %v", bad)
	}
}

// FuzzDecodeForms: whatever form a time and a value have, the reading is the one that the strict form
// of it gives.
func FuzzDecodeForms(f *testing.F) {
	zone := vienna(f)
	for _, seed := range [][2]string{
		{`"2026-01-31 13:00:00+0100"`, `"0.5"`}, {`1769860800123`, `5e-1`}, {`"1769860800"`, `" 5"`},
		{`"2026-10-25T02:30"`, `"1,234"`}, {`"2026-01-31T24:00"`, `-0`}, {`"2026-01-31"`, `"+.5"`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, ts, value string) {
		payload := []byte(`{"time":` + ts + `,"value":` + value + `}`)
		good, bad := DecodeReadingsInto(nil, payload, func() *time.Location { return zone })
		for _, e := range bad {
			if e.Remedy == "" || e.Error() == "" {
				t.Fatalf("poor error %+v", e)
			}
		}
		if len(good) == 0 {
			return
		}
		strict, bad := DecodeReadings(AppendReadings(nil, good))
		if diff := cmp.Diff(strict, good); diff != "" || len(bad) > 0 {
			t.Fatalf("%s\n%s%v", payload, diff, bad)
		}
		if local, ok := meter.ParseTimestamp([]byte(strings.Trim(ts, `"`))); ok && local.Local {
			if clock := good[0].Time.In(zone).Format(time.DateTime); clock !=
				time.Unix(local.Seconds, 0).UTC().Format(time.DateTime) {
				t.Fatalf("%s: the clock shows %s", payload, clock)
			}
		}
	})
}

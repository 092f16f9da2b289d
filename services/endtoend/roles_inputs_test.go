package endtoend

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams"
	"github.com/loadtide/loadtide/streams/topology"
)

// badInput is something that must be refused by name; site and meter are "" for a case of its own
// series.
type badInput struct {
	name    string
	payload string
	reason  string
	site    string
	meter   string
	detail  string // part of what the rejected message says
}

// badInputs are sent for the hour at; the series already measures in kWh and its newest hour is the
// one before.
func badInputs(at time.Time) []badInput {
	ts := at.Format(time.RFC3339)
	with := func(value, more string) string { return fmt.Sprintf(`{"ts":"%s","value":%s%s}`, ts, value, more) }
	future := time.Now().UTC().Add(25 * time.Minute).Truncate(time.Second).Format(time.RFC3339)
	return []badInput{
		{name: "no JSON", payload: "power 12.5", reason: "unparsable"},
		{name: "cut short", payload: with("1", "")[:20], reason: "unparsable"},
		{name: "two values", payload: with("1", "") + with("2", ""), reason: "unparsable"},
		{name: "no text at all", payload: "\x00\xff\xfe\x80", reason: "unparsable"},
		{name: "nothing", payload: "", reason: "empty"},
		{name: "an empty array", payload: "[]", reason: "empty"},
		{name: "NaN", payload: with("NaN", ""), reason: "not_a_number"},
		{name: "NaN as text", payload: with(`"NaN"`, ""), reason: "not_a_number"},
		{name: "no value", payload: `{"ts":"` + ts + `"}`, reason: "not_a_number"},
		{name: "Inf", payload: with("Infinity", ""), reason: "not_finite"},
		{name: "-Inf", payload: with("-Infinity", ""), reason: "not_finite"},
		{name: "Inf as text", payload: with(`"Inf"`, ""), reason: "not_finite"},
		{name: "beyond float64", payload: with("1e999", ""), reason: "not_finite"},
		{name: "beyond belief", payload: with("1e12", ""), reason: "out_of_range", detail: "1e12"},
		{name: "no timestamp", payload: `{"value":1}`, reason: "bad_timestamp"},
		{name: "no such month", payload: `{"ts":"2026-13-01T00:00:00Z","value":1}`, reason: "bad_timestamp", detail: "2026-13-01"},
		{name: "far future", payload: `{"ts":"` + future + `","value":1}`, reason: "future", detail: future},
		{name: "next century", payload: `{"ts":"2199-01-01T00:00:00Z","value":1}`, reason: "future"},
		{name: "unit against kind", payload: with("1", `,"unit":"kW","kind":"energy"`), reason: "wrong_unit", detail: "kW"},
		{name: "unit against series", payload: with("1", `,"unit":"kW"`), reason: "wrong_unit", detail: "kW"},
		{name: "unknown kind", payload: with("1", `,"kind":"magic"`), reason: "unknown_kind", detail: "magic"},
		{name: "register", payload: with("1", `,"kind":"register"`), reason: "wrong_kind"},
		{name: "unknown quality", payload: with("1", `,"quality":"fair"`), reason: "unknown_quality", detail: "fair"},
		{name: "part of no hour", payload: with("1", `,"interval":"25m"`), reason: "interval_unsupported", detail: "25m"},
		{name: "too late", payload: fmt.Sprintf(`{"ts":"%s","value":99}`, at.Add(-20*24*time.Hour).Format(time.RFC3339)), reason: "too_late"},
		{name: "over 64 KiB", payload: with("1", `,"note":"`+strings.Repeat("x", 70<<10)+`"`), reason: "too_large"},
		{name: "nested", payload: with("1", `,"more":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)), reason: "too_large"},
		{name: "1001 readings", payload: "[" + strings.Repeat(with("1", "")+",", 1000) + with("1", "") + "]", reason: "too_large"},
		{name: "bad subject", payload: with("1", ""), reason: "bad_subject", site: "si=te", meter: "mé$er"},
		{name: "long subject", payload: with("1", ""), reason: "bad_subject", site: strings.Repeat("s", 65), meter: "m"},
	}
}

// TestBadInputCostsOneRejection sends each kind of bad input to a series under way: it must come
// back on its rejected subject with payload, reason and sequence, be counted, and the next good
// reading must be forecast.
func TestBadInputCostsOneRejection(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.up("--train-schedule", "off")
	conn := p.connect()
	hour := time.Now().UTC().Truncate(time.Hour).Add(-200 * time.Hour)
	good := func() {
		t.Helper()
		reading := streams.AppendReadings(nil, []streams.Reading{{Time: hour, Value: 1 + math.Sin(float64(hour.Hour())), Unit: "kWh"}})
		if _, err := conn.Publish(t.Context(), streams.PublicReadingSubject(meter.ID{Site: "bad", Meter: "m1"}), reading, ""); err != nil {
			t.Fatal(err)
		}
		hour = hour.Add(time.Hour)
		if f := awaitOrigin(t, conn, "bad.m1", hour); f.Unit != "kWh" {
			t.Errorf("forecast in %q", f.Unit)
		}
	}
	for range 10 {
		good()
	}
	counted := map[string]float64{}
	for _, c := range badInputs(hour) {
		if c.site == "" {
			c.site, c.meter = "bad", "m1"
		}
		sample := fmt.Sprintf(`loadtide_forecaster_readings_rejected_total{reason="%s"}`, c.reason)
		if _, known := counted[c.reason]; !known {
			counted[c.reason] = p.metric(sample)
		}
		seq, err := conn.Publish(t.Context(), streams.PublicReadingSubject(meter.ID{Site: c.site, Meter: c.meter}), []byte(c.payload), "")
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		subject := streams.RejectedSubject(meter.ID{Site: c.site, Meter: c.meter})
		var m bus.Message
		eventually(t, patience, c.name+" is rejected", func() (bool, string) {
			var ok bool
			if m, ok, err = conn.LastBySubject(t.Context(), topology.Rejected, subject); err != nil || !ok {
				return false, fmt.Sprint("nothing yet ", err)
			}
			r, err := streams.DecodeRejected(m.Data)
			return err == nil && r.Seq >= seq, fmt.Sprintf("newest %.200s %v", m.Data, err)
		})
		checkRejected(t, c, m, seq)
		counted[c.reason] += max(1, float64(rejectedCount(t, m)))
		if is := p.metric(sample); is != counted[c.reason] {
			t.Errorf("%s: %s is %v, want %v", c.name, sample, is, counted[c.reason])
		}
	}
	good()
	good()
	if messages := readStream(t, conn, topology.Forecasts); len(messages) != 12 {
		t.Errorf("%d forecasts, want 12 of the good readings alone", len(messages))
	}
}

func rejectedCount(t *testing.T, m bus.Message) int {
	t.Helper()
	r, err := streams.DecodeRejected(m.Data)
	if err != nil {
		t.Fatal(err)
	}
	return r.Count
}

// checkRejected holds a rejected message against what was sent.
func checkRejected(t *testing.T, c badInput, m bus.Message, seq uint64) {
	t.Helper()
	r, err := streams.DecodeRejected(m.Data)
	if err != nil {
		t.Fatalf("%s: %v in %s", c.name, err, m.Data)
	}
	if string(r.Reason) != c.reason || r.Seq != seq {
		t.Errorf(
			"%s: reason %s at %d, want %s at %d (%s)",
			c.name, r.Reason, r.Seq, c.reason, seq, r.Detail,
		)
	}
	partition := streams.Partition(meter.ID{Site: c.site, Meter: c.meter}, 8)
	if r.Partition != partition ||
		r.Subject != streams.ReadingSubject(partition, meter.ID{Site: c.site, Meter: c.meter}) {
		t.Errorf("%s: partition %d, subject %q", c.name, r.Partition, r.Subject)
	}
	if !strings.Contains(r.Detail, c.detail) || r.Detail == "" {
		t.Errorf("%s: detail %q, want one with %q", c.name, r.Detail, c.detail)
	}
	digest := sha256.Sum256([]byte(c.payload))
	if r.PayloadBytes != len(c.payload) || r.PayloadDigest != "sha256:"+hex.EncodeToString(digest[:]) {
		t.Errorf("%s: payload of %d bytes with %s", c.name, r.PayloadBytes, r.PayloadDigest)
	}
	kept := r.Payload
	if r.PayloadEncoding == streams.EncodingBase64 {
		decoded, err := base64.StdEncoding.DecodeString(r.Payload)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		kept = string(decoded)
	}
	if want := c.payload[:min(len(c.payload), 4<<10)]; kept != want {
		t.Errorf("%s: payload %.100q, want %.100q", c.name, kept, want)
	}
}

// TestArrayWithOneBadReading: the good ones are taken and yield one forecast, the bad one is
// rejected by its index.
func TestArrayWithOneBadReading(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.up("--train-schedule", "off", "--partitions", "1") // with one partition no mapping is at work
	conn := p.connect()
	hour := time.Now().UTC().Truncate(time.Hour).Add(-48 * time.Hour)
	payload := fmt.Sprintf(`[{"ts":"%s","value":1},{"ts":"%s","value":"?"},{"ts":"%s","value":3}]`,
		hour.Format(time.RFC3339), hour.Add(time.Hour).Format(time.RFC3339), hour.Add(2*time.Hour).Format(time.RFC3339))
	seq, err := conn.Publish(t.Context(), streams.PublicReadingSubject(meter.ID{Site: "bad", Meter: "array"}), []byte(payload), "")
	if err != nil {
		t.Fatal(err)
	}
	awaitOrigin(t, conn, "bad.array", hour.Add(3*time.Hour))
	rejected := readStream(t, conn, topology.Rejected)
	if len(rejected) != 1 {
		t.Fatalf("%d rejected messages, want 1", len(rejected))
	}
	r, err := streams.DecodeRejected(rejected[0].Data)
	if err != nil || r.Index != 1 || r.Count != 1 || r.Seq != seq ||
		r.Reason != meter.ReasonNotANumber {
		t.Errorf("rejected %s, %v", rejected[0].Data, err)
	}
	if forecasts := readStream(t, conn, topology.Forecasts); len(forecasts) != 1 {
		t.Errorf("%d forecasts of one message, want 1", len(forecasts))
	}
}

// TestSubjectsOutsideAreNotTaken: what cannot be a reading's subject is not taken, and its sender is
// told. Under readings. it is listed. One in the log of another partition is taken and rejected
// there.
func TestSubjectsOutsideAreNotTaken(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.up("--train-schedule", "off")
	conn := p.connect()
	for _, subject := range []string{"readings.site", "readings.site.meter.more", "r.99.site.meter", "reading.site.meter"} {
		if seq, err := conn.Publish(t.Context(), subject, []byte("{}"), ""); !errors.Is(err, bus.ErrNoStream) {
			t.Errorf("%s was taken at %d, %v", subject, seq, err)
		}
	}
	other := (streams.Partition(meter.ID{Site: "site", Meter: "meter"}, 8) + 1) % 8
	seq, err := conn.Publish(t.Context(), streams.ReadingSubject(other, meter.ID{Site: "site", Meter: "meter"}), hourly(time.Now().UTC().Truncate(time.Hour), 1), "")
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, patience, "all under readings. are rejected", func() (bool, string) {
		rejected := readStream(t, conn, topology.Rejected)
		var listed []string
		for _, m := range rejected {
			r, err := streams.DecodeRejected(m.Data)
			if err != nil || r.Reason == meter.ReasonWrongPartition && (r.Partition != other || r.Seq != seq) {
				t.Fatalf("%s, %v", m.Data, err)
			}
			listed = append(listed, fmt.Sprint(r.Reason, " ", r.Series))
		}
		slices.Sort(listed)
		return slices.Equal(listed, []string{
			"bad_subject site", "bad_subject site.meter.more", "wrong_partition site.meter",
		}), fmt.Sprint(listed)
	})
}

package streams

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// recode decodes an example and encodes it again, per message type. A new file in testdata needs a
// line here.
func recode(name string, data []byte) ([]byte, error) {
	switch name {
	case "reading.json", "readings.json":
		good, bad := DecodeReadings(data)
		if len(bad) > 0 {
			return nil, bad[0]
		}
		return AppendReadings(nil, good), nil
	case "forecast.json", "forecast_without_model.json":
		m, err := DecodeForecast(data)
		return m.AppendJSON(nil), err
	case "score.json", "score_void.json":
		m, err := DecodeScore(data)
		return m.AppendJSON(nil), err
	case "rejected.json":
		m, err := DecodeRejected(data)
		return m.AppendJSON(nil), err
	case "control_model.json":
		m, err := DecodeModelControl(data)
		return m.AppendJSON(nil), err
	case "control_limit.json":
		m, err := DecodeLimitControl(data)
		return m.AppendJSON(nil), err
	case "control_settings.json":
		m, err := DecodeSettingsControl(data)
		return m.AppendJSON(nil), err
	case "control_mark.json":
		m, err := DecodeMarkControl(data)
		return m.AppendJSON(nil), err
	case "control_delete.json":
		m, err := DecodeDeleteControl(data)
		return m.AppendJSON(nil), err
	case "control_state.json":
		m, err := DecodeStateControl(data)
		return m.AppendJSON(nil), err
	case "query.json", "query_tally.json", "query_marks.json":
		m, err := DecodeSeriesQuery(data)
		return m.AppendJSON(nil), err
	case "series_page.json", "series_page_marks.json":
		m, err := DecodeSeriesPage(data)
		return m.AppendJSON(nil), err
	case "settings.json":
		m, err := DecodeSettings(data)
		return m.AppendJSON(nil), err
	case "control_tick.json":
		return AppendTick(nil), nil
	case "training_request.json":
		m, err := DecodeTrainingRequest(data)
		return m.AppendJSON(nil), err
	case "training_answer.json":
		m, err := DecodeTrainingAnswer(data)
		return m.AppendJSON(nil), err
	case "event_model_promoted.json", "event_series_stale.json", "event_series_interval_changed.json",
		"event_series_interval_unsupported.json",
		"event_series_forecast_replaced.json", "event_series_off_grid.json", "event_series_implausible.json",
		"event_series_kind_changed.json", "event_series_interval_not_over.json",
		"event_series_register_falls.json",
		"event_limit_passed.json", "event_limit_cleared.json", "event_limit_refused.json",
		"event_series_settings.json", "event_series_marked.json", "event_series_deleted.json", "event_series_imported.json",
		"event_series_import_refused.json",
		"event_drift.json", "event_training_started.json", "event_training_progress.json",
		"event_training_finished.json", "event_training_failed.json":
		m, err := DecodeEvent(data)
		return m.AppendJSON(nil), err
	default:
		return nil, os.ErrNotExist
	}
}

// The files of testdata are the contract with other writers and readers: each is the same, byte for
// byte, after decoding and encoding.
func TestExamplesAreWhatWeWrite(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil || len(files) < 7 {
		t.Fatalf("examples: %v, %v", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want := example(t, filepath.Base(file))
			got, err := recode(filepath.Base(file), want)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("encoded again\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func example(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(data)
}

// The example of a rejected message is the one that the decoder and SetPayload make of its payload.
func TestRejectedExampleIsMadeByTheDecoder(t *testing.T) {
	t.Parallel()
	payload := []byte(`{"ts":"2026-01-31T13:00:00Z","value":NaN}`)
	_, bad := DecodeReadings(payload)
	if len(bad) != 1 {
		t.Fatalf("bad = %v", bad)
	}
	r := Rejected{
		Series: "north.m17", Subject: "r.3.north.m17", Seq: 81232, Partition: 3, Reason: bad[0].Reason,
		Detail: bad[0].Error(), Index: bad[0].Index, Count: 1,
		Received: time.Date(2026, 1, 31, 14, 0, 1, 7_000_000, time.UTC),
	}
	r.SetPayload(payload)
	if got, want := r.AppendJSON(nil), example(t, "rejected.json"); !bytes.Equal(got, want) {
		t.Errorf("rejected message\n%s\nwant\n%s", got, want)
	}
}

// README.md is the reference for people: it must name every example and every subject. The table of
// reasons is in docs/operations.md, where a test of services/endtoend looks for it.
func TestReadmeIsComplete(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	files, err := filepath.Glob(filepath.Join("testdata", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		names = append(names, "(testdata/"+filepath.Base(file)+")")
	}
	for _, subject := range []string{
		PublicReadingSubject(
			meter.ID{Site: "<site>", Meter: "<meter>"},
		), ForecastSubject(meter.ID{Site: "<site>", Meter: "<meter>"}), EventSubject("<type>"),
		rejectedPrefix + "<site>.<meter>", readingPrefix + "<p>.<site>.<meter>",
		LimitSubject(meter.ID{Site: "<site>", Meter: "<meter>"}),
		TrainingSubject, EventSubject(EventDrift), EventSubject("training.*"),
		controlPrefix + "<p>." + ControlModel, controlPrefix + "<p>." + ControlTick,
		controlPrefix + "<p>." + ControlLimit,
		controlPrefix + "<p>." + ControlSettings, queryPrefix + "<p>." + QuerySeries,
		queryPrefix + "<p>." + QueryState, controlPrefix + "<p>." + ControlDelete,
		controlPrefix + "<p>." + ControlState,
	} {
		names = append(names, "| `"+subject+"` |")
	}
	for _, name := range names {
		if !bytes.Contains(readme, []byte(name)) {
			t.Errorf("README.md does not name %s", name)
		}
	}
}

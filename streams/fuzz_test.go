package streams

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/loadtide/loadtide/pkg/meter"
)

// checkInvalid: a decoder refuses any invalid input with an InvalidError that has all its parts.
func checkInvalid(t *testing.T, err error) {
	t.Helper()
	var invalid *InvalidError
	if !errors.As(err, &invalid) || invalid.Reason == "" || len(invalid.Value) > 64 {
		t.Fatalf("error %v of type %T", err, err)
	}
}

func FuzzDecodeForecast(f *testing.F) {
	f.Add(example(f, "forecast.json"))
	f.Add(example(f, "forecast_without_model.json"))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := DecodeForecast(data)
		if err != nil {
			checkInvalid(t, err)
			return
		}
		// The first writing rounds; from then on nothing may change.
		second, err := DecodeForecast(first.AppendJSON(nil))
		if err != nil {
			t.Fatalf("%q is written as %q: %v", data, first.AppendJSON(nil), err)
		}
		third, err := DecodeForecast(second.AppendJSON(nil))
		if diff := cmp.Diff(second, third); diff != "" || err != nil {
			t.Fatalf("%s %v", diff, err)
		}
	})
}

func FuzzDecodeRecords(f *testing.F) {
	for _, name := range []string{
		"rejected.json", "control_model.json", "control_mark.json", "event_model_promoted.json",
		"event_training_progress.json", "score.json", "score_void.json", "training_request.json",
		"training_answer.json",
	} {
		f.Add(example(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := DecodeRejected(data); err != nil {
			checkInvalid(t, err)
		} else if _, err := DecodeRejected(r.AppendJSON(nil)); err != nil &&
			len(r.AppendJSON(nil)) <= maxPayload {
			t.Fatal(err)
		}
		if s, err := DecodeScore(data); err != nil {
			checkInvalid(t, err)
		} else if second, err := DecodeScore(s.AppendJSON(nil)); err != nil &&
			len(s.AppendJSON(nil)) <= maxPayload {
			t.Fatalf("%q is written as %q: %v", data, s.AppendJSON(nil), err)
		} else if third, err := DecodeScore(second.AppendJSON(nil)); err == nil &&
			!bytes.Equal(second.AppendJSON(nil), third.AppendJSON(nil)) {
			t.Fatalf("%+v comes back as %+v", second, third)
		}
		if c, err := DecodeModelControl(data); err != nil {
			checkInvalid(t, err)
		} else if again, err := DecodeModelControl(c.AppendJSON(nil)); err != nil &&
			len(c.AppendJSON(nil)) <= maxPayload || err == nil && again != c {
			t.Fatalf("%+v comes back as %+v, %v", c, again, err)
		}
		if c, err := DecodeMarkControl(data); err != nil {
			checkInvalid(t, err)
		} else if again, err := DecodeMarkControl(c.AppendJSON(nil)); err != nil ||
			again.Series != c.Series || again.Reason != c.Reason || again.From.Unix() != c.From.Unix() {
			t.Fatalf("%+v comes back as %+v, %v", c, again, err)
		}
		if r, err := DecodeTrainingRequest(data); err != nil {
			checkInvalid(t, err)
		} else if again, err := DecodeTrainingRequest(r.AppendJSON(nil)); err != nil || again != r {
			t.Fatalf("%+v comes back as %+v, %v", r, again, err)
		}
		if a, err := DecodeTrainingAnswer(data); err != nil {
			checkInvalid(t, err)
		} else if again, err := DecodeTrainingAnswer(a.AppendJSON(nil)); err != nil &&
			len(a.AppendJSON(nil)) <= maxPayload || err == nil && again != a {
			t.Fatalf("%+v comes back as %+v, %v", a, again, err)
		}
		if e, err := DecodeEvent(data); err != nil {
			checkInvalid(t, err)
		} else if _, err := DecodeEvent(e.AppendJSON(nil)); err != nil &&
			len(e.AppendJSON(nil)) <= maxPayload {
			t.Fatal(err)
		}
	})
}

func FuzzParseInput(f *testing.F) {
	for _, subject := range []string{
		"r.3.north.m17", "readings.north.m17", "ctl.0.model", "r.1024.a.b", "r..a.b", "",
	} {
		f.Add(subject)
	}
	f.Fuzz(func(t *testing.T, subject string) {
		in, err := ParseInput(subject)
		if err != nil {
			checkInvalid(t, err)
			if s := RejectedSubject(in.Series); len(s) > len("rejected.")+2*meter.MaxToken+1 {
				t.Fatalf("rejected subject %q", s)
			}
			return
		}
		switch subject {
		case ReadingSubject(in.Partition, in.Series), PublicReadingSubject(in.Series),
			ControlSubject(in.Partition, in.Control):
		default:
			t.Fatalf("%q is read as %+v", subject, in)
		}
	})
}

func FuzzParseOutputID(f *testing.F) {
	f.Add("dg2tueqzx0r9-3-81231.2")
	f.Add("0-0-0.0")
	f.Fuzz(func(t *testing.T, id string) {
		a, ok := ParseOutputID(id)
		if !ok {
			return
		}
		if again := fmt.Sprintf("%s-%d-%d.%d", a.Created, a.Partition, a.Seq, a.K); again != id {
			t.Fatalf("%q is read as %+v", id, a)
		}
	})
}

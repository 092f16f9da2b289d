package streams

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// All messages escape texts alike, whether encoding/json writes them or appendString.
func TestTextsAreEscapedAlike(t *testing.T) {
	t.Parallel()
	odd := rapid.StringMatching(`[a-z<&>"\\/\x00-\x1f\x7f\x{2027}-\x{2030}\x{fffd}]*`)
	raw := rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), odd, raw).Draw(t, "text")
		got := string(appendMessage(nil, &struct {
			Text string `json:"text"`
		}{text}))
		if want := `{"schema":1,"text":` + string(appendString(nil, text)) + `}`; got != want {
			t.Fatalf("%q becomes\n%s\nwant\n%s", text, got, want)
		}
	})
}

func TestOddMessages(t *testing.T) {
	t.Parallel()
	rejected := Rejected{
		Payload: "a<b>&\b\f\n\x00\u2028\\u2028\xff", Received: noon.Add(1_999_999), Index: WholeMessage,
	}
	settings := SettingsControl{
		Pattern: "north.*", Revision: 3, Settings: Settings{Unit: "m<3>&\u2028"},
	}
	progress := Event{Type: EventTrainingProgress, Time: noon, Training: &Training{
		Cycle: "C", Trigger: TriggerDrift, Attempt: 2, Iterations: 800, Loss: 0.123456,
		Valid: 0.0000123456,
	}}
	broken := progress
	broken.Training = &Training{Iterations: 1, Loss: math.Inf(1), Valid: math.NaN()}
	for name, c := range map[string]struct{ got, want string }{
		"a request that says nothing": {string((&TrainingRequest{}).AppendJSON(nil)), `{"schema":1}`},
		"after other bytes": {
			string((&LimitControl{Series: 7}).AppendJSON([]byte("x"))), `x{"schema":1,"series":7}`,
		},
		"a refused payload": {string(
			rejected.AppendJSON(nil),
		), `{"schema":1,"series":"","subject":"","seq":0,"partition":0,"reason":"","detail":"",` +
			`"index":-1,"count":0,"received":"2026-01-31T12:00:00.001Z","payload":"a<b>&\u0008\u000c\n\u0000` + "\u2028" + `\\u2028\ufffd",` +
			`"payload_encoding":"","payload_bytes":0,"payload_digest":""}`},
		"settings": {
			string(settings.AppendJSON(nil)),
			`{"schema":1,"series":"north.*","revision":3,"settings":{"unit":"m\u003c3\u003e\u0026\u2028"}}`,
		},
		"progress": {string(
			progress.AppendJSON(nil),
		), `{"schema":1,"type":"training.progress","time":"2026-01-31T12:00:00Z","training":` +
			`{"cycle":"C","trigger":"drift","attempt":2,"iteration":0,"iterations":800,"loss":0.12346,"valid":1.2346e-05},"text":""}`},
		"losses that are none": {string(broken.AppendJSON(nil)), `{"schema":1,"type":"training.progress","time":"2026-01-31T12:00:00Z","training":` +
			`{"cycle":"","trigger":"","attempt":0,"iteration":0,"iterations":1,"loss":null,"valid":null},"text":""}`},
	} {
		if c.got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, c.got, c.want)
		}
	}
}

package endtoend

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/streams"
)

// TestPromotionIsTold registers a champion beside a running process: it is told
// once, and not again after a restart.
func TestPromotionIsTold(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	r := p.up("--train-schedule", "off")
	v := registerChampion(t, filepath.Join(p.dir, "registry"))
	for range 2 {
		conn := p.connect()
		eventually(t, time.Minute, "the model in force", func() (bool, string) {
			return p.metric(`loadtide_forecaster_model_info{alias="champion",interval="1h",version="`+v.Version+`"}`) == 1, "not there"
		})
		var events []bus.Message
		// told once all logs name the model
		eventually(t, time.Minute, "the event", func() (bool, string) {
			events = readStream(t, conn, "EVENTS")
			return len(events) > 0, "none"
		})
		if len(events) != 1 || events[0].Subject != streams.EventSubject(streams.EventModelPromoted) {
			t.Fatalf("%d events: %+v", len(events), events)
		}
		e, err := streams.DecodeEvent(events[0].Data)
		if err != nil || e.Model == nil || e.Model.Digest != v.Digest {
			t.Fatalf("%s: %v", events[0].Data, err)
		}
		r.interrupt()
		r = p.up("--train-schedule", "off")
	}
}

package endtoend

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/streams/topology"
)

// demoSeries is one that every demo has.
const demoSeries = "home.m01"

// killer starts a demo and kills it, with a feeder beside it.
type killer struct {
	t       *testing.T
	place   place
	feeder  *feeder
	process *process
	conn    *bus.Conn
	random  *rand.Rand
	kills   int
}

// newKiller draws its moments from LOADTIDE_KILL_SEED, 1 when that is not set.
func newKiller(t *testing.T, meters int, pace time.Duration) *killer {
	t.Helper()
	seed := uint64(1)
	if text := os.Getenv("LOADTIDE_KILL_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("LOADTIDE_KILL_SEED: %v", err)
		}
	}
	t.Logf("LOADTIDE_KILL_SEED=%d", seed)
	k := &killer{t: t, place: newPlace(t), random: rand.New(rand.NewPCG(seed, 0))}
	k.feeder = newFeeder(nil, meters, pace)
	return k
}

// first starts the demo and the feeder; stop ends the feeder. Even beside other tests it must be ready, and its first
// forecast there, in 10 s.
func (k *killer) first(args ...string) (stop func()) {
	k.t.Helper()
	k.start(args...)
	eventually(k.t, patience, "a first forecast", func() (bool, string) {
		_, _, ok := newest(k.t, k.conn, demoSeries)
		return ok, "none"
	})
	k.process.began.limit(k.t, "the first forecast came", 10*time.Second)
	k.feeder.conn = k.place.connect()
	return k.feeder.start(k.t)
}

func (k *killer) start(args ...string) {
	k.t.Helper()
	k.process = k.place.up(args...)
	k.conn = k.place.connect()
	k.forgetIDs()
}

// forgetIDs lets the server forget the ids of FORECASTS at once, as it does by itself after half a minute: then nothing but
// what the forecaster finds out at its start keeps it from publishing twice. The next start sets the window right again, for
// what comes after.
func (k *killer) forgetIDs() {
	k.t.Helper()
	js := k.conn.JetStream()
	stream, err := js.Stream(k.t.Context(), topology.Forecasts)
	if err != nil {
		k.t.Fatal(err)
	}
	cfg := stream.CachedInfo().Config
	cfg.Duplicates = 100 * time.Millisecond
	if _, err := js.UpdateStream(k.t.Context(), cfg); err != nil {
		k.t.Fatal(err)
	}
}

// forecastsGoOn waits for forecasts of the demo and of the feeder's series from later origins than those that are there.
func (k *killer) forecastsGoOn() {
	k.t.Helper()
	for _, series := range []string{demoSeries, k.feeder.series[0].String(), k.feeder.series[len(k.feeder.series)-1].String()} {
		before, _, _ := newest(k.t, k.conn, series)
		eventually(k.t, patience, "forecasts of "+series+" go on", func() (bool, string) {
			k.process.alive()
			f, _, ok := newest(k.t, k.conn, series)
			return ok && f.Origin.Sub(before.Origin) >= 3*time.Hour, f.Origin.Format(time.RFC3339)
		})
	}
}

// pause lets a random time pass, most at the most.
func (k *killer) pause(most time.Duration) {
	time.Sleep(time.Duration(k.random.Int64N(int64(most))))
}

func (k *killer) kill() {
	k.t.Helper()
	k.process.alive()
	k.process.kill()
	k.kills++
}

// served waits until the network forecasts the demo and the feeder's series, which takes 168 of their readings.
func (k *killer) served() {
	k.t.Helper()
	for _, series := range []string{demoSeries, k.feeder.series[0].String()} {
		eventually(k.t, 3*patience, series+" is forecast by the network", func() (bool, string) {
			k.process.alive()
			f, _, _ := newest(k.t, k.conn, series)
			return f.Source == "lstm" && f.Model != nil, string(f.Source)
		})
	}
}

// finish waits until what the feeder said last is forecast, checks all streams, ends the process and replays its logs.
func (k *killer) finish(kills int) {
	k.t.Helper()
	if k.kills != kills {
		k.t.Fatalf("%d kills, want %d", k.kills, kills)
	}
	for _, s := range k.feeder.series {
		awaitOrigin(k.t, k.conn, s.String(), k.feeder.origin())
	}
	noTrainingFailed(k.t, k.conn) // one that was killed is begun again
	books := readLedger(k.t, k.conn)
	messages := books.answered()
	books.check(messages)
	books.scored(messages)
	counts := contiguous(k.t, messages)
	for _, s := range k.feeder.series {
		if want := int(k.feeder.hours.Load()); counts[s] != want {
			k.t.Errorf("%s: %d forecasts of %d readings", s, counts[s], want)
		}
	}
	if demo, _ := meter.ParseID(demoSeries); counts[demo] == 0 {
		k.t.Errorf("no forecast of %s", demoSeries)
	}
	if state, err := k.conn.StreamState(k.t.Context(), topology.Rejected); err != nil || state.LastSeq != 0 {
		k.t.Errorf("REJECTED ends at %d, %v; nothing bad was sent", state.LastSeq, err)
	}
	k.t.Logf("%d kills, %d hours of %d series fed, %d readings sent again, %d forecasts", k.kills, k.feeder.hours.Load(), len(k.feeder.series), k.feeder.repeats.Load(), len(messages))
	k.process.interrupt()
	k.replay(messages)
}

// replay lets a new process forecast copies of the logs from their beginning, without outputs, marks and checkpoints: each
// forecast that was published through all kills must come out again, to the byte.
func (k *killer) replay(messages []bus.Message) {
	k.t.Helper()
	again := newPlace(k.t)
	const store = "nats/jetstream/$G/streams"
	logs, err := filepath.Glob(filepath.Join(k.place.dir, store, "R[0-9]*"))
	if err != nil || len(logs) == 0 {
		k.t.Fatalf("no logs in %s: %v", k.place.dir, err)
	}
	for _, log := range logs {
		copyFolder(k.t, log, filepath.Join(again.dir, store, filepath.Base(log)))
	}
	if models := filepath.Join(k.place.dir, "registry"); exists(models) {
		copyFolder(k.t, models, filepath.Join(again.dir, "registry"))
	}
	again.up("--train-schedule", "off")
	conn := again.connect()
	readLedger(k.t, conn).answered()
	said := make(map[string]string, len(messages))
	for _, m := range readStream(k.t, conn, topology.Forecasts) {
		said[m.ID] = string(m.Data)
	}
	faults := 0
	for _, m := range messages {
		if said[m.ID] != string(m.Data) && faults < 3 {
			faults++
			k.t.Errorf("id %s is not what the log gives undisturbed:\n%.300s\nundisturbed:\n%.300s", m.ID, m.Data, said[m.ID])
		}
	}
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

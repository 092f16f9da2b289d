package forecaster

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/streams"
)

func openShelf(t *testing.T) *base.Shelf {
	t.Helper()
	s, err := base.OpenShelf(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The base models serve from a start on that knows them: also on the logs of a release without them,
// and beside a champion the series of less than a week. No start announces them twice.
func TestBaseModelsServe(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	_, stop := p.forecaster()
	p.send("young.1h", 72, true)
	p.send("old.1h", 9*24, true)
	check := func(series string, source meter.Source, version string) {
		t.Helper()
		p.send(series, 1, false)
		f := p.forecast(series)
		if f.Model == nil {
			f.Model = &streams.Model{}
		}
		if f.Source != source || f.Model.Version != version || f.Leads() != 24 {
			t.Errorf("%s: %s, model %+v, %d leads", series, f.Source, f.Model, f.Leads())
		}
	}
	check("young.1h", meter.SourceSeasonalNaive, "")
	check("old.1h", meter.SourceSeasonalNaive, "")
	stop()

	p.bases = openShelf(t)
	var names []string
	for _, m := range p.bases.Models() {
		names = append(names, m.Spec.Name+" v"+base.Version)
	}
	s, stop := p.forecaster()
	p.await(names...)
	for p.ctx.Err() == nil && len(s.status.modelsInForce()) < len(names) {
		time.Sleep(time.Millisecond)
	}
	check("young.1h", meter.SourceLSTM, base.Version)
	check("old.1h", meter.SourceLSTM, base.Version)
	if s.Status().Model != "" {
		t.Errorf("the base models are shown as champions: %s", s.Status().Model)
	}
	for testutil.ToFloat64(s.metrics.model.WithLabelValues(base.Version, base.Version, "1h")) != 1 {
		if time.Sleep(time.Millisecond); p.ctx.Err() != nil {
			t.Fatal("model_info does not name the base model")
		}
	}

	champion := p.shelf.another(t, time.Hour)
	p.shelf.promote(champion)
	names = append(names, "load-1h v"+champion.Version)
	p.await(names...)
	for p.ctx.Err() == nil && s.Status().Model == "" {
		time.Sleep(time.Millisecond)
	}
	check("young.1h", meter.SourceLSTM, base.Version)
	check("old.1h", meter.SourceLSTM, champion.Version)
	stop()

	before := p.all()
	_, stop = p.forecaster() // from the checkpoint, whose models are found by digest
	check("young.1h", meter.SourceLSTM, base.Version)
	check("old.1h", meter.SourceLSTM, champion.Version)
	p.await(names...)
	stop()
	p.store = newVault() // nothing is left but the logs
	_, stop = p.forecaster()
	check("young.1h", meter.SourceLSTM, base.Version)
	p.await(names...)
	after := p.all()
	for key, data := range before {
		if after[key] != data {
			t.Errorf("%s is another one after a replay", key)
		}
	}
	stop()
}

// A new log names the base models before the champions.
func TestNewLogsNameTheBaseModels(t *testing.T) {
	t.Parallel()
	p := newPlant(t)
	p.bases = openShelf(t)
	champion := p.shelf.another(t, time.Hour)
	p.shelf.promote(champion)
	p.forecaster()
	var names []string
	for _, m := range p.bases.Models() {
		names = append(names, m.Spec.Name+" v"+base.Version)
	}
	p.await(append(names, "load-1h v"+champion.Version)...)
	p.send("young.1h", 24, true)
	p.send("young.1h", 1, false)
	if f := p.forecast("young.1h"); f.Model == nil || f.Model.Version != base.Version {
		t.Errorf("the model of the second day is %+v", f.Model)
	}
}

// When nobody holds the base model that a log names, or its file is damaged, that of this release serves, and the log of the
// partition tells it. Without one of its own the partition does not start.
func TestBaseModelThatNobodyHolds(t *testing.T) {
	t.Parallel()
	gone := streams.ModelControl{
		Name: "load-1h", Version: base.Version, Digest: "sha256:" + strings.Repeat("0", 64),
	}
	l := newTestLog()
	l.add(streams.ControlSubject(0, streams.ControlModel), gone.AppendJSON(nil))
	for _, damaged := range []bool{false, true} {
		dir := t.TempDir()
		shelf, err := base.OpenShelf(dir)
		if err != nil {
			t.Fatal(err)
		}
		if damaged {
			path := filepath.Join(dir, strings.Replace(gone.Digest, ":", "-", 1)+".onnx")
			if err := os.WriteFile(path, []byte("garbage"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		p, log := testPartition(newModelStore(newShelf(t, 0), shelf)), &bytes.Buffer{}
		p.log = zerolog.New(log)
		p.batch = l.messages
		if err := p.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		own, _ := shelf.Like("load-1h")
		if in := p.pipeline.engine.Base(meter.HourSeconds); in != own {
			t.Errorf("damaged %v: the base model is %v", damaged, in)
		}
		if !strings.Contains(log.String(), "nobody holds the base model") {
			t.Errorf("log: %s", log)
		}
	}
	none := testPartition(newModelStore(newShelf(t, 0), nil))
	none.batch = slices.Clone(l.messages)
	if err := none.step(t.Context()); err == nil || !fatal(err) {
		t.Errorf("without a base model: %v", err)
	}
}

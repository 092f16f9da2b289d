package endtoend

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/checkpoint"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/model"
)

// releaseSections are the sections of the state that release 0.1.0 writes, in their order, with
// their versions. A later release that writes another version of one still reads this one.
const releaseSections = "series v3, ring.values v2, ring.quality v2, scaling v2, hidden v2, " +
	"aside v1, extra v1, waiting v1, settings v1"

// TestCheckpointsOfReleaseStayReadable reads each checkpoint that release 0.1.0 left and restores
// an engine from it.
func TestCheckpointsOfReleaseStayReadable(t *testing.T) {
	t.Parallel()
	old := unpackRelease(t)
	files, err := filepath.Glob(old.path("data/checkpoints/*.ckpt"))
	if err != nil || len(files) != 6 {
		t.Fatalf("checkpoints %v %v, want three of each partition", files, err)
	}
	series := map[string]int{} // of the newest checkpoint of each partition
	for _, path := range files {
		file := filepath.Base(path)
		snap := readCheckpoint(t, path)
		h := snap.Header
		if h.Kernel != releaseKernel || h.Partitions != 2 || len(h.Models) != 1 {
			t.Fatalf("%s has header %+v", file, h)
		}
		var names []string
		for _, s := range snap.Sections {
			names = append(names, fmt.Sprintf("%s v%d", s.Name, s.Version))
		}
		if got := strings.Join(names, ", "); got != releaseSections {
			t.Errorf("%s has sections %s, want %s", file, got, releaseSections)
		}
		e := engine.New()
		if err := e.SetModel(old.model(h.Models[0])); err != nil {
			t.Fatal(err)
		}
		if err := e.Restore(snap.Sections); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		if e.Series() != h.Series {
			t.Errorf("%s: %d series, its header says %d", file, e.Series(), h.Series)
		}
		series[h.Stream] = e.Series()
	}
	if series["R0"]+series["R1"] != releaseSeries {
		t.Errorf("%v series, want %d in all", series, releaseSeries)
	}
}

func readCheckpoint(t *testing.T, path string) *checkpoint.Snapshot {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	snap, err := checkpoint.Decode(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(path), err)
	}
	return snap
}

// model is the version with a digest.
func (r release) model(digest string) *model.Model {
	r.t.Helper()
	folders, err := filepath.Glob(r.path("data/registry/models/*/version-*"))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, folder := range folders {
		m, err := model.Load(folder)
		if err != nil {
			r.t.Fatal(err)
		}
		if m.Digest == digest {
			return m
		}
	}
	r.t.Fatalf("the release has no model %s", digest)
	return nil
}

// TestStatesOfReleaseAreInspected looks into the states that release 0.1.0 exported: all are of
// hours, whatever their meters sent.
func TestStatesOfReleaseAreInspected(t *testing.T) {
	t.Parallel()
	old, p := unpackRelease(t), newPlace(t)
	said, code := p.run(patience, "state", "inspect", old.states())
	if code != 0 || strings.Count(said, " intervals of 1h; ") != releaseSeries ||
		!strings.Contains(said, fmt.Sprintf("%d states: %[1]d of 1h", releaseSeries)) {
		t.Errorf("exit code %d:\n%.2000s", code, said)
	}
	if !strings.Contains(said, "lab.quarter  energy  kWh  read every 15m  ") {
		t.Errorf("lab.quarter is not read every 15m:\n%.2000s", said)
	}
}

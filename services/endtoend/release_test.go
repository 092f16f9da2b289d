package endtoend

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/loadtide/loadtide/pkg/bus"
	"github.com/loadtide/loadtide/pkg/bus/bustest"
	"github.com/loadtide/loadtide/streams/topology"
)

// releaseDir holds the data dir, the configuration file and the exported states of release 0.1.0.
// Its README says what is in it and how it was made.
const releaseDir = "testdata/release-0.1.0"

// What the release's data dir holds: the tests name these.
const (
	releaseSeries   = 15
	releaseLimit    = 64  // the limit of series in config.yaml, and in the logs
	releaseChampion = "2" // version of the model
	releaseKernel   = "avx512"
	deletedSeries   = "plant.gone" // the logs lack its readings
	silentSeries    = "lab.power"  // fell silent long before the end: no tick touches it
)

// release is one unpacked copy of what a release has left.
type release struct {
	t      *testing.T
	folder string
}

// unpackRelease unpacks a copy of its own for the test.
func unpackRelease(t *testing.T) release {
	t.Helper()
	r := release{t: t, folder: t.TempDir()}
	file, err := os.Open(filepath.Join(releaseDir, "data.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := zstd.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return r
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := r.unpack(header, archive); err != nil {
			t.Fatal(err)
		}
	}
}

func (r release) unpack(header *tar.Header, content io.Reader) error {
	path := r.path(filepath.FromSlash(header.Name))
	if header.Typeflag == tar.TypeDir {
		return os.MkdirAll(path, 0o750)
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	return errors.Join(err, file.Close())
}

func (r release) path(name string) string { return filepath.Join(r.folder, name) }

// data is the data dir.
func (r release) data() string { return r.path("data") }

// states is the file that `state export --all` wrote at the end.
func (r release) states() string { return r.path("states.jsonl") }

// serve starts a NATS server on the copy's streams. Without topology.Ensure no bound of age is put
// on them.
func (r release) serve() *bustest.Server {
	r.t.Helper()
	return bustest.Start(r.t, func(cfg *bus.EmbeddedConfig) { cfg.StoreDir = r.path("data/nats") })
}

// keepInputs takes everything away that a forecaster has made of the logs: outputs, marks,
// checkpoints.
func (r release) keepInputs() {
	r.t.Helper()
	const store = "data/nats/jetstream/$G/streams/"
	away := []string{store + "KV_" + topology.Marks, "data/checkpoints"}
	for _, stream := range outputStreams {
		away = append(away, store+stream)
	}
	for _, name := range away {
		if !exists(r.path(name)) {
			r.t.Fatalf("the release has no %s", name)
		}
		if err := os.RemoveAll(r.path(name)); err != nil {
			r.t.Fatal(err)
		}
	}
}

// outputStreams are the streams that a forecaster writes.
var outputStreams = []string{
	topology.Forecasts, topology.Scores, topology.Rejected, topology.Events,
}

// outputs are the messages of the streams that a forecaster writes, by stream.
type outputs map[string][]bus.Message

// readOutputs reads these streams as they are now.
func readOutputs(t *testing.T, conn *bus.Conn) outputs {
	t.Helper()
	all := outputs{}
	for _, stream := range outputStreams {
		all[stream] = readStream(t, conn, stream)
	}
	return all
}

// outputs reads the outputs from a server that ends before the copy is used further.
func (r release) outputs() outputs {
	r.t.Helper()
	server := r.serve()
	all := readOutputs(r.t, server.Connect())
	server.Stop()
	return all
}

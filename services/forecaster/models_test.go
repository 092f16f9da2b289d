package forecaster

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/onnx"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/streams"
)

// shelf is a registry that holds model folders by digest.
type shelf struct {
	registry.Registry // nil: the store calls nothing else
	folders           map[string]string
	versions          []registry.Version
	fetched           atomic.Int64
	gate              func(digest string) // runs before a folder is handed out

	mu        sync.Mutex
	champions map[string]registry.Version // by name
}

// newShelf makes a registry with n versions, of which no two have the same bytes.
func newShelf(t *testing.T, n int) *shelf {
	t.Helper()
	s := &shelf{
		folders: map[string]string{}, gate: func(string) {}, champions: map[string]registry.Version{},
	}
	for range n {
		s.another(t, time.Hour)
	}
	return s
}

// another adds a version of a model of an interval, with bytes of its own.
func (s *shelf) another(t *testing.T, interval time.Duration) registry.Version {
	t.Helper()
	file := modelFile(t, interval)
	file.Graph.Initializers[0].Floats[0] = float32(len(s.versions))
	v := s.add(t, file)
	v.Name = registry.ModelName(interval)
	s.versions[len(s.versions)-1] = v
	return v
}

// ByAlias implements registry.Registry for the alias champion.
func (s *shelf) ByAlias(_ context.Context, name, _ string) (registry.Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.champions[name]
	if !ok {
		return v, registry.ErrNotFound
	}
	return v, nil
}

// promote makes a version the champion of its name.
func (s *shelf) promote(v registry.Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.champions[v.Name] = v
}

// add makes a version of a model file.
func (s *shelf) add(t *testing.T, file *onnx.Model) registry.Version {
	t.Helper()
	data, err := onnx.Append(nil, file)
	if err != nil {
		t.Fatal(err)
	}
	v := registry.Version{
		Name: "load-1h", Version: strconv.Itoa(len(s.versions) + 1),
		Digest: fmt.Sprintf("sha256:%x", sha256.Sum256(data)),
	}
	folder := t.TempDir()
	for name, data := range map[string][]byte{"model.onnx": data, "digest": []byte(v.Digest)} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.folders[v.Digest] = folder
	s.versions = append(s.versions, v)
	return v
}

// modelFile is the file of a small model of an interval.
func modelFile(t *testing.T, interval time.Duration) *onnx.Model {
	t.Helper()
	a := model.Artifact{Spec: testModelOf(t, 1, interval).Spec}
	a.Spec.TrainedFrom, a.Spec.TrainedUntil = logCreated.AddDate(-1, 0, 0), logCreated
	shape := a.Spec.Shape()
	a.LSTM, a.Head = make([]float32, shape.LSTMParams()), make([]float32, shape.HeadParams())
	folder := filepath.Join(t.TempDir(), "model")
	if _, err := model.Write(folder, a); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := onnx.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func (s *shelf) ByDigest(_ context.Context, name, digest string) (registry.Version, error) {
	for _, v := range s.versions {
		if v.Digest == digest && v.Name == name {
			return v, nil
		}
	}
	return registry.Version{}, registry.ErrNotFound
}

func (s *shelf) Fetch(ctx context.Context, v registry.Version) (string, error) {
	s.fetched.Add(1)
	s.gate(v.Digest)
	return s.folders[v.Digest], ctx.Err()
}

// A version whose file is broken hides no sound version of the same digest.
func TestBrokenCopyOfAModel(t *testing.T) {
	t.Parallel()
	dir, folders := t.TempDir(), newShelf(t, 1).folders
	models, err := registry.NewLocal(dir)
	if err != nil {
		t.Fatal(err)
	}
	var v registry.Version
	for _, folder := range folders {
		if v, err = models.Register(t.Context(), "load-1h", folder); err != nil {
			t.Fatal(err)
		}
	}
	versions := filepath.Join(dir, "models", v.Name)
	copied := filepath.Join(versions, "version-7")
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(versions, "version-1"))); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(copied, "model.onnx"), 100); err != nil {
		t.Fatal(err)
	}
	if newest, err := models.ByDigest(t.Context(), v.Name, v.Digest); err != nil ||
		newest.Version != "7" {
		t.Fatalf("the newest version is %q (%v)", newest.Version, err)
	}
	for how, load := range map[string]func(*modelStore) (*model.Model, error){
		"of the checkpoint": func(s *modelStore) (*model.Model, error) {
			return s.byDigest(t.Context(), 0, v.Digest)
		},
		"of the log": func(s *modelStore) (*model.Model, error) {
			return s.get(t.Context(), 0, v.Name, "1", v.Digest)
		},
	} {
		if m, err := load(newModelStore(models, nil)); err != nil || m.Digest != v.Digest {
			t.Errorf("%s: %v", how, err)
		}
	}
}

// promote adds the record of a version to a log.
func (l *testLog) promote(v registry.Version) {
	record := streams.ModelControl{Name: v.Name, Version: v.Version, Digest: v.Digest}
	l.add(streams.ControlSubject(0, streams.ControlModel), record.AppendJSON(nil))
}

func testPartition(store *modelStore) *partition {
	status := &statusBoard{}
	status.open(1)
	return &partition{
		deps: deps{
			models: store, metrics: newMetrics(prometheus.NewRegistry(), time.Now, status),
			status: status, now: time.Now, partitions: 1, replaced: &replacedWarnings{},
			log: zerolog.Nop(),
		},
		pipeline: fresh(), modelSubject: streams.ControlSubject(0, streams.ControlModel),
	}
}

// TestModelsOfHundredsOfPromotions holds I9: a partition keeps the models that a start from its
// newest checkpoint needs, at most mostRecent of them, and the store no others.
func TestModelsOfHundredsOfPromotions(t *testing.T) {
	t.Parallel()
	const promotions = 300
	s := newShelf(t, promotions)
	store := newModelStore(s, nil)
	l, p := newTestLog(), testPartition(store)
	for i, v := range s.versions {
		l.promote(v)
		if i%3 == 0 {
			continue // two records come in one batch
		}
		p.batch = l.messages[p.position:]
		if err := p.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i%50 == 49 {
			p.saver.seq = p.position // a checkpoint was written
		}
		p.keepModels()
		if n := len(store.loaded); n > mostRecent || len(p.recent) > mostRecent {
			t.Fatalf("v%s: the store keeps %d models, the partition %d", v.Version, n, len(p.recent))
		}
		if len(p.pipeline.models) != 0 {
			t.Fatalf("the pipeline keeps %d models beside the one in force", len(p.pipeline.models))
		}
		if in := p.pipeline.engine.Model(meter.HourSeconds); in.Digest != v.Digest ||
			store.loaded[v.Digest] != in {
			t.Fatalf("the model in force is v%s, promoted was v%s", in.Version, v.Version)
		}
		if p.saver.seq == p.position && len(store.loaded) != 1 {
			t.Fatalf("%d models are kept right after a checkpoint", len(store.loaded))
		}
	}
	if n := s.fetched.Load(); n != promotions {
		t.Errorf("%d loads of %d models", n, promotions)
	}
}

// A replay meets all models of a log in one batch.
func TestReplayOfHundredsOfPromotions(t *testing.T) {
	t.Parallel()
	const promotions = 100
	s := newShelf(t, promotions)
	store := newModelStore(s, nil)
	l, p := newTestLog(), testPartition(store)
	for _, v := range s.versions {
		l.promote(v)
	}
	most := 0
	s.gate = func(string) { most = max(most, len(p.pipeline.models)) }
	p.batch = l.messages
	if err := p.step(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.keepModels()
	last := s.versions[promotions-1]
	if in := p.pipeline.engine.Model(meter.HourSeconds); in.Digest != last.Digest ||
		in.Version != last.Version {
		t.Errorf("in force is v%s, want v%s", in.Version, last.Version)
	}
	if most >= mostRecent || len(store.loaded) != mostRecent {
		t.Errorf("the pipeline got %d models at once, the store keeps %d", most, len(store.loaded))
	}
}

func TestStoreKeepsWhatAHolderNeeds(t *testing.T) {
	t.Parallel()
	s := newShelf(t, 3)
	store := newModelStore(s, nil)
	get := func(h holder, i int) *model.Model {
		t.Helper()
		v := s.versions[i]
		m, err := store.get(t.Context(), h, v.Name, v.Version, v.Digest)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	if get(0, 0) != get(1, 0) || s.fetched.Load() != 1 {
		t.Error("two partitions do not share a model")
	}
	get(reloaderHolder, 1)
	get(0, 2)
	store.keep(0, s.versions[2].Digest)
	if len(store.loaded) != 3 {
		t.Errorf("%d models are kept, each is needed by one holder", len(store.loaded))
	}
	store.keep(1)
	store.keep(reloaderHolder, s.versions[1].Digest, "sha256:unknown")
	if _, ok := store.loaded[s.versions[0].Digest]; ok || len(store.loaded) != 2 {
		t.Errorf("a model that nobody needs is kept beside %d others", len(store.loaded)-1)
	}
	if m := get(1, 0); m.Version != "1" || s.fetched.Load() != 4 {
		t.Errorf("v%s came back after %d loads", m.Version, s.fetched.Load())
	}
}

// TestNoLockOverADownload: a slow download delays neither a caller that needs another model nor a
// caller whose context ends. Callers that wait for the same model share one download.
func TestNoLockOverADownload(t *testing.T) {
	t.Parallel()
	s := newShelf(t, 2)
	synctest.Test(t, func(t *testing.T) {
		slow, other := s.versions[0], s.versions[1]
		release := make(chan struct{})
		s.gate = func(digest string) {
			if digest == slow.Digest {
				<-release
			}
		}
		store := newModelStore(s, nil)
		ask := func(ctx context.Context, v registry.Version) error {
			_, err := store.get(ctx, reloaderHolder, v.Name, v.Version, v.Digest)
			return err
		}
		answers := make(chan error)
		impatient, leave := context.WithCancel(t.Context())
		go func() { answers <- ask(impatient, slow) }()
		synctest.Wait()
		if err := ask(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		leave()
		err := <-answers
		if !errors.Is(err, registry.ErrUnavailable) || !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that stopped waiting got %v", err)
		}
		const patient = 3
		for range patient {
			go func() { answers <- ask(t.Context(), slow) }()
		}
		synctest.Wait()
		close(release)
		for range patient {
			if err := <-answers; err != nil {
				t.Errorf("a caller that waited got %v", err)
			}
		}
		if n := s.fetched.Load(); n != 2 {
			t.Errorf("%d downloads of two models", n)
		}
	})
}

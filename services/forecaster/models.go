package forecaster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
)

// loadTimeout bounds one load of a model, also when nobody waits for it any more.
const loadTimeout = time.Minute

// holder identifies a user of a model: a partition by its index, or the reloader.
type holder int

const reloaderHolder holder = -1

// modelStore loads models from the registry and verifies them. It keeps a model while a holder
// needs it (I9), so that partitions with the same model share one copy. It is safe for concurrent
// use, and holds no lock while it loads a model.
type modelStore struct {
	registry registry.Registry
	bases    *base.Shelf
	loads    singleflight.Group // callers that ask for the same model share one load

	mu     sync.Mutex
	loaded map[string]*model.Model        // by digest: exactly those that a holder needs
	needed map[holder]map[string]struct{} // digests
}

func newModelStore(r registry.Registry, bases *base.Shelf) *modelStore {
	if bases == nil {
		bases = &base.Shelf{}
	}
	return &modelStore{
		registry: r, bases: bases,
		loaded: map[string]*model.Model{}, needed: map[holder]map[string]struct{}{},
	}
}

// get returns the model that a control record names, and notes that the holder needs it. The model
// has the digest of the record: a log is replayed with the models that it was written with. The one
// exception is a base model that nobody holds any more: that of this release takes its place. When
// ctx ends before the model is loaded, get returns registry.ErrUnavailable. The load then goes on,
// up to loadTimeout, and the next call waits for the same load.
func (s *modelStore) get(
	ctx context.Context, h holder, name, version, digest string,
) (*model.Model, error) {
	if version == base.Version {
		return s.base(name, digest)
	}
	what := fmt.Sprintf("%s v%s", name, version)
	return s.share(ctx, h, what, digest, func(ctx context.Context) (*model.Model, error) {
		return s.load(ctx, name, version, digest)
	})
}

// byDigest returns a model of a checkpoint, and notes that the holder needs it. A checkpoint has no
// names: the model is a base model, or registered under one of the names that forecasters serve.
func (s *modelStore) byDigest(ctx context.Context, h holder, digest string) (*model.Model, error) {
	if m, ok, err := s.bases.ByDigest(digest); ok || err != nil {
		return m, damaged(err)
	}
	load := func(ctx context.Context) (*model.Model, error) { return s.loadByDigest(ctx, digest) }
	return s.share(ctx, h, "of the checkpoint", digest, load)
}

// base returns the base model that a control record names, or the one of this release when nobody
// holds that one any more.
func (s *modelStore) base(name, digest string) (*model.Model, error) {
	m, ok, err := s.bases.ByDigest(digest)
	if ok {
		return m, nil
	}
	if m, ok = s.bases.Like(name); ok { // also in place of one whose file is damaged
		return m, nil
	}
	which := fmt.Sprintf("%s %s (%s)", name, base.Version, digest)
	return nil, errors.Join(missing(which, "the log was written with"), err)
}

// loadByDigest looks for a digest under all names that forecasters serve, and fetches the model.
func (s *modelStore) loadByDigest(ctx context.Context, digest string) (*model.Model, error) {
	var away error
	for _, name := range slices.Backward(registry.ModelNames()) {
		v, err := s.registry.ByDigest(ctx, name, digest)
		switch {
		case err == nil:
			return s.fetchAny(ctx, v)
		case errors.Is(err, registry.ErrUnavailable):
			away = err // a fetched model may be found under another name
		case !errors.Is(err, registry.ErrNotFound):
			return nil, fmt.Errorf("look up model %s %s: %w", name, digest, err)
		}
	}
	if away != nil {
		return nil, fmt.Errorf("look up model %s: %w", digest, away)
	}
	return nil, missing("of digest "+digest, "the checkpoint was written with")
}

// share returns the model of a digest, and notes that the holder needs it. Callers that ask for the
// same model wait for one load.
func (s *modelStore) share(
	ctx context.Context, h holder, what, digest string,
	load func(context.Context) (*model.Model, error),
) (*model.Model, error) {
	if m, ok := s.find(h, digest); ok {
		return m, nil
	}
	loading := s.loads.DoChan(digest, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		return load(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("load model %s: %w: not finished yet: %w",
			what, registry.ErrUnavailable, ctx.Err())
	case done := <-loading:
		if done.Err != nil {
			return nil, done.Err
		}
		return s.add(h, done.Val.(*model.Model)), nil
	}
}

// find returns a model that is loaded already, and notes that h needs it.
func (s *modelStore) find(h holder, digest string) (*model.Model, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.loaded[digest]
	if ok {
		s.note(h, digest)
	}
	return m, ok
}

// add notes that h needs m, and returns the copy that all holders share.
func (s *modelStore) add(h holder, m *model.Model) *model.Model {
	s.mu.Lock()
	defer s.mu.Unlock()
	if shared, ok := s.loaded[m.Digest]; ok {
		m = shared
	}
	s.loaded[m.Digest] = m
	s.note(h, m.Digest)
	return m
}

// note notes that h needs a model. The caller holds the lock.
func (s *modelStore) note(h holder, digest string) {
	if s.needed[h] == nil {
		s.needed[h] = map[string]struct{}{}
	}
	s.needed[h][digest] = struct{}{}
}

// keep notes that h needs these models and no others from now on. It drops a model that no holder
// needs; the store loads such a model again when a holder asks for it.
func (s *modelStore) keep(h holder, digests ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for digest := range s.needed[h] {
		if slices.Contains(digests, digest) {
			continue
		}
		delete(s.needed[h], digest)
		if !s.needs(digest) {
			delete(s.loaded, digest)
		}
	}
}

// needs reports whether any holder needs a model. The caller holds the lock.
func (s *modelStore) needs(digest string) bool {
	for _, digests := range s.needed {
		if _, ok := digests[digest]; ok {
			return true
		}
	}
	return false
}

// load finds a version by its digest and fetches it. It does not check whether the model may serve:
// a replay of a log needs the models that the log names, also one that would be refused now.
func (s *modelStore) load(
	ctx context.Context, name, version, digest string,
) (*model.Model, error) {
	v, err := s.registry.ByDigest(ctx, name, digest)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return nil, missing(fmt.Sprintf("%s v%s (%s)", name, version, digest), "the log was written with")
	case err != nil:
		return nil, fmt.Errorf("look up model %s v%s: %w", name, version, err)
	}
	return s.fetchAny(ctx, v)
}

// fetchAny fetches a version. When the version cannot be read, fetchAny tries the other versions of
// the same digest.
func (s *modelStore) fetchAny(ctx context.Context, v registry.Version) (*model.Model, error) {
	m, err := s.fetch(ctx, v)
	if err == nil || errors.Is(err, registry.ErrUnavailable) {
		return m, err
	}
	// The error names the broken versions; the list has the others.
	versions, _ := s.registry.Versions(ctx, v.Name)
	for _, other := range slices.Backward(versions) {
		if other.Digest != v.Digest || other.Version == v.Version {
			continue
		}
		if m, err := s.fetch(ctx, other); err == nil {
			return m, nil
		}
	}
	return nil, err
}

// damaged adds the remedy to an error of the file of a base model; nil stays nil.
func damaged(err error) error {
	if err == nil {
		return nil
	}
	return &service.HintError{
		What: fmt.Sprintf("the checkpoint was written with a base model that cannot be read: %v", err),
		Fix: []string{
			"move the folder `checkpoints` of the data dir away: the state is then rebuilt from the log",
		},
	}
}

// missing returns the error for a model that the registry does not have. which describes the model,
// and why says what needs it.
func missing(which, why string) error {
	return &service.HintError{
		What: fmt.Sprintf("model %s, which %s, is not in the registry", which, why),
		Fix: []string{
			"put that version's folder back into the registry; " +
				"without it the log cannot be replayed",
		},
	}
}

// fetch loads a version and checks that its bytes are those that the registry names.
func (s *modelStore) fetch(ctx context.Context, v registry.Version) (*model.Model, error) {
	dir, err := s.registry.Fetch(ctx, v)
	if err != nil {
		return nil, fmt.Errorf("fetch model %s v%s: %w", v.Name, v.Version, err)
	}
	m, err := model.Load(dir)
	if err != nil {
		return nil, err
	}
	if m.Digest != v.Digest {
		return nil, fmt.Errorf("model %s v%s: its bytes have digest %s, the registry says %s",
			v.Name, v.Version, m.Digest, v.Digest)
	}
	m.Version = v.Version
	return m, nil
}

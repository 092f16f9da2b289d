package forecaster

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
)

// modelStore fetches models from the registry and verifies them, once each.
type modelStore struct {
	registry registry.Registry
	name     string

	mu     sync.Mutex
	loaded map[string]*model.Model // by digest
}

func newModelStore(r registry.Registry, name string) *modelStore {
	return &modelStore{registry: r, name: name, loaded: map[string]*model.Model{}}
}

// get is the model that a control record names. The bytes must be those whose
// digest the record has: a log is replayed with the models it was written with.
func (s *modelStore) get(ctx context.Context, name, version, digest string) (*model.Model, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.loaded[digest]; ok {
		return m, nil
	}
	v, err := s.registry.ByDigest(ctx, name, digest)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return nil, &service.HintError{
			What: fmt.Sprintf("model %s v%s (%s), which the log was written with, is not in the registry", name, version, digest),
			Fix:  []string{"put that version's folder back into the registry; without it the log cannot be replayed"},
		}
	case err != nil:
		return nil, fmt.Errorf("look up model %s v%s: %w", name, version, err)
	}
	return s.load(ctx, v)
}

// byDigest is the model of a checkpoint.
func (s *modelStore) byDigest(ctx context.Context, digest string) (*model.Model, error) {
	return s.get(ctx, s.name, "?", digest)
}

// load fetches and verifies one version; the caller holds the lock.
func (s *modelStore) load(ctx context.Context, v registry.Version) (*model.Model, error) {
	dir, err := s.registry.Fetch(ctx, v)
	if err != nil {
		return nil, fmt.Errorf("fetch model %s v%s: %w", v.Name, v.Version, err)
	}
	m, err := model.Load(dir)
	if err != nil {
		return nil, err
	}
	if m.Digest != v.Digest {
		return nil, fmt.Errorf("model %s v%s: its bytes have digest %s, the registry says %s", v.Name, v.Version, m.Digest, v.Digest)
	}
	if err := m.SelfTest(); err != nil {
		return nil, fmt.Errorf("model %s v%s: %w", v.Name, v.Version, err)
	}
	m.Version = v.Version
	s.loaded[m.Digest] = m
	return m, nil
}

package cycle

import (
	"context"
	"errors"
	"time"

	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
)

// registryBackoff is the pause before a call to a registry that does not answer is repeated.
var registryBackoff = retry.Backoff{Least: time.Second, Most: 5 * time.Minute}

// patient is a registry that waits: a call that gets no answer is repeated until the pauses add up
// to patience. A model that took an hour to train is not thrown away because the registry is away
// for a minute.
type patient struct {
	registry.Registry
	patience time.Duration
	waiting  func(error) // called before each pause
}

// until repeats a call until it succeeds, its error is an answer, or patience is used up.
func (p patient) until(
	ctx context.Context, isAnswer func(error) bool, call func(context.Context) error,
) error {
	left, failures := p.patience, 0
	policy := retry.Policy{
		Backoff: registryBackoff,
		Final: func(err error) bool {
			failures++
			left -= registryBackoff.Pause(failures)
			return left < 0 || isAnswer(err)
		},
		Adjust: func(err error, pause time.Duration) time.Duration {
			p.waiting(err)
			return pause
		},
	}
	return retry.Until(ctx, policy, call)
}

// answered reports whether an error of the registry is an answer: what the registry says of a model
// or a folder will not change.
func answered(err error) bool {
	var folder *registry.FolderError
	return errors.Is(err, registry.ErrNotFound) || errors.As(err, &folder)
}

// ByAlias calls the registry again while it does not answer.
func (p patient) ByAlias(ctx context.Context, name, alias string) (v registry.Version, err error) {
	err = p.until(ctx, answered, func(ctx context.Context) (err error) {
		v, err = p.Registry.ByAlias(ctx, name, alias)
		return err
	})
	return v, err
}

// Fetch calls the registry again while it does not answer.
func (p patient) Fetch(ctx context.Context, v registry.Version) (dir string, err error) {
	err = p.until(ctx, answered, func(ctx context.Context) (err error) {
		dir, err = p.Registry.Fetch(ctx, v)
		return err
	})
	return dir, err
}

// SetAlias calls the registry again while it does not answer.
func (p patient) SetAlias(ctx context.Context, name, alias, version string) error {
	return p.until(ctx, answered, func(ctx context.Context) error {
		return p.Registry.SetAlias(ctx, name, alias, version)
	})
}

// registerOnce registers a folder with patience. When the answer to a call is lost, the version of
// the digest that was not there before is the one that the call registered.
func (p patient) registerOnce(
	ctx context.Context, name, dir, digest string,
) (v registry.Version, err error) {
	before, err := p.versions(ctx, name, digest)
	if err != nil {
		return registry.Version{}, err
	}
	again := false
	err = p.until(ctx, answered, func(ctx context.Context) (err error) {
		if again {
			now, err := p.versions(ctx, name, digest)
			if err != nil {
				return err
			}
			for version, found := range now {
				if _, old := before[version]; !old {
					v = found
					return nil
				}
			}
		}
		again = true
		v, err = p.Register(ctx, name, dir)
		return err
	})
	return v, err
}

// versions are the versions of a digest. Broken versions of the model are no error.
func (p patient) versions(
	ctx context.Context, name, digest string,
) (map[string]registry.Version, error) {
	known := map[string]registry.Version{}
	err := p.until(ctx, answered, func(ctx context.Context) error {
		all, err := p.Versions(ctx, name)
		for _, v := range all {
			if v.Digest == digest {
				known[v.Version] = v
			}
		}
		var folder *registry.FolderError
		if errors.As(err, &folder) {
			return nil
		}
		return err
	})
	return known, err
}

package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Aliases that the roles know. Setting Champion moves the one before to Previous.
const (
	Champion   = "champion"   // the version that serves
	Challenger = "challenger" // the version that wants to
	Previous   = "previous"   // the version that served before
)

// DefaultModel is the model that is trained, registered and served unless a command names another.
const DefaultModel = "load-1h"

// Version is one registered version of a model.
type Version struct {
	Name    string
	Version string // "1", "2", ... in the order of registration
	Digest  string // "sha256:<64 hex digits>", from the model folder
	Created time.Time
	Aliases []string           // those that point here, sorted
	Metrics map[string]float64 // from the model folder's metrics.json
	Tags    map[string]string  // from its tags.json: what the gate said and why
}

// Tags that every registry knows the meaning of.
const (
	// Description says in words for a person what a version is.
	Description = "description"
	// Verdict is what the gate said of it, in one word: first, passed or refused.
	Verdict = "loadtide.gate"
	// Run is the id of the training run that made it.
	Run = "loadtide.run"
)

// Registry keeps versions of models. Names and aliases are 1 to 64 of
// [A-Za-z0-9_-]. It is safe for use by several goroutines and processes. A
// registry that does not answer is ErrUnavailable: ask again later.
type Registry interface {
	// Register copies the model folder dir as the next version of name. Until it
	// returns nil no version is to be seen.
	Register(ctx context.Context, name, dir string) (Version, error)

	// SetAlias lets alias point at a version, which must be there (ErrNotFound).
	// The champion that another one takes over from becomes Previous.
	SetAlias(ctx context.Context, name, alias, version string) error

	// ByAlias returns the version that alias points at, ErrNotFound when the
	// model or the alias is not there.
	ByAlias(ctx context.Context, name, alias string) (Version, error)

	// ByDigest returns the newest version of name with these bytes, ErrNotFound
	// when there is none. One that was fetched on this machine before is found
	// while the registry is away.
	ByDigest(ctx context.Context, name, digest string) (Version, error)

	// Versions lists the whole versions of name in the order of registration; an
	// unknown name has none. For versions that are broken it returns an error
	// beside the list.
	Versions(ctx context.Context, name string) ([]Version, error)

	// Fetch returns a folder on this machine with the files of v, to be read
	// only. It refuses when v is not there (ErrNotFound) or has another digest.
	Fetch(ctx context.Context, v Version) (dir string, err error)
}

// checkToken guards what becomes the name of a file.
func checkToken(what, value string) error {
	if !meter.ValidToken(value) {
		return fmt.Errorf("%s %q: must be 1 to %d letters, digits, _ or -", what, value, meter.MaxToken)
	}
	return nil
}

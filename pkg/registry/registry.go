package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// Aliases that the roles know. When Champion moves, the version before becomes Previous.
const (
	Champion   = "champion"   // the version that serves
	Challenger = "challenger" // the version that may serve next
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
	Aliases []string           // that point at this version, sorted
	Metrics map[string]float64 // from the model folder's metrics.json
	Tags    map[string]string  // from its tags.json
}

// Tags with a meaning for every registry.
const (
	// Description describes a version for a person.
	Description = "description"
	// Verdict is the decision of the gate: first, passed or refused.
	Verdict = "loadtide.gate"
	// VerdictRefused is the verdict on a version that the gate keeps from serving.
	VerdictRefused = "refused"
	// Run is the id of the training run that made the version.
	Run = "loadtide.run"
)

// Registry keeps versions of models. Names and aliases are 1 to 64 of [A-Za-z0-9_-]. Several
// goroutines and processes may use it. Every method returns ErrUnavailable when the registry does
// not answer.
type Registry interface {
	// Register copies the model folder dir as the next version of name. The version is visible when
	// Register has returned nil.
	Register(ctx context.Context, name, dir string) (Version, error)

	// SetAlias lets alias point at a version. When the champion changes, the former champion
	// becomes Previous. Errors: ErrNotFound when the version does not exist.
	SetAlias(ctx context.Context, name, alias, version string) error

	// ByAlias returns the version that alias points at. Errors: ErrNotFound when the model or the
	// alias does not exist.
	ByAlias(ctx context.Context, name, alias string) (Version, error)

	// ByDigest returns the newest version of name with this digest. It also finds a version that
	// this machine has fetched while the registry is away. Errors: ErrNotFound when there is none.
	ByDigest(ctx context.Context, name, digest string) (Version, error)

	// Versions returns the whole versions of name in the order of registration; an unknown name has
	// none. When versions are broken, it returns the list of the others and an error.
	Versions(ctx context.Context, name string) ([]Version, error)

	// Fetch returns a folder on this machine with the files of v. The caller only reads it. Errors:
	// ErrNotFound when v does not exist; an error when its digest is another one.
	Fetch(ctx context.Context, v Version) (dir string, err error)
}

// checkToken refuses a text that may not become the name of a file.
func checkToken(what, value string) error {
	if !meter.ValidToken(value) {
		return fmt.Errorf("%s %q: must be 1 to %d letters, digits, _ or -", what, value,
			meter.MaxToken)
	}
	return nil
}

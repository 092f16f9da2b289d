package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// Local is a registry in a folder. Its layout is the one of MLflow's file store:
//
//	<dir>/models/<name>/version-<n>/   the model folder and the version's meta.yaml
//	<dir>/models/<name>/aliases/<alias>  a file with the version's number
//	<dir>/registry.lock                locked by the process that writes
//
// Readers take no lock: versions and aliases appear by a rename.
type Local struct{ dir string }

var _ Registry = (*Local)(nil)

const (
	versionPrefix = "version-"
	lockFile      = "registry.lock"
	lockWait      = 30 * time.Second
	lockRetry     = 20 * time.Millisecond
)

// NewLocal returns the registry in dir. The first Register makes the folder; until then the
// registry is empty. A path that is something else is refused.
func NewLocal(dir string) (*Local, error) {
	l := &Local{dir: filepath.Clean(dir)}
	if dir == "" {
		return nil, errors.New("model registry: no folder given")
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, l.unreadable(err)
	case !info.IsDir():
		return nil, l.unreadable(errors.New("not a folder"))
	}
	return l, nil
}

func (l *Local) model(name string) string   { return filepath.Join(l.dir, "models", name) }
func (l *Local) aliases(name string) string { return filepath.Join(l.model(name), "aliases") }
func (l *Local) version(name, version string) string {
	return filepath.Join(l.model(name), versionPrefix+version)
}

// locked calls write while no other process may write.
func (l *Local) locked(ctx context.Context, write func() error) (err error) {
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return l.unwritable(err)
	}
	wait, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	lock := flock.New(filepath.Join(l.dir, lockFile))
	if _, err := lock.TryLockContext(wait, lockRetry); err != nil {
		if ctx.Err() == nil && wait.Err() != nil {
			return fmt.Errorf("%s is held by another loadtide for over %v: wait until that "+
				"process has finished, or end it", lock.Path(), lockWait)
		}
		return l.unwritable(err)
	}
	defer func() {
		if unlock := lock.Close(); unlock != nil {
			err = errors.Join(err, unlock)
		}
		err = l.unwritable(err)
	}()
	return write()
}

// unwritable adds the folder and the remedy to an error of the system about a write in the
// registry.
func (l *Local) unwritable(err error) error {
	var known *FolderError
	if err == nil || errors.As(err, &known) || !within(l.dir, err) {
		return err
	}
	return &FolderError{
		Folder: l.dir, Fault: "cannot write to the model registry", Err: err,
		Remedy: "give this user the right to write there, or choose another folder",
	}
}

func (l *Local) unreadable(err error) error {
	return &FolderError{
		Folder: l.dir, Fault: "cannot read the model registry", Err: err,
		Remedy: "give this user the right to read it, or choose another folder",
	}
}

// within reports whether an error of the system is about a path in dir. Other errors are about a
// source folder, or are the end of a context.
func within(dir string, err error) bool {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return strings.HasPrefix(path.Path, dir)
	case errors.As(err, &link):
		return strings.HasPrefix(link.Old, dir)
	}
	return false
}

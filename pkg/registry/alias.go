package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/loadtide/loadtide/pkg/durable"
)

// SetAlias implements Registry.
func (l *Local) SetAlias(ctx context.Context, name, alias, version string) error {
	if err := errors.Join(checkToken("model name", name), checkToken("alias", alias)); err != nil {
		return fmt.Errorf("set alias: %w", err)
	}
	if _, err := l.read(name, version); err != nil {
		return fmt.Errorf("set alias %s of %s: %w", alias, name, err)
	}
	err := l.locked(ctx, func() error {
		if err := l.prepare(name); err != nil {
			return err
		}
		before, err := l.readAlias(name, alias)
		switch {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return err
		case before == version:
			return nil
		case alias == Champion:
			// Previous moves first, so that a crash between the two steps loses neither version.
			if err := l.writeAlias(ctx, name, Previous, before); err != nil {
				return err
			}
		}
		return l.writeAlias(ctx, name, alias, version)
	})
	if err != nil {
		return fmt.Errorf("set alias %s of %s: %w", alias, name, err)
	}
	return nil
}

// writeAlias writes the file of an alias.
func (l *Local) writeAlias(ctx context.Context, name, alias, version string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	alias = filepath.Join(l.aliases(name), alias)
	return durable.File{Path: alias}.Write(func(w io.Writer) error {
		if _, err := io.WriteString(w, version+"\n"); err != nil {
			return err
		}
		return ctx.Err()
	})
}

// readAlias returns the version in the file of an alias.
func (l *Local) readAlias(name, alias string) (string, error) {
	path := filepath.Join(l.aliases(name), alias)
	b, err := readSmall(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", notFound("model %s has no alias %s in %s", name, alias, l.dir)
	}
	if err != nil {
		return "", l.unreadable(err)
	}
	version := strings.TrimSpace(string(b))
	if !isNumber(version) {
		return "", &FolderError{
			Folder: path, Fault: fmt.Sprintf("holds %.40q, not the number of a version", version),
			Remedy: "remove the file and set the alias again",
		}
	}
	return version, nil
}

// ByAlias implements Registry.
func (l *Local) ByAlias(ctx context.Context, name, alias string) (Version, error) {
	if err := errors.Join(ctx.Err(), checkToken("model name", name),
		checkToken("alias", alias)); err != nil {
		return Version{}, fmt.Errorf("find model by alias: %w", err)
	}
	version, err := l.readAlias(name, alias)
	if err != nil {
		return Version{}, fmt.Errorf("find model by alias: %w", err)
	}
	v, err := l.read(name, version)
	if errors.Is(err, ErrNotFound) {
		// Not ErrNotFound, which a caller takes for a registry without a model.
		err = &FolderError{
			Folder: filepath.Join(l.aliases(name), alias),
			Fault:  "points at version " + version + ", which is not there",
			Remedy: "set the alias to a version that is there",
		}
	}
	if err != nil {
		return Version{}, fmt.Errorf("model %s@%s: %w", name, alias, err)
	}
	return v, nil
}

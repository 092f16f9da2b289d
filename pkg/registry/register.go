package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/durable"
)

// Register implements Registry. It writes a temporary folder and renames it when everything is
// durable.
func (l *Local) Register(ctx context.Context, name, dir string) (Version, error) {
	if err := checkToken("model name", name); err != nil {
		return Version{}, fmt.Errorf("register: %w", err)
	}
	names, err := listFiles(dir)
	if err != nil {
		return Version{}, fmt.Errorf("register %s: %w", name, err)
	}
	if _, err := readContents(dir, remedyWrite); err != nil {
		return Version{}, fmt.Errorf("register %s: %w", name, err)
	}
	v := Version{Name: name}
	err = l.locked(ctx, func() error {
		if err := l.prepare(name); err != nil {
			return err
		}
		n, err := l.lastNumber(name)
		if err != nil {
			return err
		}
		v.Version = strconv.Itoa(n + 1)
		v.Created = time.Now().UTC().Truncate(time.Millisecond)
		return l.add(ctx, &v, dir, names)
	})
	if err != nil {
		return Version{}, fmt.Errorf("register %s: %w", name, err)
	}
	return v, nil
}

// add writes the folder of a version. The version exists when add has returned nil.
func (l *Local) add(ctx context.Context, v *Version, from string, names []string) error {
	path := l.version(v.Name, v.Version)
	return durable.Folder{Path: path}.Write(func(d durable.Dir) error {
		if err := copyFiles(ctx, from, d, names); err != nil {
			return err
		}
		// The copy counts: the source may have changed in the meantime.
		c, err := readContents(d.Path, remedyWrite)
		if err != nil {
			return err
		}
		v.Digest, v.Metrics, v.Tags = c.digest, c.metrics, c.tags
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := writeMeta(d, *v); err != nil {
			return err
		}
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s exists already", path) // a rename would replace an empty folder
		}
		return ctx.Err()
	})
}

// prepare makes the folders of a model and removes temporary files of failed writes.
func (l *Local) prepare(name string) error {
	if err := os.MkdirAll(l.aliases(name), 0o755); err != nil {
		return err
	}
	for _, dir := range []string{l.model(name), filepath.Dir(l.model(name)), l.dir} {
		if err := durable.SyncDir(dir); err != nil {
			return err
		}
	}
	for _, dir := range []string{l.model(name), l.aliases(name)} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), durable.TempPrefix) {
				if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

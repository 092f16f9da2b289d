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
)

// Register implements Registry. It works in a folder that nobody looks at and
// renames it when everything in it is on the disk.
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
		temp := filepath.Join(l.model(name), tempPrefix+v.Version)
		if err := l.fill(ctx, &v, dir, temp, names); err != nil {
			_ = os.RemoveAll(temp) // swept by the next Register otherwise
			return err
		}
		return l.show(ctx, name, temp, l.version(name, v.Version))
	})
	if err != nil {
		return Version{}, fmt.Errorf("register %s: %w", name, err)
	}
	return v, nil
}

// fill makes the version's folder under its temporary name.
func (l *Local) fill(ctx context.Context, v *Version, from, temp string, names []string) error {
	if err := os.Mkdir(temp, 0o755); err != nil {
		return err
	}
	if err := copyFiles(ctx, from, temp, names); err != nil {
		return err
	}
	// What was copied counts, should the source have changed meanwhile.
	c, err := readContents(temp, remedyWrite)
	if err != nil {
		return err
	}
	v.Digest, v.Metrics, v.Tags = c.digest, c.metrics, c.tags
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := writeMeta(temp, *v); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return syncDir(temp)
}

// show gives a filled folder its name. From here on the version exists.
func (l *Local) show(ctx context.Context, name, temp, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already", path) // a rename would replace an empty folder
	}
	if err := os.Rename(temp, path); err != nil {
		return err
	}
	if err := syncDir(l.model(name)); err != nil {
		return errors.Join(err, os.Rename(path, temp)) // not durable: not to be seen
	}
	return nil
}

// prepare makes the model's folders and removes what broken writes left behind.
func (l *Local) prepare(name string) error {
	if err := os.MkdirAll(l.aliases(name), 0o755); err != nil {
		return err
	}
	for _, dir := range []string{l.model(name), filepath.Dir(l.model(name)), l.dir} {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	for _, dir := range []string{l.model(name), l.aliases(name)} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), tempPrefix) {
				if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

// Versions implements Registry.
func (l *Local) Versions(ctx context.Context, name string) ([]Version, error) {
	if err := errors.Join(ctx.Err(), checkToken("model name", name)); err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	numbers, err := l.numbers(name)
	if err != nil {
		return nil, fmt.Errorf("list versions of %s: %w", name, err)
	}
	var out []Version
	var broken []error
	for _, n := range numbers {
		v, err := l.read(name, strconv.Itoa(n))
		if err != nil {
			broken = append(broken, err)
			continue
		}
		out = append(out, v)
	}
	return out, errors.Join(broken...)
}

// read returns one version. Errors: ErrNotFound when it has no folder.
func (l *Local) read(name, version string) (Version, error) {
	dir := l.version(name, version)
	if !isNumber(version) {
		return Version{}, notFound("version %q of model %s in %s", version, name, l.dir)
	}
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return Version{}, notFound("version %s of model %s in %s", version, name, l.dir)
	}
	c, err := readContents(dir, remedyVersion)
	if err != nil {
		return Version{}, err
	}
	v := Version{Name: name, Version: version, Digest: c.digest, Metrics: c.metrics, Tags: c.tags}
	if err := readMeta(dir, &v); err != nil {
		return Version{}, err
	}
	entries, err := os.ReadDir(l.aliases(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Version{}, l.unreadable(err)
	}
	for _, e := range entries { // sorted by name
		if checkToken("alias", e.Name()) != nil {
			continue // a version that is being written
		}
		if at, err := l.readAlias(name, e.Name()); err == nil && at == version {
			v.Aliases = append(v.Aliases, e.Name())
		}
	}
	return v, nil
}

// ByDigest implements Registry.
func (l *Local) ByDigest(ctx context.Context, name, digest string) (Version, error) {
	all, err := l.Versions(ctx, name)
	return newestOf(all, err, name, digest)
}

// newestOf returns the newest version of a list with this digest. err is the error that came with
// the list.
func newestOf(all []Version, err error, name, digest string) (Version, error) {
	for _, v := range slices.Backward(all) {
		if v.Digest == digest {
			return v, nil
		}
	}
	if err == nil {
		err = notFound("model %s with digest %s", name, digest)
	}
	return Version{}, fmt.Errorf("find model by digest: %w", err)
}

// Fetch implements Registry. It returns the folder in the registry itself.
func (l *Local) Fetch(ctx context.Context, v Version) (string, error) {
	if err := errors.Join(ctx.Err(), checkToken("model name", v.Name)); err != nil {
		return "", fmt.Errorf("fetch model: %w", err)
	}
	dir := l.version(v.Name, v.Version)
	stored, err := l.read(v.Name, v.Version)
	if err == nil && stored.Digest != v.Digest {
		err = &FolderError{
			Folder: dir, Fault: fmt.Sprintf("holds %s, not %s", stored.Digest, v.Digest),
			Remedy: remedyVersion,
		}
	}
	if err != nil {
		return "", fmt.Errorf("fetch model %s version %s: %w", v.Name, v.Version, err)
	}
	return dir, nil
}

// numbers returns the numbers of all version folders, whole or not, ascending.
func (l *Local) numbers(name string) ([]int, error) {
	entries, err := os.ReadDir(l.model(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, l.unreadable(err)
	}
	var out []int
	for _, e := range entries {
		if digits, ok := strings.CutPrefix(e.Name(), versionPrefix); ok && isNumber(digits) {
			n, _ := strconv.Atoi(digits) // isNumber has checked it
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

func (l *Local) lastNumber(name string) (int, error) {
	all, err := l.numbers(name)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[len(all)-1], nil
}

// isNumber reports whether s is a version as this registry writes it: 1, 2, ...
func isNumber(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n > 0 && strconv.Itoa(n) == s
}

package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/durable"
)

// cacheSize is how many versions of a model this machine keeps: those that were used last. A
// version that was removed is fetched again.
const cacheSize = 64

// modelFile is the file whose digest a version has.
const modelFile = "model.onnx"

// folderOf returns the folder of a fetched version. The name has the digest, because a server that
// was installed again gives the same numbers to other models.
func (r *MLflow) folderOf(v Version) string {
	digest := strings.TrimPrefix(v.Digest, digestPrefix)
	return filepath.Join(r.cache, v.Name, versionPrefix+v.Version+"-"+digest)
}

// cached returns the newest fetched version with this digest, if it is whole.
func (r *MLflow) cached(name, digest string) (Version, bool) {
	if !isDigest(digest) {
		return Version{}, false
	}
	entries, err := os.ReadDir(filepath.Join(r.cache, name))
	if err != nil {
		return Version{}, false
	}
	newest := 0
	for _, e := range entries {
		number, ok := strings.CutSuffix(strings.TrimPrefix(e.Name(), versionPrefix),
			"-"+strings.TrimPrefix(digest, digestPrefix))
		if n, err := strconv.Atoi(number); ok && err == nil {
			newest = max(newest, n)
		}
	}
	dir := r.folderOf(Version{Name: name, Version: strconv.Itoa(newest), Digest: digest})
	v, err := readCached(dir)
	if err != nil || v.Name != name || v.Digest != digest {
		return Version{}, false
	}
	return v, true
}

// readCached reads a fetched version and compares its bytes with its digest. A damaged folder has
// to be fetched again.
func readCached(dir string) (Version, error) {
	c, err := readContents(dir, remedyVersion)
	if err != nil {
		return Version{}, err
	}
	v := Version{Digest: c.digest, Metrics: c.metrics, Tags: c.tags}
	if err := readMeta(dir, &v); err != nil {
		return Version{}, err
	}
	f, err := os.Open(filepath.Join(dir, modelFile))
	if err != nil {
		return Version{}, err
	}
	sum := sha256.New()
	_, err = io.Copy(sum, io.LimitReader(f, maxFolder))
	if err := errors.Join(err, f.Close()); err != nil {
		return Version{}, err
	}
	if is := digestPrefix + hex.EncodeToString(sum.Sum(nil)); is != v.Digest {
		return Version{}, fmt.Errorf("%s is %s", modelFile, is)
	}
	return v, nil
}

// Fetch implements Registry. A version that was fetched before comes from this machine, and the
// server is not asked.
func (r *MLflow) Fetch(ctx context.Context, v Version) (string, error) {
	if err := errors.Join(ctx.Err(), checkToken("model name", v.Name)); err != nil {
		return "", fmt.Errorf("fetch model: %w", err)
	}
	what := fmt.Sprintf("fetch model %s version %.80s", v.Name, v.Version)
	if isNumber(v.Version) && isDigest(v.Digest) {
		dir := r.folderOf(v)
		cached, err := readCached(dir)
		if err == nil && cached.Version == v.Version && cached.Digest == v.Digest {
			now := time.Now()
			_ = os.Chtimes(dir, now, now) // the time only decides which version is removed first
			return dir, nil
		}
	}
	if r.local != nil {
		if dir, err := r.local.Fetch(ctx, v); err == nil {
			return dir, nil
		}
	}
	stored, err := r.version(ctx, v.Name, v.Version)
	if err != nil {
		return "", r.failed(what, err)
	}
	if stored.Digest != v.Digest {
		return "", fmt.Errorf("%s: it is %s, not %s", what, stored.Digest, v.Digest)
	}
	files, err := r.download(ctx, stored)
	if err != nil {
		return "", r.failed(what, err)
	}
	r.mu.Lock() // not during the download: a version on this machine need not wait for that
	defer r.mu.Unlock()
	dir, err := r.keep(stored, files)
	if err != nil {
		return "", fmt.Errorf("%s: keep it in %s: %w", what, r.cache, err)
	}
	return dir, nil
}

// download reads the files of a version and compares them with its digest.
func (r *MLflow) download(ctx context.Context, v Version) ([]file, error) {
	refuse := func(fault string) ([]file, error) {
		return nil, &FolderError{
			Folder: fmt.Sprintf("models:/%s/%s", v.Name, v.Version), Fault: fault,
			Remedy: "promote or train another version",
		}
	}
	uri, err := r.client.DownloadURI(ctx, v.Name, v.Version)
	if err != nil {
		return nil, err
	}
	list, err := r.client.ListArtifacts(ctx, uri, "")
	if err != nil {
		return nil, err
	}
	if len(list) > maxFiles {
		return refuse(fmt.Sprintf("has %d files, at most %d", len(list), maxFiles))
	}
	var files []file
	left, digest := int64(maxFolder), ""
	for _, f := range list {
		if f.IsDir || f.Path == metaFile {
			continue // not part of a model folder
		}
		if f.Path == "" || f.Path == ".." || strings.ContainsAny(f.Path, `/\:`) {
			return refuse(fmt.Sprintf("has a file %.80q", f.Path))
		}
		data, err := r.client.Download(ctx, uri, f.Path, left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(data))
		files = append(files, file{f.Path, data})
		if f.Path == modelFile {
			sum := sha256.Sum256(data)
			digest = digestPrefix + hex.EncodeToString(sum[:])
		}
	}
	if digest != v.Digest {
		return refuse(fmt.Sprintf("its %s is %s, the version says %s", modelFile,
			cmp.Or(digest, "missing"), v.Digest))
	}
	return files, nil
}

// errCached says that another process has fetched the same version in the meantime.
var errCached = errors.New("cached already")

// keep writes a fetched version to the cache and removes the oldest ones.
func (r *MLflow) keep(v Version, files []file) (string, error) {
	dir := r.folderOf(v)
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	err := durable.Folder{Path: dir}.Write(func(d durable.Dir) error {
		for _, f := range files {
			if err := d.WriteFile(f.name, durable.Bytes(f.data)); err != nil {
				return err
			}
		}
		if err := writeMeta(d, v); err != nil {
			return err
		}
		if cached, err := readCached(dir); err == nil && cached.Version == v.Version {
			return errCached
		}
		return os.RemoveAll(dir) // a damaged one
	})
	if errors.Is(err, errCached) {
		return dir, nil
	}
	if err != nil {
		return "", err
	}
	r.prune(parent)
	return dir, nil
}

// prune removes the versions whose last use is oldest, and temporary folders of failed writes.
func (r *MLflow) prune(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return // the next version tries again
	}
	type folder struct {
		name string
		used time.Time
	}
	var all []folder
	for _, e := range entries {
		info, err := e.Info()
		switch {
		case err != nil:
		case !strings.HasPrefix(e.Name(), durable.TempPrefix):
			all = append(all, folder{e.Name(), info.ModTime()})
		case time.Since(info.ModTime()) > time.Hour: // a younger one may belong to another process
			_ = os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
	slices.SortFunc(all, func(a, b folder) int { return b.used.Compare(a.used) })
	for i := cacheSize; i < len(all); i++ {
		_ = os.RemoveAll(filepath.Join(parent, all[i].name))
	}
}

package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/loadtide/loadtide/pkg/durable"
)

// Limits of a model folder.
const (
	maxFiles      = 32
	maxFolder     = 128 << 20
	maxSmallFile  = 1 << 20 // digest, metrics.json, meta.yaml, an alias
	digestFile    = "digest"
	metricsFile   = "metrics.json"
	tagsFile      = "tags.json"
	digestPrefix  = "sha256:"
	digestLength  = len(digestPrefix) + 64
	remedyWrite   = "write the model again with loadtide train, and register that"
	remedyVersion = "move this folder out of the registry, and promote or train another version"
)

// contents are the parts of a model folder that the registry reads.
type contents struct {
	digest  string
	metrics map[string]float64
	tags    map[string]string
}

// readContents reads the digest, the metrics and the tags of dir. Metrics and tags may be missing;
// a folder without a digest was never whole. Every error is a *FolderError with the remedy.
func readContents(dir, remedy string) (contents, error) {
	refuse := func(fault string, err error) (contents, error) {
		return contents{}, &FolderError{Folder: dir, Fault: fault, Remedy: remedy, Err: err}
	}
	b, err := readSmall(filepath.Join(dir, digestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return refuse("no file "+digestFile+": this is not a whole model folder", nil)
	}
	if err != nil {
		return refuse("cannot read "+digestFile, err)
	}
	c := contents{digest: strings.TrimSpace(string(b))}
	if !isDigest(c.digest) {
		return refuse(fmt.Sprintf("%s holds %.80q, not sha256:<64 hex digits>", digestFile,
			c.digest), nil)
	}
	for _, f := range []struct {
		name string
		into any
	}{{metricsFile, &c.metrics}, {tagsFile, &c.tags}} {
		b, err := readSmall(filepath.Join(dir, f.name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return refuse("cannot read "+f.name, err)
		}
		if err := json.Unmarshal(b, f.into); err != nil {
			return refuse("wrong "+f.name, err)
		}
	}
	if err := checkTags(c.tags); err != nil {
		return refuse("wrong "+tagsFile, err)
	}
	return c, nil
}

// Limits of the tags of a version. Every backend can keep tags within them.
const (
	maxTags     = 64
	maxTagValue = 5000 // bytes
)

func checkTags(tags map[string]string) error {
	if len(tags) > maxTags {
		return fmt.Errorf("%d tags, at most %d", len(tags), maxTags)
	}
	for key, value := range tags {
		if err := checkToken("tag", strings.ReplaceAll(key, ".", "_")); err != nil ||
			key == tagDigest || key == tagMetrics {
			return fmt.Errorf("tag %.80q: must be 1 to 64 letters, digits, dots, _ or -, and not "+
				"%s or %s", key, tagDigest, tagMetrics)
		}
		if len(value) > maxTagValue {
			return fmt.Errorf("tag %s has %d bytes, at most %d", key, len(value), maxTagValue)
		}
	}
	return nil
}

func isDigest(s string) bool {
	if len(s) != digestLength || !strings.HasPrefix(s, digestPrefix) {
		return false
	}
	return strings.Trim(s[len(digestPrefix):], "0123456789abcdef") == ""
}

// readSmall reads a plain file of at most maxSmallFile bytes.
func readSmall(path string) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a plain file")
	}
	if info.Size() > maxSmallFile {
		return nil, fmt.Errorf("%d bytes, at most %d", info.Size(), maxSmallFile)
	}
	return os.ReadFile(path)
}

// listFiles returns the names of the files of a model folder. It refuses a folder with anything but
// a few plain files, because a link could lead out of the folder.
func listFiles(dir string) ([]string, error) {
	refuse := func(fault string, err error) ([]string, error) {
		return nil, &FolderError{Folder: dir, Fault: fault, Remedy: remedyWrite, Err: err}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return refuse("cannot read the model folder", err)
	}
	if len(entries) > maxFiles {
		return refuse(fmt.Sprintf("%d files, at most %d", len(entries), maxFiles), nil)
	}
	var names []string
	var total int64
	for _, e := range entries {
		if !e.Type().IsRegular() {
			return refuse(e.Name()+" is not a plain file", nil)
		}
		info, err := e.Info()
		if err != nil {
			return refuse("cannot read "+e.Name(), err)
		}
		if total += info.Size(); total > maxFolder {
			return refuse(fmt.Sprintf("more than %d MiB of files", maxFolder>>20), nil)
		}
		if e.Name() != metaFile { // the registry writes its own for each version
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// file is a file of a model folder, in memory.
type file struct {
	name string
	data []byte
}

// readFiles reads all files of a model folder.
func readFiles(dir string) ([]file, contents, error) {
	names, err := listFiles(dir)
	if err != nil {
		return nil, contents{}, err
	}
	c, err := readContents(dir, remedyWrite)
	if err != nil {
		return nil, contents{}, err
	}
	refuse := func(name string, err error) ([]file, contents, error) {
		return nil, contents{}, &FolderError{Folder: dir, Fault: "cannot read " + name,
			Remedy: remedyWrite, Err: err}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return refuse("the model folder", err)
	}
	defer func() { _ = root.Close() }() // a failed close of a folder that was read loses nothing
	var files []file
	left := int64(maxFolder)
	for _, name := range names {
		in, err := root.Open(name)
		if err != nil {
			return refuse(name, err)
		}
		data, err := io.ReadAll(io.LimitReader(in, left+1))
		if err := errors.Join(err, in.Close()); err != nil {
			return refuse(name, err)
		}
		if left -= int64(len(data)); left < 0 {
			return refuse(name, errors.New("it grew while it was read"))
		}
		files = append(files, file{name, data})
	}
	return files, c, nil
}

// copyFiles copies the named files of a folder into another one and syncs them.
func copyFiles(ctx context.Context, from string, to durable.Dir, names []string) error {
	root, err := os.OpenRoot(from)
	if err != nil {
		return err
	}
	left := int64(maxFolder)
	for _, name := range names {
		if err = ctx.Err(); err != nil {
			break
		}
		var n int64
		if n, err = copyFile(root, name, to, left); err != nil {
			break
		}
		left -= n
	}
	return errors.Join(err, root.Close())
}

func copyFile(root *os.Root, name string, to durable.Dir, limit int64) (int64, error) {
	in, err := root.Open(name)
	if err != nil {
		return 0, err
	}
	var n int64
	err = to.WriteFile(name, func(w io.Writer) error {
		n, err = io.Copy(w, io.LimitReader(in, limit+1))
		if err == nil && n > limit {
			err = fmt.Errorf("%s grew while it was copied", name)
		}
		return err
	})
	return n, errors.Join(err, in.Close())
}

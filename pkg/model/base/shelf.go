package base

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/loadtide/loadtide/pkg/durable"
	"github.com/loadtide/loadtide/pkg/model"
)

// Shelf holds the base models of this release, and in a folder those of the releases before: a log
// is replayed with the base models that it names. The zero value holds none.
type Shelf struct {
	dir string
	own []*model.Model
}

// OpenShelf returns the shelf in dir, and puts the base models of this release there. It makes the
// folder when it does not exist, and writes a file again that is damaged.
func OpenShelf(dir string) (*Shelf, error) {
	own, err := Models()
	if err != nil {
		return nil, err
	}
	s := &Shelf{dir: dir, own: own}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("the folder of base models cannot be made: %w", err)
	}
	for _, m := range own {
		path, data := filepath.Join(dir, fileOf(m.Digest)), file(m.Spec.Step())
		if kept, err := os.ReadFile(path); err == nil && bytes.Equal(kept, data) {
			continue
		}
		if err := (durable.File{Path: path}).Write(durable.Bytes(data)); err != nil {
			return nil, fmt.Errorf("keep base model of %s: %w", m.Spec.Interval, err)
		}
	}
	return s, nil
}

// fileOf is the name of the file of a digest.
func fileOf(digest string) string { return strings.ReplaceAll(digest, ":", "-") + ".onnx" }

// Models are the base models of this release, that of the finest interval first.
func (s *Shelf) Models() []*model.Model { return s.own }

// ByDigest returns the base model of a digest, of this release or of one before; ok is false when
// the shelf has none. The error says why a file could not be read.
func (s *Shelf) ByDigest(digest string) (m *model.Model, ok bool, err error) {
	for _, m := range s.own {
		if m.Digest == digest {
			return m, true, nil
		}
	}
	if s.dir == "" {
		return nil, false, nil
	}
	data, err := s.read(fileOf(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read base model: %w", err)
	}
	m, err = model.Parse(data)
	if err != nil {
		return nil, false, fmt.Errorf("base model %s: %w", digest, err)
	}
	if m.Digest != digest {
		return nil, false, fmt.Errorf("base model %s: its bytes have digest %s", digest, m.Digest)
	}
	return m.WithVersion(Version), true, nil
}

// read returns the bytes of a file of the folder. A name that leads out of it is an error.
func (s *Shelf) read(name string) ([]byte, error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	data, err := root.ReadFile(name)
	return data, errors.Join(err, root.Close())
}

// Like returns the base model of this release of a name, such as load-1h; ok is false when there is
// none.
func (s *Shelf) Like(name string) (m *model.Model, ok bool) {
	for _, m := range s.own {
		if m.Spec.Name == name {
			return m, true
		}
	}
	return nil, false
}

package model

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/onnx"
)

const (
	modelFile   = "model.onnx"
	metricsFile = "metrics.json"
	tagsFile    = "tags.json"
	cardFile    = "card.md"
	digestFile  = "digest"

	// MaxFile is the largest model.onnx, in bytes.
	MaxFile  = onnx.MaxSize
	maxSmall = 1 << 20 // bytes of every other file
)

// Model is a network that can serve. It is immutable and may be shared.
type Model struct {
	Spec    Spec
	Version string // in its registry, empty when it did not come from one
	Digest  string // "sha256:<hex>"
	LSTM    *nn.LSTM
	Head    *nn.Head
}

// Load reads a model folder. Whatever is missing, damaged, beyond the limits or
// not finite is refused with *FolderError, which names folder, file and remedy.
func Load(dir string) (*Model, error) {
	a, digest, err := load(dir)
	if err != nil {
		return nil, err
	}
	shape := a.Spec.Shape()
	return &Model{Spec: a.Spec, Digest: digest, LSTM: nn.NewLSTM(shape, a.LSTM), Head: nn.NewHead(shape, a.Head)}, nil
}

// LoadArtifact is Load for who goes on training from a model: spec and weights, and
// nothing of what was found of it.
func LoadArtifact(dir string) (Artifact, error) {
	a, _, err := load(dir)
	return a, err
}

func load(dir string) (a Artifact, digest string, err error) {
	f, err := openFolder(dir)
	if err != nil {
		return Artifact{}, "", err
	}
	defer f.close()
	line, err := f.read(digestFile, maxSmall)
	if err != nil {
		return Artifact{}, "", err
	}
	said := strings.TrimSpace(string(line))
	if !isDigest(said) {
		return Artifact{}, "", f.refuse(digestFile, fmt.Sprintf("holds %.80q, not sha256:<64 hex digits>", said), nil)
	}
	b, err := f.read(modelFile, MaxFile)
	if err != nil {
		return Artifact{}, "", err
	}
	a, err = decode(b)
	if is := digestOf(b); is != said {
		// What is wrong inside, if anything can be told, comes as the cause.
		return Artifact{}, "", f.refuse(modelFile, fmt.Sprintf("wrong checksum: the file is %s, %s says %s", is, digestFile, said), err)
	}
	if err != nil {
		return Artifact{}, "", f.refuse(modelFile, "not a model this program can serve", err)
	}
	return a, said, nil
}

// decode reads a model file; version and digest are not in it.
func decode(b []byte) (Artifact, error) {
	file, err := onnx.Read(b)
	if err != nil {
		return Artifact{}, err
	}
	text, err := metadata(file, specKey)
	if err != nil {
		return Artifact{}, err
	}
	spec, err := decodeSpec([]byte(text))
	if err != nil {
		return Artifact{}, fmt.Errorf("%s: %w", specKey, oneLine(err))
	}
	if err := checkGraph(&file.Graph, graphOf(spec)); err != nil {
		return Artifact{}, err
	}
	shape := spec.Shape()
	lstm, head := unpack(file.Graph.Initializers, shape)
	if err := checkWeights(lstm, head, shape); err != nil {
		return Artifact{}, err
	}
	return Artifact{Spec: spec, LSTM: lstm, Head: head}, nil
}

// metadata is the value of a key that the file must have once.
func metadata(file *onnx.Model, key string) (string, error) {
	value, times := "", 0
	for _, p := range file.Metadata {
		if p.Key == key {
			value, times = p.Value, times+1
		}
	}
	if times != 1 {
		return "", fmt.Errorf("metadata has the key %s %d times, it must be there once", key, times)
	}
	return value, nil
}

// WithVersion returns the same model under the version of its registry.
func (m *Model) WithVersion(version string) *Model {
	named := *m
	named.Version = version
	return &named
}

// folder reads bounded plain files of a model folder and nothing outside it.
type folder struct {
	dir  string
	root *os.Root
}

func openFolder(dir string) (*folder, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		f := folder{dir: dir}
		return nil, f.refuse("", "cannot be read", err)
	}
	return &folder{dir: dir, root: root}, nil
}

// close releases the folder; it was only read, so nothing can be lost.
func (f *folder) close() { _ = f.root.Close() }

func (f *folder) refuse(file, fault string, err error) error {
	return &FolderError{Folder: f.dir, File: file, Fault: fault, Remedy: remedyLoad, Err: err}
}

// read returns a plain file's bytes. What is no plain file is not opened:
// opening a pipe would wait for ever, a link leads elsewhere.
func (f *folder) read(name string, limit int64) ([]byte, error) {
	info, err := f.root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, f.refuse(name, "is missing: this is not a whole model folder", nil)
	}
	if err != nil {
		return nil, f.refuse(name, "cannot be read", err)
	}
	if !info.Mode().IsRegular() {
		return nil, f.refuse(name, "is not a plain file", nil)
	}
	if info.Size() > limit {
		return nil, f.refuse(name, fmt.Sprintf("has %d bytes, at most %d are read", info.Size(), limit), nil)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, f.refuse(name, "cannot be read", err)
	}
	// One byte past the limit tells a file that grew since.
	b, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, f.refuse(name, "cannot be read", err)
	}
	if int64(len(b)) > limit {
		return nil, f.refuse(name, fmt.Sprintf("has more than %d bytes", limit), nil)
	}
	return b, nil
}

// oneLine joins the faults of a spec, which stand on lines of their own.
func oneLine(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}

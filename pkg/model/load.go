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

// Model is a network that can serve. It is immutable, so goroutines may share it.
type Model struct {
	Spec    Spec
	Version string // in its registry; empty for a model from a folder
	Digest  string // "sha256:<hex>"
	LSTM    *nn.LSTM
	Head    *nn.Head
}

// BaseVersion is the version of base models, which are part of the program.
const BaseVersion = "base"

// Parse reads a model file, as in a model folder. The model has the digest of the file, and no
// version.
func Parse(file []byte) (*Model, error) {
	a, err := decode(file)
	if err != nil {
		return nil, err
	}
	shape := a.Spec.Shape()
	return &Model{Spec: a.Spec, Digest: digestOf(file), LSTM: nn.NewLSTM(shape, a.LSTM),
		Head: nn.NewHead(shape, a.Head)}, nil
}

// ParseArtifact reads spec and weights of a model file, for a training that starts from them.
func ParseArtifact(file []byte) (Artifact, error) { return decode(file) }

// Load reads a model folder. Errors: *FolderError when something is missing, damaged, beyond the
// limits or not finite; it names folder, file and remedy.
func Load(dir string) (*Model, error) {
	a, digest, err := load(dir)
	if err != nil {
		return nil, err
	}
	shape := a.Spec.Shape()
	return &Model{Spec: a.Spec, Digest: digest, LSTM: nn.NewLSTM(shape, a.LSTM),
		Head: nn.NewHead(shape, a.Head)}, nil
}

// LoadArtifact reads spec and weights of a model folder, for a training that starts from them.
// Metrics, tags and card stay empty.
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
		return Artifact{}, "", f.refuse(digestFile,
			fmt.Sprintf("holds %.80q, not sha256:<64 hex digits>", said), nil)
	}
	b, err := f.read(modelFile, MaxFile)
	if err != nil {
		return Artifact{}, "", err
	}
	a, err = decode(b)
	if is := digestOf(b); is != said {
		// The cause says what is wrong inside the file, if decode finds that.
		return Artifact{}, "", f.refuse(modelFile,
			fmt.Sprintf("wrong checksum: the file is %s, %s says %s", is, digestFile, said), err)
	}
	if err != nil {
		return Artifact{}, "", f.refuse(modelFile, "not a model this program can serve", err)
	}
	return a, said, nil
}

// decode reads a model file. The file does not contain version and digest.
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

// metadata returns the value of a key that the file must have exactly once.
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

// Title is what a person knows the model by, such as "load-1h v3" or "load-1h base".
func (m *Model) Title() string {
	switch m.Version {
	case "":
		return m.Spec.Name
	case BaseVersion:
		return m.Spec.Name + " " + BaseVersion
	}
	return m.Spec.Name + " v" + m.Version
}

// WithHorizon returns the model of the first leads, at least 1 and at most those of m. It forecasts
// these leads as m does.
func (m *Model) WithHorizon(leads int) *Model {
	if leads == m.Spec.Horizon {
		return m
	}
	shorter := *m
	shorter.Spec.Horizon = leads
	shorter.Head = m.Head.WithHorizon(leads)
	return &shorter
}

// WithVersion returns the model with the version of its registry.
func (m *Model) WithVersion(version string) *Model {
	named := *m
	named.Version = version
	return &named
}

// folder reads plain files of a model folder, up to their limits, and nothing outside the folder.
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

// close closes the folder. A failed close of a folder that was read loses nothing.
func (f *folder) close() { _ = f.root.Close() }

func (f *folder) refuse(file, fault string, err error) error {
	return &FolderError{Folder: f.dir, File: file, Fault: fault, Remedy: remedyLoad, Err: err}
}

// read returns the bytes of a plain file. It opens nothing else: opening a pipe would wait without
// limit, and a link leads out of the folder.
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
		return nil, f.refuse(name, fmt.Sprintf("has %d bytes, at most %d are read", info.Size(),
			limit), nil)
	}
	file, err := f.root.Open(name)
	if err != nil {
		return nil, f.refuse(name, "cannot be read", err)
	}
	// A byte behind the limit means that the file has grown since then.
	b, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err = errors.Join(err, file.Close()); err != nil {
		return nil, f.refuse(name, "cannot be read", err)
	}
	if int64(len(b)) > limit {
		return nil, f.refuse(name, fmt.Sprintf("has more than %d bytes", limit), nil)
	}
	return b, nil
}

// oneLine joins the faults of a spec, which are separate lines.
func oneLine(err error) error {
	return errors.New(strings.ReplaceAll(err.Error(), "\n", "; "))
}

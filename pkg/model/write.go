package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/loadtide/loadtide/pkg/durable"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/nn"
	"github.com/loadtide/loadtide/pkg/onnx"
)

// Artifact is the content of a model folder.
type Artifact struct {
	Spec Spec
	LSTM []float32 // in the layout of nn.SplitLSTM
	Head []float32 // in the layout of nn.SplitHead
	// Metrics are measures of the model, by name. Values that are not finite are left out, because
	// JSON cannot express them.
	Metrics map[string]float64
	// Tags describe the training and the decision about the model, by name.
	Tags map[string]string
	// Card is Markdown for people, or empty.
	Card string
}

// WithHorizon returns the artifact of the first leads, at least 1 and at most those of a. Its model
// forecasts these leads as that of a does.
func (a Artifact) WithHorizon(leads int) Artifact {
	if leads != a.Spec.Horizon {
		a.Head = nn.HeadWithHorizon(a.Spec.Shape(), a.Head, leads)
		a.Spec.Horizon = leads
	}
	return a
}

// Write writes the model folder dir and returns its digest. It overwrites nothing: dir must not
// exist, or be an empty folder. A folder at dir is always whole.
func Write(dir string, a Artifact) (digest string, err error) {
	files, digest, err := a.files()
	if err != nil {
		return "", fmt.Errorf("write model: %w", err)
	}
	dir = filepath.Clean(dir)
	if err := makeRoom(dir); err != nil {
		return "", err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", unwritable(dir, err)
	}
	err = durable.Folder{Path: dir}.Write(func(d durable.Dir) error {
		for _, f := range files {
			if err := d.WriteFile(f.name, durable.Bytes(f.data)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return "", unwritable(dir, err)
	}
	return digest, nil
}

// Encode returns the bytes of a model file, and its digest. Parse reads it.
func (a Artifact) Encode() (file []byte, digest string, err error) {
	if err := errors.Join(a.Spec.Validate(), checkWeights(a.LSTM, a.Head, a.Spec.Shape())); err != nil {
		return nil, "", err
	}
	file, err = encode(a.Spec, a.LSTM, a.Head)
	return file, digestOf(file), err
}

type namedFile struct {
	name string
	data []byte
}

// files checks the artifact and returns the files of the folder. The digest is the last file,
// because a folder with a digest is whole.
func (a Artifact) files() ([]namedFile, string, error) {
	if err := a.Spec.Validate(); err != nil {
		return nil, "", err
	}
	shape := a.Spec.Shape()
	if n := 4 * (shape.LSTMParams() + shape.HeadParams()); n > MaxFile {
		return nil, "", fmt.Errorf("weights of %d bytes, at most %d: choose a smaller hidden, "+
			"horizon or number of levels", n, MaxFile)
	}
	if err := checkWeights(a.LSTM, a.Head, shape); err != nil {
		return nil, "", err
	}
	file, err := encode(a.Spec, a.LSTM, a.Head)
	if err != nil {
		return nil, "", err
	}
	known := maps.Clone(a.Metrics)
	maps.DeleteFunc(known, func(_ string, v float64) bool { return !meter.Finite(v) })
	if known == nil {
		known = map[string]float64{}
	}
	metrics, err := json.MarshalIndent(known, "", "  ")
	if err != nil {
		return nil, "", fmt.Errorf("metrics: %w", err)
	}
	digest := digestOf(file)
	files := []namedFile{{modelFile, file}, {metricsFile, append(metrics, '\n')}}
	if len(a.Tags) > 0 {
		tags, err := json.MarshalIndent(a.Tags, "", "  ")
		if err != nil {
			return nil, "", fmt.Errorf("tags: %w", err)
		}
		files = append(files, namedFile{tagsFile, append(tags, '\n')})
	}
	if a.Card != "" {
		files = append(files, namedFile{cardFile, []byte(a.Card)})
	}
	others, err := mlflowFiles(a.Spec)
	if err != nil {
		return nil, "", err
	}
	files = append(files, others...)
	return append(files, namedFile{digestFile, []byte(digest + "\n")}), digest, nil
}

// encode returns the bytes of a model file. The same arguments give the same bytes.
func encode(s Spec, lstm, head []float32) ([]byte, error) {
	spec, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("spec: %w", err)
	}
	graph := graphOf(s)
	pack(graph.Initializers, s.Shape(), lstm, head)
	return onnx.Append(nil, &onnx.Model{
		Producer: producerName, Graph: graph,
		Metadata: []onnx.Property{{Key: specKey, Value: string(spec)}},
	})
}

// Vacant returns an error unless Write can make a model folder at dir. At dir there is either
// nothing or an empty folder then.
func Vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0:
		return nil
	case err == nil:
		return &FolderError{
			Folder: dir, Fault: "exists and is not empty; nothing was overwritten",
			Remedy: "name another folder, or move this one away",
		}
	}
	return unwritable(dir, err)
}

// makeRoom removes dir if it is an empty folder, and refuses anything else at dir.
func makeRoom(dir string) error {
	if err := Vacant(dir); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritable(dir, err)
	}
	return nil
}

func unwritable(dir string, err error) error {
	return &FolderError{
		Folder: dir, Fault: "cannot be written", Err: err,
		Remedy: "name a folder where this user may write and that has room",
	}
}

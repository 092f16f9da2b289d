package base

import (
	"bytes"
	"embed"
	"fmt"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
)

// Card is Markdown on what the models were trained on, by which licences, and on their accuracy.
//
//go:embed card.md
var Card string

//go:embed load-*.onnx
var files embed.FS

// Version is the version that forecasts and models name.
const Version = model.BaseVersion

// file is the model file of an interval, nil where there is none.
func file(interval time.Duration) []byte {
	b, err := files.ReadFile("load-" + meter.IntervalName(interval) + ".onnx")
	if err != nil {
		return nil
	}
	return b
}

// parsed are the models, which all callers share.
var parsed = sync.OnceValues(func() ([]*model.Model, error) {
	var all []*model.Model
	for _, interval := range meter.Intervals() {
		b := file(interval)
		if b == nil {
			continue
		}
		m, err := model.Parse(bytes.Clone(b))
		if err != nil {
			return nil, fmt.Errorf("base model of %s: %w", meter.IntervalName(interval), err)
		}
		all = append(all, m.WithVersion(Version))
	}
	return all, nil
})

// Models returns the base models, that of the finest interval first. The error says that the program
// was built with a file that it cannot read.
func Models() ([]*model.Model, error) { return parsed() }

// Of returns the base model of an interval; ok is false when there is none.
func Of(interval time.Duration) (m *model.Model, ok bool, err error) {
	all, err := Models()
	for _, m := range all {
		if m.Spec.Step() == interval {
			return m, true, nil
		}
	}
	return nil, false, err
}

// Artifact returns spec and weights of the base model of an interval, for a training that starts
// from them; ok is false when there is none.
func Artifact(interval time.Duration) (a model.Artifact, ok bool, err error) {
	b := file(interval)
	if b == nil {
		return model.Artifact{}, false, nil
	}
	a, err = model.ParseArtifact(b)
	return a, err == nil, err
}

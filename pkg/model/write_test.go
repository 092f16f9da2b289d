package model

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		spoil func(a *Artifact)
		says  string
	}{
		"NaN weight":    {func(a *Artifact) { a.Head[2] = float32(math.NaN()) }, "head weight 2 is NaN"},
		"short weights": {func(a *Artifact) { a.LSTM = a.LSTM[1:] }, "71 lstm weights"},
		"no level 0.5":  {func(a *Artifact) { a.Spec.Levels = []float64{0.1, 0.2, 0.9} }, "0.5 is missing"},
		"level twice":   {func(a *Artifact) { a.Spec.Levels = []float64{0.5, 0.5, 0.9} }, "must ascend"},
		"level NaN":     {func(a *Artifact) { a.Spec.Levels[0] = math.NaN() }, "must ascend"},
		"26 levels":     {func(a *Artifact) { a.Spec.Levels = make([]float64, 26) }, "26 of them"},
		"feature twice": {func(a *Artifact) { a.Spec.Inputs = []string{"z", "z"} }, `inputs: "z" is there twice`},
		"no input":      {func(a *Artifact) { a.Spec.Inputs = nil }, "inputs: 0 features"},
		"no lead":       {func(a *Artifact) { a.Spec.LeadFeatures = nil }, "lead_features: 0 features, must be 1 to 256"},
		"no current":    {func(a *Artifact) { a.Spec.CurrentFeatures = nil }, "current_features: 0 features"},
		"interval":      {func(a *Artifact) { a.Spec.Interval = "7m" }, `interval "7m"`},
		"day interval":  {func(a *Artifact) { a.Spec.Interval = "24h" }, `interval "24h"`},
		"no interval":   {func(a *Artifact) { a.Spec.Interval = "hourly" }, `interval "hourly"`},
		"trained back":  {func(a *Artifact) { a.Spec.TrainedUntil = time.Time{} }, "is before trained_from"},
		"over 64 MiB": {func(a *Artifact) {
			a.Spec.Hidden, a.Spec.Interval, a.Spec.Horizon, a.Spec.Levels = 512, "5m", 2016, twentyFive()
		}, "at most 67108864"},
		"no spec at all": {func(a *Artifact) { a.Spec = Spec{} }, "schema 0"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := tinyArtifact()
			c.spoil(&a)
			dir := filepath.Join(t.TempDir(), "m")
			if _, err := Write(dir, a); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want %q", err, c.says)
			}
			if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something was written: %v", err)
			}
		})
	}
}

func twentyFive() []float64 {
	q := make([]float64, 25)
	for i := range q {
		q[i] = float64(i+1) / 26
	}
	return q // the 13th is 0.5
}

func TestWriteOverwritesNothing(t *testing.T) {
	t.Parallel()
	dir := write(t, tinyArtifact())
	before, err := digestIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	a := tinyArtifact()
	a.Head[0] = 5
	_, err = Write(dir, a)
	var fe *FolderError
	if !errors.As(err, &fe) || !strings.Contains(err.Error(), "nothing was overwritten") {
		t.Errorf("error %v", err)
	}
	if after, err := digestIn(dir); err != nil || after != before {
		t.Errorf("digest was %s, is %s, %v", before, after, err)
	}
	empty := t.TempDir()
	if _, err := Write(empty, a); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	file := filepath.Join(dir, modelFile)
	for _, bad := range []string{file, filepath.Join(file, "below")} {
		if _, err := Write(bad, a); !errors.As(err, &fe) || fe.Folder != bad {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

package cycle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
)

const (
	// scratchPrefix begins the names of folders that are written before they are registered.
	scratchPrefix = "train-"
	// scratchAge is the age at which a folder that a killed process left is removed.
	scratchAge = 24 * time.Hour
)

// folder is where the model is written. done removes the folder, unless the cycle was asked to
// leave it.
func (c *Cycle) folder() (dir string, done func(), err error) {
	if c.Out != "" {
		return c.Out, func() {}, nil
	}
	dir = filepath.Join(c.Scratch, scratchPrefix+strconv.Itoa(os.Getpid()))
	if err := c.sweep(dir); err != nil {
		return "", nil, fmt.Errorf("make room for the model folder: %w", err)
	}
	// What cannot be removed is removed by the next cycle of this process.
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// sweep removes the folders that killed cycles left. A young folder may be in use by another
// process.
func (c *Cycle) sweep(own string) error {
	left, err := filepath.Glob(filepath.Join(c.Scratch, scratchPrefix+"*"))
	for _, dir := range left {
		if info, e := os.Stat(dir); e == nil &&
			(dir == own || time.Since(info.ModTime()) > scratchAge) {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}
	return err
}

// write writes the model folder and reads it back through every check.
func (a *attempt) write(dir string, tags map[string]string) (*model.Model, error) {
	f := &a.fitted
	artifact := model.Artifact{
		Spec: f.spec, LSTM: f.result.LSTM, Head: f.result.Head, Metrics: a.metrics(), Tags: tags,
		Card: a.card(),
	}
	if _, err := model.Write(dir, artifact); err != nil {
		return nil, err
	}
	m, err := model.Load(dir)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(outputs(m, f.sample), outputs(draft(f.spec, f.result), f.sample)) {
		return nil, fmt.Errorf("the file in %s does not compute what was trained: the disk or "+
			"the memory is faulty, train again", dir)
	}
	return m, m.SelfTest()
}

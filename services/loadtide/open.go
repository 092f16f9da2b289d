package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
)

// openModel reads a model: a folder, or NAME@ALIAS or NAME@VERSION of the registry.
func openModel(
	ctx context.Context, what, dataDir string, kept registryFlags,
) (*model.Model, error) {
	if info, err := os.Stat(what); err == nil && info.IsDir() {
		return model.Load(what)
	}
	name, which, ok := strings.Cut(what, "@")
	if ok && which == base.Version {
		return openBase(name)
	}
	if !ok {
		return nil, usageError(
			fmt.Sprintf("model %q is neither a folder nor NAME@ALIAS", what),
			"give a model folder, a name of the registry as in load-1h@champion or load-1h@3, or base",
		)
	}
	models, err := kept.open(dataDir)
	if err != nil {
		return nil, err
	}
	v, err := findVersion(ctx, models, name, which)
	if err != nil {
		return nil, err
	}
	m, err := loadVersion(ctx, models, v)
	if err != nil {
		return nil, err
	}
	return m.WithVersion(v.Version), nil
}

// openBase returns the base model of a name such as load-1h.
func openBase(name string) (*model.Model, error) {
	interval, _ := registry.ModelInterval(name)
	m, ok, err := base.Of(interval)
	if err != nil {
		return nil, err
	}
	if ok {
		return m.WithVersion(base.Version), nil // a copy, which the caller may move to another place
	}
	all, err := base.Models()
	if err != nil {
		return nil, err
	}
	var have []string
	for _, m := range all {
		have = append(have, m.Spec.Name)
	}
	return nil, usageError(fmt.Sprintf("there is no base model %q", name),
		"the base models are "+strings.Join(have, ", ")+": give base for that of the file's interval")
}

// loadVersion reads the model of a version of the registry.
func loadVersion(
	ctx context.Context, models registry.Registry, v registry.Version,
) (*model.Model, error) {
	dir, err := models.Fetch(ctx, v)
	if err != nil {
		return nil, err
	}
	return model.Load(dir)
}

// reasonNoModel says that a registry has no such version.
const reasonNoModel = "model_not_found"

// findVersion is the version of an alias or a number.
func findVersion(
	ctx context.Context, models registry.Registry, name, which string,
) (registry.Version, error) {
	v, err := models.ByAlias(ctx, name, which)
	if err == nil || !errors.Is(err, registry.ErrNotFound) {
		return v, err
	}
	versions, err := models.Versions(ctx, name)
	for _, v := range versions {
		if v.Version == which {
			return v, nil
		}
	}
	if err != nil {
		return v, err
	}
	return v, &service.HintError{
		What: fmt.Sprintf("there is no %s@%s in the registry", name, which), Reason: reasonNoModel,
		Fix: []string{
			"loadtide models list shows what is there; --data-dir or --mlflow-url says whose registry",
			"loadtide train --data FILE --register " + name + " makes one",
		},
	}
}

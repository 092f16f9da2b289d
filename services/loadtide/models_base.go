package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// promoteBase makes the base model the champion in place of the one that serves: as a version of its
// own, with the leads of that champion.
func promoteBase(e *env, f *modelFlags, word string) error {
	ctx := context.Background()
	models, err := f.open()
	if err != nil {
		return err
	}
	v, err := f.find(ctx, models, registry.Champion)
	var none *service.HintError
	if errors.As(err, &none) && none.Reason == reasonNoModel {
		return &service.HintError{
			What:   "there is no champion, so there is nothing to put the base model in the place of",
			Fix:    []string{"none is needed: where there is a base model, it serves until there is a champion"},
			Reason: reasonNoModel,
		}
	}
	if err != nil {
		return err
	}
	champion, err := loadVersion(ctx, models, v)
	if err != nil {
		return err
	}
	a, err := baseLike(champion.Spec)
	if err != nil {
		return err
	}
	scratch := scratchDir(f.Dir.Dir)
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return fmt.Errorf("scratch folder: %w", err)
	}
	parent, err := os.MkdirTemp(scratch, "base-")
	if err != nil {
		return fmt.Errorf("scratch folder: %w", err)
	}
	defer os.RemoveAll(parent)
	folder := filepath.Join(parent, "model")
	digest, err := model.Write(folder, a)
	if err != nil {
		return err
	}
	own, err := models.ByDigest(ctx, v.Name, digest)
	if errors.Is(err, registry.ErrNotFound) {
		own, err = models.Register(ctx, v.Name, folder)
	}
	if err != nil {
		return err
	}
	named := *f
	named.Name = v.Name
	return moveChampion(e, &named, own.Version, word)
}

// baseLike returns the base model that forecasts what a champion does.
func baseLike(champion model.Spec) (model.Artifact, error) {
	a, ok, err := base.Artifact(champion.Step())
	if err != nil {
		return a, err
	}
	if !ok || a.Spec.Horizon < champion.Horizon || !slices.Equal(a.Spec.Levels, champion.Levels) {
		return a, &service.HintError{
			What: fmt.Sprintf("there is no base model of %s with %d leads and the levels %v, which the "+
				"champion has", champion.Interval, champion.Horizon, champion.Levels),
			Fix: []string{"loadtide models list shows the versions that there are"},
		}
	}
	a = a.WithHorizon(champion.Horizon)
	a.Spec.Start = base.Version
	a.Tags = map[string]string{cycle.StartTag: cycle.StartUnchanged}
	return a, nil
}

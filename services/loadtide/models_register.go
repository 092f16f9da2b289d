package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/registry"
)

type modelsRegisterCmd struct {
	Folder     string `arg:"" name:"dir" help:"Model folder, as train --out or another program writes it."`
	modelFlags `embed:""`
}

// Run adds a folder as a version. The gate has not seen it, so the alias stays where
// it is.
func (c *modelsRegisterCmd) Run(e *env) error {
	m, err := model.Load(c.Folder)
	if err == nil {
		err = m.SelfTest()
	}
	if err != nil {
		return fmt.Errorf("%s is not registered: %w", c.Folder, err)
	}
	name := cmp.Or(c.Name, registry.ModelName(m.Spec.Step()))
	if err := registry.CheckName(name, m.Spec.Step()); err != nil {
		return fmt.Errorf("%s is not registered: %w", c.Folder, err)
	}
	models, err := c.open()
	if err != nil {
		return err
	}
	v, err := models.Register(context.Background(), name, c.Folder)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(
			map[string]string{"name": v.Name, "version": v.Version, "digest": v.Digest},
		)
	}
	_, err = fmt.Fprintf(e.stdout, "%s: registered v%s; %s makes it the champion\n", v.Name,
		v.Version, promoteCommand(v.Name, v.Version))
	return err
}

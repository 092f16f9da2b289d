package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// configFile is a YAML file as a source of flags: shared flags at the top, a
// section per command. A variable and a flag beat it; an unknown key is an
// error, and all of them are reported at once.
type configFile struct {
	path     string
	shared   map[string]entry
	sections map[string]map[string]entry
}

type entry struct {
	value string
	line  int
}

// configPath finds --config among the arguments, before they are parsed.
func configPath(args []string, getenv func(string) string) string {
	for i, a := range args {
		if value, ok := strings.CutPrefix(a, "--config="); ok {
			return value
		}
		if a == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return getenv("LOADTIDE_CONFIG")
}

func readConfig(path string) (*configFile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--config: %w", err)
	}
	c := &configFile{path: path, shared: map[string]entry{}, sections: map[string]map[string]entry{}}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("--config %s: %w", path, err)
	}
	if len(doc.Content) == 0 {
		return c, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("--config %s:%d: want `key: value` lines", path, top.Line)
	}
	for i := 0; i < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		switch value.Kind {
		case yaml.ScalarNode:
			c.shared[key.Value] = entry{value.Value, key.Line}
		case yaml.MappingNode:
			section := map[string]entry{}
			for k := 0; k < len(value.Content); k += 2 {
				section[value.Content[k].Value] = entry{value.Content[k+1].Value, value.Content[k].Line}
			}
			c.sections[key.Value] = section
		default:
			return nil, fmt.Errorf("--config %s:%d: %s: want a value or a section", path, key.Line, key.Value)
		}
	}
	return c, nil
}

// Validate refuses keys that no flag has.
func (c *configFile) Validate(app *kong.Application) error {
	any := map[string]bool{}
	own := map[string]map[string]bool{}
	for _, command := range app.Leaves(true) {
		flags := map[string]bool{}
		for _, group := range command.AllFlags(true) {
			for _, f := range group {
				flags[f.Name], any[f.Name] = true, true
			}
		}
		own[command.Name] = flags
	}
	var faults []error
	for key, e := range c.shared {
		if !any[key] {
			faults = append(faults, fmt.Errorf("%s: is no flag of any command (file %s:%d)", key, c.path, e.line))
		}
	}
	for section, entries := range c.sections {
		flags, ok := own[section]
		if !ok {
			faults = append(faults, fmt.Errorf("%s: is no command (file %s)", section, c.path))
			continue
		}
		for key, e := range entries {
			if !flags[key] {
				faults = append(faults, fmt.Errorf("%s.%s: is no flag of %s (file %s:%d)", section, key, section, c.path, e.line))
			}
		}
	}
	return errors.Join(faults...)
}

// Resolve gives a flag the value of its command's section, else the shared one.
func (c *configFile) Resolve(_ *kong.Context, parent *kong.Path, flag *kong.Flag) (any, error) {
	if parent.Command != nil {
		if e, ok := c.sections[parent.Command.Name][flag.Name]; ok {
			return e.value, nil
		}
	}
	if e, ok := c.shared[flag.Name]; ok {
		return e.value, nil
	}
	return nil, nil
}

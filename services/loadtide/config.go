package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
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
	var faults []error
	for i := 0; i < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if value.Kind != yaml.MappingNode {
			faults = append(faults, c.put(c.shared, "", key, value))
			continue
		}
		section := c.sections[key.Value]
		if section == nil {
			section = map[string]entry{}
			c.sections[key.Value] = section
		}
		for k := 0; k < len(value.Content); k += 2 {
			faults = append(faults, c.put(section, key.Value+".", value.Content[k], value.Content[k+1]))
		}
	}
	return c, errors.Join(faults...)
}

// put takes one key: it must hold one value, and stand there once.
func (c *configFile) put(section map[string]entry, prefix string, key, value *yaml.Node) error {
	name := prefix + key.Value
	if value.Kind != yaml.ScalarNode {
		return fmt.Errorf("%s: want one value (file %s:%d)", name, c.path, key.Line)
	}
	if before, twice := section[key.Value]; twice {
		return fmt.Errorf(
			"%s: stands in line %d already (file %s:%d)",
			name, before.line, c.path, key.Line,
		)
	}
	section[key.Value] = entry{value.Value, key.Line}
	return nil
}

// check refuses keys that no flag has, and values that their flags cannot take:
// all of them at once, in the order of the file.
func (c *configFile) check(app *kong.Application) error {
	shared := map[string]*kong.Flag{}
	own := map[string]map[string]*kong.Flag{}
	for _, command := range app.Leaves(true) {
		flags := map[string]*kong.Flag{}
		for _, group := range command.AllFlags(true) {
			for _, f := range group {
				flags[f.Name], shared[f.Name] = f, f
			}
		}
		own[command.Name] = flags
	}
	faults := c.faults("", c.shared, shared, "is no flag of any command")
	for section, entries := range c.sections {
		flags, ok := own[section]
		if !ok {
			faults = append(faults, fault{0, fmt.Errorf("%s: is no command (file %s)", section, c.path)})
			continue
		}
		faults = append(faults, c.faults(section+".", entries, flags, "is no flag of "+section)...)
	}
	slices.SortFunc(faults, func(a, b fault) int {
		return cmp.Or(cmp.Compare(a.line, b.line), strings.Compare(a.err.Error(), b.err.Error()))
	})
	errs := make([]error, len(faults))
	for i, f := range faults {
		errs[i] = f.err
	}
	return errors.Join(errs...)
}

// fault is what is wrong in a line of the file.
type fault struct {
	line int
	err  error
}

// faults holds the entries of one section against their flags.
func (c *configFile) faults(
	prefix string, entries map[string]entry, flags map[string]*kong.Flag, unknown string,
) []fault {
	var all []fault
	for key, e := range entries {
		f := flags[key]
		wrong := error(nil)
		if f == nil {
			wrong = errors.New(unknown)
		} else {
			wrong = fits(f, e.value)
		}
		if wrong != nil {
			all = append(all, fault{
				e.line, fmt.Errorf("%s%s: %w (file %s:%d)", prefix, key, wrong, c.path, e.line),
			})
		}
	}
	return all
}

// fits says why a flag cannot take a value.
func fits(f *kong.Flag, value string) error {
	if allowed := f.EnumSlice(); f.Enum != "" && !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(allowed, ", "))
	}
	scan := kong.Scan().PushTyped(value, kong.FlagValueToken)
	return f.Mapper.Decode(
		&kong.DecodeContext{Value: f.Value, Scan: scan}, reflect.New(f.Target.Type()).Elem(),
	)
}

// Validate has nothing left to do: check is called before anything is parsed.
func (c *configFile) Validate(*kong.Application) error { return nil }

// Resolve gives a flag that neither the command line nor a variable has set the
// value of its command's section, else the shared one.
func (c *configFile) Resolve(ctx *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	if command := ctx.Selected(); command != nil {
		if e, ok := c.sections[command.Name][flag.Name]; ok {
			return e.value, nil
		}
	}
	if e, ok := c.shared[flag.Name]; ok {
		return e.value, nil
	}
	return nil, nil
}

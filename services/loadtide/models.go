package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/services/trainer/cycle"
)

// modelsCmd has the commands for the registry.
type modelsCmd struct {
	List     modelsListCmd     `cmd:"" help:"All versions with their aliases and scores."`
	Show     modelsShowCmd     `cmd:"" help:"One version: spec, data range, digest, verdict of the gate, scores by lead."`
	Register modelsRegisterCmd `cmd:"" help:"Add a model folder as a version, without the gate; the champion stays."`
	Promote  modelsPromoteCmd  `cmd:"" help:"Make a version the champion."`
	Rollback modelsRollbackCmd `cmd:"" help:"Make the champion before this one the champion again."`
}

// modelFlags are flags of all these commands.
type modelFlags struct {
	Name string            `help:"Name of the model, such as load-15m; default: all that forecasters serve, or the only one that is meant."`
	JSON bool              `name:"json" help:"Print one JSON object."`
	Dir  service.DataFlags `embed:""`
	Kept registryFlags     `embed:""`
}

func (f *modelFlags) open() (registry.Registry, error) { return f.Kept.open(f.Dir.Dir) }

// names returns the names of the models that the command looks at.
func (f *modelFlags) names() []string {
	if f.Name != "" {
		return []string{f.Name}
	}
	return registry.ModelNames()
}

// find returns the version of an alias or a number. When no name is given and several models have
// such a version, find returns an error that asks for --name.
func (f *modelFlags) find(
	ctx context.Context, models registry.Registry, which string,
) (registry.Version, error) {
	if f.Name != "" {
		return findVersion(ctx, models, f.Name, which)
	}
	var found []registry.Version
	for _, name := range f.names() {
		v, err := findVersion(ctx, models, name, which)
		var none *service.HintError
		switch {
		case errors.As(err, &none) && none.Reason == reasonNoModel:
			continue
		case err != nil:
			return v, err
		}
		found = append(found, v)
	}
	switch len(found) {
	case 0:
		return findVersion(ctx, models, registry.DefaultModel, which)
	case 1:
		return found[0], nil
	}
	names := make([]string, len(found))
	for i, v := range found {
		names[i] = v.Name
	}
	return registry.Version{}, usageError(
		fmt.Sprintf("several models have %s: %s", which, strings.Join(names, ", ")),
		"say which one, as in --name "+names[0],
	)
}

// listVersions returns the versions of the models that a command looks at, the newest of each
// first. broken is what cannot be served of them.
func (f *modelFlags) listVersions(
	ctx context.Context, models registry.Registry,
) (all []registry.Version, broken error) {
	for _, name := range f.names() {
		versions, err := models.Versions(ctx, name)
		if errors.Is(err, registry.ErrUnavailable) {
			return nil, err // there is no list, not even an empty one
		}
		slices.Reverse(versions)
		all, broken = append(all, versions...), errors.Join(broken, err)
	}
	return all, broken
}

type modelsListCmd struct {
	modelFlags `embed:""`
}

// builtIn are the base models of the names that the command looks at.
func (f *modelFlags) builtIn() ([]*model.Model, error) {
	all, err := base.Models()
	names := f.names()
	return slices.DeleteFunc(slices.Clone(all), func(m *model.Model) bool {
		return !slices.Contains(names, m.Spec.Name)
	}), err
}

// Run prints a line for each version, the newest first, and one for each base model.
func (c *modelsListCmd) Run(e *env) error {
	models, err := c.open()
	if err != nil {
		return err
	}
	builtIn, err := c.builtIn()
	if err != nil {
		return err
	}
	versions, broken := c.listVersions(context.Background(), models)
	if errors.Is(broken, registry.ErrUnavailable) {
		return broken // no version is whole
	}
	name := cmp.Or(c.Name, registry.DefaultModel)
	if len(versions) > 0 {
		name = versions[0].Name
	}
	if c.JSON {
		type line struct {
			Name    string             `json:"name"`
			Version string             `json:"version"`
			Digest  string             `json:"digest"`
			Aliases []string           `json:"aliases"`
			Created string             `json:"created"`
			Metrics map[string]float64 `json:"metrics"`
		}
		out := struct {
			Name     string `json:"name,omitempty"` // of all versions; left out when they are of several models
			Versions []line `json:"versions"`
			BuiltIn  []line `json:"built_in"` // the base models, which are in no registry
		}{name, []line{}, []line{}}
		for _, v := range versions {
			if v.Name != name {
				out.Name = ""
			}
			created := v.Created.UTC().Format("2006-01-02T15:04:05Z")
			out.Versions = append(out.Versions, line{
				v.Name, v.Version, v.Digest, append([]string{}, v.Aliases...), created, v.Metrics,
			})
		}
		for _, m := range builtIn {
			out.BuiltIn = append(out.BuiltIn, line{
				Name: m.Spec.Name, Version: m.Version, Digest: m.Digest, Aliases: []string{},
			})
		}
		return errors.Join(json.NewEncoder(e.stdout).Encode(out), broken)
	}
	if len(versions) == 0 && broken == nil {
		fmt.Fprintf(e.stderr,
			"no version of %s in %s yet; loadtide train --data FILE --register %s makes one\n",
			name, c.Kept.place(c.Dir.Dir), name)
	}
	t := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MODEL\tVERSION\tALIAS\tTRAINED (UTC)\tWQL\tVS NAIVE\t80 % BAND")
	for _, v := range versions {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", v.Name, v.Version,
			orDash(strings.Join(v.Aliases, " ")), v.Created.UTC().Format("2006-01-02 15:04"),
			metric(v.Metrics, "pinball", "%.3g", 1),
			metric(v.Metrics, "skill_day", "%+.0f %%", 100), metric(v.Metrics, "coverage80", "%.1f %%", 100))
	}
	for _, m := range builtIn {
		fmt.Fprintf(t, "%s\t%s\tbuilt in\t-\t-\t-\t-\n", m.Spec.Name, m.Version)
	}
	return errors.Join(t.Flush(), broken)
}

func metric(metrics map[string]float64, name, format string, factor float64) string {
	m, ok := metrics[name]
	if !ok {
		return "-"
	}
	return fmt.Sprintf(format, factor*m)
}

type modelsShowCmd struct {
	Which      string `arg:"" optional:"" default:"champion" help:"Alias or version, or base: what the base models were trained on."`
	modelFlags `embed:""`
}

// Run prints one version.
func (c *modelsShowCmd) Run(e *env) error {
	if c.Which == base.Version && !c.JSON {
		_, err := fmt.Fprint(e.stdout, base.Card)
		return err
	}
	ctx := context.Background()
	models, err := c.open()
	if err != nil {
		return err
	}
	v, err := c.find(ctx, models, c.Which)
	if err != nil {
		return err
	}
	m, err := loadVersion(ctx, models, v)
	if err != nil {
		return err
	}
	overall, byLead := splitMetrics(v.Metrics, m.Spec.Horizon)
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{
			"name": v.Name, "version": v.Version, "aliases": append([]string{}, v.Aliases...),
			"digest": v.Digest, "spec": m.Spec, "metrics": overall, "by_lead": byLead,
			"tags": v.Tags,
		})
	}
	shown := fewerLeads(byLead, int(24*time.Hour/m.Spec.Step()))
	return errors.Join(showModel(e.stdout, v, m.Spec, overall), showLeads(e.stdout, shown))
}

// splitMetrics separates the measures of all leads from those of single leads. It returns a map for
// each lead that has measures, with the lead in the map.
func splitMetrics(
	all map[string]float64, horizon int,
) (overall map[string]float64, byLead []map[string]float64) {
	overall, byLead = maps.Clone(all), []map[string]float64{}
	for lead := 1; lead <= horizon; lead++ {
		one := map[string]float64{"lead": float64(lead)}
		for _, name := range cycle.LeadMetrics {
			key := cycle.LeadMetric(name, lead)
			if v, ok := all[key]; ok {
				one[name] = v
				delete(overall, key)
			}
		}
		if len(one) > 1 {
			byLead = append(byLead, one)
		}
	}
	return overall, byLead
}

// fewerLeads leaves out most leads beyond the first day: of each further day the last one stays, and
// the last one of all.
func fewerLeads(leads []map[string]float64, day int) []map[string]float64 {
	var shown []map[string]float64
	for i, lead := range leads {
		if n := int(lead["lead"]); n <= day || n%day == 0 || i == len(leads)-1 {
			shown = append(shown, lead)
		}
	}
	return shown
}

// leadBlocks is how many leads one line shows.
const leadBlocks = 3

// showLeads prints the measures by lead, column after column.
func showLeads(w io.Writer, leads []map[string]float64) error {
	if len(leads) == 0 {
		return nil
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	rows := (len(leads) + leadBlocks - 1) / leadBlocks
	fmt.Fprintln(t, strings.Repeat("LEAD\twQL\tWAPE\t80 % BAND\t",
		min(leadBlocks, (len(leads)+rows-1)/rows)))
	for row := range rows {
		for at := row; at < len(leads); at += rows {
			fmt.Fprintf(t, "%.0f\t%s\t%s\t%s\t", leads[at]["lead"],
				metric(leads[at], "wql", "%.3g", 1), metric(leads[at], "wape", "%.1f %%", 100),
				metric(leads[at], "coverage80", "%.1f %%", 100))
		}
		fmt.Fprintln(t)
	}
	return t.Flush()
}

func showModel(w io.Writer, v registry.Version, s model.Spec, metrics map[string]float64) error {
	shape := s.Shape()
	fmt.Fprintf(w, "%s v%s  %s\n", v.Name, v.Version, orDash(strings.Join(v.Aliases, " ")))
	fmt.Fprintf(w, "  digest    %s\n", v.Digest)
	fmt.Fprintf(w, "  data      %s to %s\n", s.TrainedFrom.Format("2006-01-02"),
		s.TrainedUntil.Format("2006-01-02"))
	fmt.Fprintf(w, "  network   LSTM of %d units, head of %d, %d parameters; seed %d\n", s.Hidden,
		s.Width, shape.LSTMParams()+shape.HeadParams(), s.Seed)
	fmt.Fprintf(w, "  forecast  %d leads of %s, levels %v\n", s.Horizon, s.Interval, s.Levels)
	fmt.Fprintf(w, "  inputs    %s\n", strings.Join(s.Inputs, " "))
	fmt.Fprintf(w, "  scale     %s; zone %s, country %s\n", s.Scale, orUTC(s.Zone),
		orDash(s.Country))
	if len(s.Covariates) > 0 {
		fmt.Fprintf(w, "  needs     covariates %s\n", strings.Join(s.CovariateNames(), " "))
	}
	if start, ok := v.Tags["loadtide.start"]; ok {
		fmt.Fprintf(w, "  start     %s\n", start)
	}
	for line := range strings.Lines(v.Tags[registry.Description]) {
		fmt.Fprintf(w, "  %s\n", strings.TrimSuffix(line, "\n"))
	}
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		if _, err := fmt.Fprintf(w, "  %-24s  %.4g\n", name, metrics[name]); err != nil {
			return err
		}
	}
	return nil
}

func orUTC(zone string) string {
	if zone == "" {
		return "UTC"
	}
	return zone
}

type modelsPromoteCmd struct {
	Version    string `arg:"" help:"Version that becomes champion, or base: the base model, as a version of its own."`
	modelFlags `embed:""`
}

// Run moves the alias. Forecasters follow within seconds.
func (c *modelsPromoteCmd) Run(e *env) error {
	if c.Version == base.Version {
		return promoteBase(e, &c.modelFlags, "promoted")
	}
	return moveChampion(e, &c.modelFlags, c.Version, "promoted")
}

type modelsRollbackCmd struct {
	Yes        bool `help:"Do it without asking."`
	modelFlags `embed:""`
}

// Run makes the previous champion champion again. Before the first champion the base model served.
func (c *modelsRollbackCmd) Run(e *env) error {
	if !c.Yes {
		return usageError("a rollback changes what is served", "say loadtide models rollback --yes; loadtide models list shows which version is `previous`")
	}
	err := moveChampion(e, &c.modelFlags, registry.Previous, "rolled back to")
	var none *service.HintError
	if errors.As(err, &none) && none.Reason == reasonNoModel {
		if first := promoteBase(e, &c.modelFlags, "rolled back to"); !errors.As(first, &none) {
			return first
		}
	}
	return err
}

// promoteCommand is the command that makes a version the champion. It names the model, because
// several models may have such a version.
func promoteCommand(name, version string) string {
	return fmt.Sprintf("loadtide models promote %s --name %s", version, name)
}

func moveChampion(e *env, f *modelFlags, which, word string) error {
	ctx := context.Background()
	models, err := f.open()
	if err != nil {
		return err
	}
	v, err := f.find(ctx, models, which)
	if err != nil {
		return err
	}
	m, err := loadVersion(ctx, models, v)
	if err == nil {
		err = registry.CheckName(v.Name, m.Spec.Step())
	}
	if err == nil {
		err = m.SelfTest()
	}
	if err != nil {
		return fmt.Errorf("%s v%s stays out: %w", v.Name, v.Version, err)
	}
	if err := models.SetAlias(ctx, v.Name, registry.Champion, v.Version); err != nil {
		return err
	}
	if f.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]string{
			"name": v.Name, "champion": v.Version,
		})
	}
	if v.Tags[registry.Verdict] == registry.VerdictRefused {
		fmt.Fprintf(e.stderr, "warn: the gate refused %s v%s; loadtide models show %s --name %s says "+
			"why\n", v.Name, v.Version, v.Version, v.Name)
	}
	what := "forecasters take it over within seconds"
	if names := m.Spec.CovariateNames(); len(names) > 0 {
		what = fmt.Sprintf("but it reads covariates (%s), and forecasters, which cannot yet, go "+
			"on with the one in force", strings.Join(names, ", "))
	}
	_, err = fmt.Fprintf(e.stdout, "%s: %s v%s; %s\n", v.Name, word, v.Version, what)
	return err
}

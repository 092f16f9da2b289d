package main

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/plot"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// fileList reads a flag of type "files": all arguments up to the next flag. An argument may name
// several files with commas between them, and the flag may be repeated.
func fileList(ctx *kong.DecodeContext, target reflect.Value) error {
	first, err := ctx.Scan.PopValue("file")
	if err != nil {
		return err
	}
	tokens := []kong.Token{first}
	if first.Type == kong.UntypedToken { // not --data=FILE, nor a line of the configuration
		tokens = append(tokens, ctx.Scan.PopWhile(func(t kong.Token) bool {
			return t.Type == kong.UntypedToken && t.IsValue()
		})...)
	}
	for _, t := range tokens {
		names := kong.SplitEscaped(t.String(), ',')
		if len(names) == 0 || slices.Contains(names, "") {
			return fmt.Errorf("names no file: %q", t.String())
		}
		for _, name := range names {
			target.Set(reflect.Append(target, reflect.ValueOf(name)))
		}
	}
	return nil
}

// timeFlag reads a flag that is a time.
func timeFlag(ctx *kong.DecodeContext, target reflect.Value) error {
	var text string
	if err := ctx.Scan.PopValueInto("time", &text); err != nil {
		return err
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%q is no time in RFC 3339, e.g. 2026-01-31T13:00:00Z", text)
	}
	target.Set(reflect.ValueOf(t))
	return nil
}

// intervalFlag is the interval of a model; 0, written auto, leaves it to the name of the model or
// to the readings.
type intervalFlag time.Duration

// UnmarshalText reads auto or a duration that series can be forecast at.
func (f *intervalFlag) UnmarshalText(text []byte) error {
	if *f = 0; string(text) == "auto" {
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || !meter.Native(d) {
		return fmt.Errorf("%q is none of auto, 5m, 10m, 15m, 20m, 30m and 1h", text)
	}
	*f = intervalFlag(d)
	return nil
}

// placeFlags say where the meters are.
type placeFlags struct {
	Zone    string `placeholder:"ZONE" help:"IANA zone whose hours and weekdays the calendar features follow; default: that of the model."`
	Country string `placeholder:"CODE" help:"Country whose holidays are a feature, e.g. NL, US, AU-NSW; default: that of the model."`
}

// put sets the place of a model.
func (f placeFlags) put(m *model.Model) error {
	if f.Zone != "" {
		m.Spec.Zone = f.Zone
	}
	if f.Country != "" {
		m.Spec.Country = f.Country
	}
	return known(f.Zone, f.Country)
}

// known returns an error when the zone or the country is not known.
func known(zone, country string) error {
	if _, err := series.NewPlace(zone, country); err != nil {
		return usageError(err.Error(), "say another --zone or --country, or leave it out")
	}
	return nil
}

// leadsOf is the number of leads that a flag asks for; without the flag it is that of the model, and a
// day of a base model, as in serving.
func leadsOf(m *model.Model, horizon meter.Horizon) (int, error) {
	usual := m.Spec.Horizon
	if m.Version == base.Version {
		usual = int(24 * time.Hour / m.Spec.Step())
	}
	leads, err := horizon.LeadsAt(m.Spec.Step(), usual)
	if err != nil {
		return 0, usageError("--"+err.Error(), "give --horizon as a number of leads, or leave it out")
	}
	if leads > m.Spec.Horizon {
		return 0, usageError(fmt.Sprintf("--horizon %s: the model forecasts %d intervals of %s", horizon,
			m.Spec.Horizon, m.Spec.Interval), fmt.Sprintf("give --horizon %d or less", m.Spec.Horizon))
	}
	return leads, nil
}

// aheadFlags name the files of covariates.
type aheadFlags struct {
	Covariates []string `type:"files" placeholder:"FILE..." help:"CSV files of values known ahead, e.g. the temperature: a series <site>.<name> each, or a column each after timestamp. A name without a site holds for every series."`
}

// load reads the files; it returns nil when the flag names none. Times without an offset are in the
// zone of the data.
func (f aheadFlags) load(show *screen, timezone string) (*dataset.Covariates, error) {
	if len(f.Covariates) == 0 {
		return nil, nil
	}
	csv := csvFlags{Timezone: timezone}
	var read tabular.Report
	files := dataset.Files{Paths: f.Covariates, Options: tabular.Options{Timezone: timezone, Everything: true},
		Report: func(r tabular.Report) {
			read = r
			for i := range r.Files {
				show.line("covariates %s", csv.fileLine(&r.Files[i], layoutOfFile(r, r.Files[i].File)))
			}
			for _, w := range r.Warnings {
				show.line("warn: %s", w)
			}
			showRejected(show, r)
		}}
	covariates, err := files.Covariates()
	var file *tabular.FileError
	if errors.As(err, &file) && strings.Contains(file.Remedy, "--") { // names a flag of --data
		file.Remedy = "give --covariates files with series,timestamp,value, a series " +
			"<site>.<name> each, " +
			"or with timestamp and a column each"
	}
	if n := len(covariates.Names()); err == nil && n > model.MaxCovariates {
		return nil, fmt.Errorf("%s: %d covariates: a model reads %d at most; leave out those "+
			"that say least",
			read.File, n, model.MaxCovariates)
	}
	return covariates, err
}

// fit compares the covariates with those that a model reads, between the first reading and the last
// hour of the forecasts. The error names covariates that the model cannot do without. Hours that
// are missing are a warning.
func (f aheadFlags) fit(
	show *screen, name string, m *model.Model, has *dataset.Covariates,
	histories []*dataset.History, until int64,
) error {
	needs := m.Spec.CovariateNames()
	if len(needs) == 0 {
		if has != nil {
			show.line("warn: %s reads no covariates; those of --covariates change nothing", name)
		}
		return nil
	}
	missing := slices.DeleteFunc(slices.Clone(needs),
		func(n string) bool { return slices.Contains(has.Names(), n) })
	if len(missing) > 0 {
		what := fmt.Sprintf("%s reads covariates (%s), and none are given", name,
			strings.Join(needs, ", "))
		if has != nil {
			what = fmt.Sprintf("%s reads covariates that the files do not have: %s; there are %s",
				name, strings.Join(missing, ", "), strings.Join(has.Names(), ", "))
		}
		fix := "give --covariates FILE with a column for each, or another --model"
		return &service.HintError{What: what, Fix: []string{fix}, Reason: "covariates"}
	}
	first, _ := spanOf(histories)
	if gaps := has.Gaps(histories, needs, first, until); gaps != "" {
		show.line("warn: covariates: %s", gaps)
	}
	return nil
}

// drawable checks before the work that the kind of a plot file is known.
func drawable(path string) error {
	if path == "" {
		return nil
	}
	if _, err := plot.FormatOf(path); err != nil {
		return usageError("--plot: "+err.Error(), "e.g. --plot report.png")
	}
	return nil
}

// draw draws a chart into a file.
func draw(show *screen, path string, chart plot.Chart) error {
	if err := plot.Write(path, plot.Size{}, chart); err != nil {
		return err
	}
	show.line("drawn: %s", path)
	return nil
}

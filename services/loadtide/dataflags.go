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
	"github.com/loadtide/loadtide/pkg/plot"
	"github.com/loadtide/loadtide/pkg/series"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// fileList reads a flag of type "files": all arguments up to the next flag, each of which may be
// several files separated by commas. The flag may be repeated.
func fileList(ctx *kong.DecodeContext, target reflect.Value) error {
	first, err := ctx.Scan.PopValue("file")
	if err != nil {
		return err
	}
	tokens := []kong.Token{first}
	if first.Type == kong.UntypedToken { // not --data=FILE, nor a line of the configuration
		tokens = append(tokens,
			ctx.Scan.PopWhile(func(t kong.Token) bool { return t.Type == kong.UntypedToken && t.IsValue() })...)
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

// placeFlags say where the series are.
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

// known refuses a zone or a country that does not exist.
func known(zone, country string) error {
	if _, err := series.NewPlace(zone, country); err != nil {
		return usageError(err.Error(), "say another --zone or --country, or leave it out")
	}
	return nil
}

// leadsOf returns the number of leads to show; asked 0 means all of the model.
func leadsOf(m *model.Model, horizon int) (int, error) {
	if horizon < 0 || horizon > m.Spec.Horizon {
		return 0, usageError(fmt.Sprintf("--horizon %d: the model forecasts %d intervals", horizon,
			m.Spec.Horizon), fmt.Sprintf("give --horizon %d or less", m.Spec.Horizon))
	}
	if horizon == 0 {
		return m.Spec.Horizon, nil
	}
	return horizon, nil
}

// aheadFlags name the files of values known ahead.
type aheadFlags struct {
	Covariates []string `type:"files" placeholder:"FILE..." help:"CSV files of values known ahead, e.g. the temperature: a series <site>.<name> each, or a column each after timestamp. A name without a site holds for every series."`
}

// load reads the files; it returns nil when none is named. Times without an offset are in the zone
// of the data. The columns have the default names.
func (f aheadFlags) load(show *screen, timezone string) (*dataset.Covariates, error) {
	if len(f.Covariates) == 0 {
		return nil, nil
	}
	csv := csvFlags{Timezone: timezone}
	var read tabular.Report
	report := func(r tabular.Report) {
		read = r
		for i := range r.Files {
			show.line("covariates %s", csv.fileLine(&r.Files[i]))
		}
		for _, w := range r.Warnings {
			show.line("warn: %s", w)
		}
		showRejected(show, r)
	}
	covariates, err := dataset.Files{Paths: f.Covariates,
		Options: tabular.Options{Timezone: timezone}, Report: report}.Covariates()
	var file *tabular.FileError
	// a flag that is of --data alone
	if errors.As(err, &file) && strings.Contains(file.Remedy, "--") {
		file.Remedy = "give --covariates files with series,timestamp,value, a series " +
			"<site>.<name> each, or with timestamp and a column each"
	}
	if n := len(covariates.Names()); err == nil && n > model.MaxCovariates {
		return nil, fmt.Errorf("%s: %d covariates: a model reads %d at most; leave out those "+
			"that say least", read.File, n, model.MaxCovariates)
	}
	return covariates, err
}

// fit checks that the values known ahead have what a model needs, from the first reading to the
// last hour of the forecast. It refuses values that lack something the model cannot do without, and
// shows what else is missing.
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
		return &service.HintError{
			What: what, Fix: []string{"give --covariates FILE with a column for each, or another " +
				"--model"}, Reason: "covariates",
		}
	}
	first, _ := spanOf(histories)
	if gaps := has.Gaps(histories, needs, first, until); gaps != "" {
		show.line("warn: covariates: %s", gaps)
	}
	return nil
}

// drawable refuses a plot file of an unknown kind, before the work begins.
func drawable(path string) error {
	if path == "" {
		return nil
	}
	if _, err := plot.FormatOf(path); err != nil {
		return usageError("--plot: "+err.Error(), "e.g. --plot report.png")
	}
	return nil
}

// hourly refuses an interval for which no model can be made yet.
func hourly(interval time.Duration) error {
	if interval != meter.IntervalSeconds*time.Second {
		return usageError(fmt.Sprintf("--interval: models forecast hours, not intervals of %s",
			stepWords(interval)), "give --interval 1h, or leave it out; finer readings are "+
			"brought to hours")
	}
	return nil
}

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/engine"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/streams"
)

// forecastCmd makes one forecast from files, with the code that serves.
type forecastCmd struct {
	Data    []string      `required:"" type:"files" placeholder:"FILE..." help:"Files of readings: delimited text, Green Button, JSON, line protocol, Parquet; see docs/files.md."`
	Model   string        `placeholder:"DIR|NAME@ALIAS|base" help:"Model folder, NAME@ALIAS or NAME@VERSION of the registry, or base for the base model of the interval of the readings; default: the champion of that interval, e.g. load-15m@champion, else base, else the same of the next coarser one."`
	Origin  time.Time     `placeholder:"TIME" help:"Forecast from this time on (RFC 3339); default: the end of the data."`
	Horizon meter.Horizon `placeholder:"TIME|N" help:"How far to show, a time such as 12h or a number of leads; default: all leads of the model."`
	Plot    string        `placeholder:"FILE" help:"Draw it into a png or svg file."`
	JSON    bool          `name:"json" help:"Print the message that would be published."`

	CSV   csvFlags          `embed:""`
	Marks marksFlag         `embed:""`
	Place placeFlags        `embed:""`
	Ahead aheadFlags        `embed:""`
	Dir   service.DataFlags `embed:""`
	Kept  registryFlags     `embed:""`
}

// Run forecasts, prints and draws.
func (c *forecastCmd) Run(e *env) error {
	if err := drawable(c.Plot); err != nil {
		return err
	}
	show := newScreen(e.stderr)
	ctx, _, release := service.Signals(context.Background(), nil, nil)
	defer release()
	if c.Model == "" || c.Model == base.Version {
		var err error
		if c.Model, err = modelFor(ctx, c.Data, c.CSV, c.Dir.Dir, c.Kept, c.Model != ""); err != nil {
			return csvError(err)
		}
	}
	m, err := openModel(ctx, c.Model, c.Dir.Dir, c.Kept)
	if err != nil {
		return err
	}
	leads, err := leadsOf(m, c.Horizon)
	if err != nil {
		return err
	}
	if m.Version == base.Version {
		m = m.WithHorizon(leads)
	}
	if err := c.Place.put(m); err != nil {
		return err
	}
	histories, err := loadHistories(ctx, show, c.Data, &c.CSV, &c.Marks, m)
	if err != nil {
		return csvError(err)
	}
	if err := oneSeries(histories); err != nil {
		return err
	}
	known, err := c.Ahead.load(show, c.CSV.Timezone)
	if err != nil {
		return csvError(err)
	}
	_, end := spanOf(histories)
	if !c.Origin.IsZero() {
		end = min(end, c.Origin.Unix())
	}
	end += int64(leads) * int64(m.Spec.Step()/time.Second)
	if err := c.Ahead.fit(show, c.Model, m, known, histories, end); err != nil {
		return err
	}
	f, err := forecastAt(m, histories, known, c.Origin)
	if err != nil {
		return err
	}
	if err := printForecast(e.stdout, f, leads, c.JSON); err != nil || c.Plot == "" {
		return err
	}
	fan := fanChart(f, histories[len(histories)-1], leads)
	fan.Title = fmt.Sprintf("%s: the next %s by %s", f.Series,
		stepWords(time.Duration(leads)*m.Spec.Step()), f.Source)
	fan.Subtitle = fmt.Sprintf("from %s, model %s", stamp(f.Origin), m.Spec.Name)
	return draw(show, c.Plot, fan)
}

// oneSeries returns an error when the histories are of more than one series.
func oneSeries(histories []*dataset.History) error {
	names := map[meter.ID]bool{}
	for _, h := range histories {
		names[h.ID] = true
	}
	if len(names) > 1 {
		return usageError(fmt.Sprintf("the data hold %d series", len(names)),
			"name one: --series "+histories[0].ID.String())
	}
	return nil
}

// forecastAt is the forecast at an origin, which is by default the end of the data.
func forecastAt(
	m *model.Model, own []*dataset.History, known *dataset.Covariates, origin time.Time,
) (*engine.Forecast, error) {
	if len(own) == 0 {
		return nil, &service.HintError{
			What: "no interval of the series is known: none of its readings is taken",
			Fix:  []string{"the lines above say why they are left out"},
		}
	}
	if origin.IsZero() {
		_, end := spanOf(own)
		origin = time.Unix(end, 0)
	}
	f, err := evaluate.ForecastAt(m, own, known, origin.Unix())
	if err == nil && f == nil {
		err = testRangeError("choose an --origin inside of the data",
			"there is no reading on the day before %s", origin.UTC().Format(time.RFC3339))
	}
	return f, err
}

// printForecast prints the first leads of a forecast, as the message that would be published or as
// a table. Beyond a day, a line in the table begins each day of the lead.
func printForecast(w io.Writer, f *engine.Forecast, leads int, asJSON bool) error {
	if asJSON {
		_, err := fmt.Fprintf(w, "%s\n", forecastMessage(f, leads).AppendJSON(nil))
		return err
	}
	fmt.Fprintf(w, "%s from %s, source %s, unit %s\n", f.Series, stamp(f.Origin), f.Source,
		orDash(f.Unit))
	var table bytes.Buffer
	t := tabwriter.NewWriter(&table, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "LEAD\tSTART (UTC)\t")
	for _, level := range f.Levels {
		fmt.Fprintf(t, "P%.3g\t", 100*level)
	}
	fmt.Fprintln(t)
	day := int(meter.DaySeconds / f.Interval)
	for k := range leads {
		if leads > day && k%day == 0 {
			fmt.Fprintf(t, "day %d\t%s\n", k/day+1, strings.Repeat("\t", 1+len(f.Levels)))
		}
		start := time.Unix(f.Origin+int64(k)*f.Interval, 0).UTC()
		fmt.Fprintf(t, "%d\t%s\t", k+1, start.Format("2006-01-02 15:04"))
		for _, v := range f.Quantiles[k*len(f.Levels):][:len(f.Levels)] {
			fmt.Fprintf(t, "%s\t", significant(float64(v), 4))
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(table.String()) { // the line of a day has empty cells
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// forecastMessage is the message of the first leads of a forecast.
func forecastMessage(f *engine.Forecast, leads int) *streams.Forecast {
	origin := time.Unix(f.Origin, 0).UTC()
	message := &streams.Forecast{
		Series: f.Series, Origin: origin, Issued: origin,
		Interval: time.Duration(f.Interval) * time.Second,
		Unit:     f.Unit, Source: f.Source, Quality: f.Quality.String(),
		Levels: f.Levels, Quantiles: f.Quantiles[:leads*len(f.Levels)],
	}
	if f.Model != nil {
		message.Model = &streams.Model{
			Name: f.Model.Spec.Name, Version: f.Model.Version, Digest: f.Model.Digest,
		}
	}
	return message
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/plot"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// inspectCmd tells what files of readings are taken for. It changes nothing.
type inspectCmd struct {
	Files []string `arg:"" name:"file" help:"Files of readings: delimited text, Green Button, JSON, line protocol, Parquet; see docs/files.md."`
	CSV   csvFlags `embed:""`
	First int      `default:"5" placeholder:"N" help:"How many readings to show as they are understood; default: 5."`
	JSON  bool     `name:"json" help:"Print one JSON object."`
	Plot  string   `placeholder:"FILE" help:"Draw the newest readings of the first series into a png or svg file."`
}

// Help returns the text of loadtide help inspect before the flags.
func (c *inspectCmd) Help() string {
	return `The table of series has these columns beside the times and the values:

    INTERVAL  time from one reading to the next
    MISSING   readings that the interval asks for and the file does not have
    DOUBLED   readings of a moment that the series has already; the last one counts
    ODD       readings that are off the grid of the interval`
}

// inspection is what inspect found out.
type inspection struct {
	report tabular.Report
	table  *tabular.Table // nil when the files cannot be used
	series []tabular.Summary
	plans  []string // what the other commands would do
	err    error    // why the files cannot be used
	// unnamed says that the file names no series. The series here is named after the file.
	unnamed bool
}

// Run reads the files and prints what they are taken for. The exit code is 3 when they cannot be
// used.
func (c *inspectCmd) Run(e *env) error {
	if err := drawable(c.Plot); err != nil {
		return err
	}
	found, err := c.inspect()
	if err != nil {
		return err
	}
	if c.JSON {
		err = c.printJSON(e.stdout, found)
	} else {
		err = c.print(e.stdout, found)
	}
	if err != nil {
		return err
	}
	if found.err != nil {
		return service.WithExitCode(inspectError(found.err), service.ExitNo)
	}
	if c.Plot == "" {
		return nil
	}
	return c.draw(newScreen(e.stderr), found)
}

// inspectError is csvError without the words about what was written: inspect writes nothing.
func inspectError(err error) error {
	var file *tabular.FileError
	if errors.As(err, &file) {
		return &service.HintError{What: file.Error(), Fix: []string{file.Remedy}, Err: err}
	}
	return csvError(err)
}

// inspect reads the files. The error is one of usage; why the files cannot be used is part of the
// inspection.
func (c *inspectCmd) inspect() (*inspection, error) {
	options, done, err := c.CSV.open(c.Files)
	if err != nil {
		return nil, err
	}
	var found inspection
	found.table, found.report, found.err = tabular.Load(c.Files, options)
	var unnamed *tabular.FileError
	if errors.As(found.err, &unnamed) && unnamed.Unnamed && len(c.Files) == 1 {
		c.CSV.Series = stem(c.Files[0])
		options.Series = c.CSV.Series
		found.table, found.report, found.err = tabular.Load(c.Files, options)
		found.unnamed = true
	}
	if err := done(); err != nil {
		return nil, err
	}
	var option *tabular.OptionError
	if errors.As(found.err, &option) {
		return nil, csvError(found.err)
	}
	if found.table != nil {
		found.series = found.table.Summaries()
		found.plans = plansFor(found.table)
		if found.unnamed {
			found.plans = append(found.plans, fmt.Sprintf("the file names no series: give the "+
				"other commands --series NAME; here it is named after the file, %s",
				found.series[0].Series))
		}
	}
	return &found, nil
}

// stem is the name of a file without folder and endings, for a series that the file does not name.
func stem(path string) string {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	return meter.Token(name[:min(len(name), meter.MaxToken)])
}

// plansFor says in a line each what the other commands would do with a table.
func plansFor(table *tabular.Table) []string {
	b := dataset.NewBuilder()
	b.AddTable(table)
	lone := b.DropLone()
	b.At(0)
	histories := b.Build()
	var plans []string
	series := map[meter.ID]bool{}
	days := 0.0
	for _, h := range histories {
		series[h.ID] = true
		days = max(days, float64(int64(h.Ring.Known)*h.Len.Interval)/meter.DaySeconds)
	}
	if len(series) > 0 {
		interval := meter.IntervalName(time.Duration(b.Interval()) * time.Second)
		plans = append(plans, fmt.Sprintf(
			"train, backtest and forecast take %d of %d series at %s; the longest has %.1f days",
			len(series), len(table.Series), interval, days))
	} else {
		plans = append(plans, "train, backtest and forecast take no series of it")
	}
	if days < leastDays {
		plans = append(plans, fmt.Sprintf("train asks for %d days of readings at least", leastDays))
	}
	if lone > 0 {
		plans = append(plans,
			counted(uint64(lone), "reading")+" far ahead of all others of their series: left out")
	}
	plans = append(plans, b.LeftOut()...)
	if n := table.Unordered(); n > 0 {
		plans = append(plans,
			fmt.Sprintf("publish sorts the rows by time first: %d are older than the row before", n))
	}
	return plans
}

// leastDays is how many days of readings a training asks for.
const leastDays = 21

// print prints the inspection as text.
func (c *inspectCmd) print(w io.Writer, found *inspection) error {
	for i := range found.report.Files {
		c.printFile(w, found, &found.report.Files[i])
	}
	for i := len(found.report.Files); i < len(found.report.Layouts); i++ { // not read to the end
		f := &found.report.Layouts[i]
		fmt.Fprintf(w, "%s\n", f.File)
		printLayout(w, f)
	}
	if found.table == nil {
		return nil
	}
	if err := c.printSeries(w, found.series); err != nil {
		return err
	}
	fmt.Fprintln(w, "first readings (start of the interval, UTC)")
	for _, r := range c.firstRows(found.table) {
		fmt.Fprintf(w, "  %s  %s  %s\n", found.table.Name(r), r.Time().Format(time.RFC3339),
			strings.TrimSpace(fmt.Sprintf("%v %s", r.Value, found.table.Terms[r.Series].Unit)))
	}
	for i := range found.report.Layouts {
		f := &found.report.Layouts[i]
		fmt.Fprintf(w, "flags that say the same of %s\n  %s\n", f.File, strings.Join(c.sameFlags(f), " "))
	}
	for _, plan := range found.plans {
		fmt.Fprintf(w, "%s\n", plan)
	}
	for _, warning := range found.report.Warnings {
		fmt.Fprintf(w, "warn: %s\n", warning)
	}
	if found.report.Rejected > 0 {
		first := &found.report.First[0]
		fmt.Fprintf(w, "%s\n  first: %s\n  fix: %s\n", rejectedWords(found.report), first.Error(),
			first.Remedy)
	}
	return nil
}

// firstRows are the first readings in the order of the files.
func (c *inspectCmd) firstRows(table *tabular.Table) []tabular.Row {
	rows := make([]tabular.Row, 0, max(c.First, 0))
	for i := 0; i < min(c.First, table.Len()); i++ {
		rows = append(rows, table.Row(i))
	}
	return rows
}

// draw draws the newest readings of the first series.
func (c *inspectCmd) draw(show *screen, found *inspection) error {
	const most = 2000
	first := found.series[0]
	chart := plot.Readings{
		Title: first.Series.String(), Unit: first.Terms.Unit, Interval: first.Interval,
		Subtitle: fmt.Sprintf("%d readings from %s to %s", first.Readings, stamp(first.First.Unix()),
			stamp(first.Last.Unix())),
	}
	var all []tabular.Row
	for r := range found.table.All() {
		if found.table.Name(r) == first.Series {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b tabular.Row) int { return cmp.Compare(a.Unix, b.Unix) })
	var points []plot.Point
	for _, r := range all {
		if n := len(points); n == 0 || r.Time().Sub(points[n-1].Time) >= first.Interval {
			points = append(points, plot.Point{Time: r.Time(), Value: r.Value})
		}
	}
	chart.Points = points[max(0, len(points)-most):]
	return draw(show, c.Plot, chart)
}

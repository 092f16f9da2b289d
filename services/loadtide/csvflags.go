package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// csvFlags say how to read CSV files. Every command that reads files has them.
type csvFlags struct {
	SeriesColumn  string   `placeholder:"NAME" help:"Column that names the series; default: series, else found."`
	Series        string   `placeholder:"ID" help:"Name of the series of a file of one; of files that hold several, the one to take."`
	TimeColumn    string   `placeholder:"NAME" help:"Column of times, or two of them, of dates and of times of day: \"Date,Time\"; default: timestamp, else found. Without columns of series and value, every other column is a series."`
	ValueColumn   string   `placeholder:"NAME" help:"Column of values; default: value, else found."`
	Where         []string `sep:"none" placeholder:"COLUMN=VALUE" help:"Take only the rows that have this value in this column; may be repeated."`
	Delimiter     string   `placeholder:"MARK" help:"Mark between columns: comma, semicolon, tab or bar; default: found."`
	Decimal       string   `placeholder:"MARK" help:"Decimal mark: a comma or a point; default: found."`
	DateFormat    string   `placeholder:"FORM" help:"Order of day and month in dates, e.g. dd/mm/yyyy or mm/dd/yyyy; default: found."`
	SkipLines     int      `placeholder:"N" help:"Lines before the header; default: found."`
	Timezone      string   `placeholder:"ZONE" help:"IANA zone of times without an offset, e.g. Europe/Berlin; default: what the file says, else UTC."`
	IntervalLabel string   `enum:"start,end," default:"" placeholder:"start|end" help:"Whether a time names the start or the end of its interval; default: what the file says, else start."`
	Unit          string   `help:"Unit of all values, e.g. kWh; default: what the file says."`
	Kind          string   `enum:"energy,power,register," default:"" placeholder:"KIND" help:"energy, power or register; default: what the unit says."`
	Rejects       string   `placeholder:"FILE" help:"Write rows that cannot be used here, with line and reason."`
}

// open returns the options for loading paths. The caller calls done when they are loaded; done
// returns an error when the file of rejected rows could not be written.
func (f *csvFlags) open(paths []string) (o tabular.Options, done func() error, err error) {
	kind, err := meter.ParseKind(f.Kind)
	if err != nil {
		return o, nil, err
	}
	o = tabular.Options{
		SeriesColumn: f.SeriesColumn, Series: f.Series, TimeColumn: f.TimeColumn,
		ValueColumn: f.ValueColumn, Where: f.Where, Delimiter: f.Delimiter, Decimal: f.Decimal,
		DateFormat: f.DateFormat, SkipLines: f.SkipLines,
		Timezone: f.Timezone, IntervalLabel: f.IntervalLabel, Unit: f.Unit, Kind: kind,
		Now: time.Now(),
	}
	if f.Rejects == "" {
		return o, func() error { return nil }, nil
	}
	if readsFrom(paths, f.Rejects) {
		return o, nil, usageError(fmt.Sprintf("--rejects %s is one of the files to read",
			f.Rejects), "name another file: this one would be lost")
	}
	file, err := os.Create(f.Rejects)
	if err != nil {
		return o, nil, fmt.Errorf("--rejects: %w", err)
	}
	w := bufio.NewWriter(file)
	o.Rejected = func(r tabular.RowError) {
		fmt.Fprintln(w, r.Error()) // Flush returns the error
	}
	return o, func() error {
		if err := errors.Join(w.Flush(), file.Close()); err != nil {
			return fmt.Errorf("--rejects: %w", err)
		}
		return nil
	}, nil
}

// readsFrom reports whether one of the paths is the file at name, even under another name.
func readsFrom(paths []string, name string) bool {
	at, err := os.Stat(name)
	if err != nil {
		return false // the file does not exist yet
	}
	for _, path := range paths {
		if other, err := os.Stat(path); err == nil && os.SameFile(at, other) {
			return true
		}
	}
	return false
}

// showFiles shows a line for each file, and warns of what the file does not say.
func (f *csvFlags) showFiles(to *screen, r tabular.Report) {
	for i := range r.Files {
		file := &r.Files[i]
		to.line("%s", f.fileLine(file, layoutOfFile(r, file.File)))
		if f.Unit == "" && f.Kind == "" && file.Units < file.Series && file.Interval > 0 &&
			file.Interval < time.Hour {
			to.line("warn: %s: no unit is given, so readings every %s count as power, and are "+
				"averaged where they are joined; say --unit kWh if they are energy", file.File,
				stepWords(file.Interval))
		}
	}
	if f.Kind == "" && f.Unit != "" && meter.ParseUnit(f.Unit).Dimension == meter.DimensionNone {
		to.line("warn: the unit %q is none of energy and none of power: readings count as power, and "+
			"are averaged where they are joined; say kWh or kW, or --kind energy", f.Unit)
	}
	for _, w := range r.Warnings {
		to.line("warn: %s", w)
	}
}

// layoutOfFile is what a file was taken for; nil for a file that is no delimited text.
func layoutOfFile(r tabular.Report, file string) *tabular.FileLayout {
	for i := range r.Layouts {
		if r.Layouts[i].File == file {
			return &r.Layouts[i]
		}
	}
	return nil
}

// fileLine is the summary of a file and what had to be found out.
func (f *csvFlags) fileLine(r *tabular.FileReport, found *tabular.FileLayout) string {
	line := f.summary(r, found)
	if found != nil && found.Words() != "" {
		line += ", " + found.Words()
	}
	return line
}

// summary says layout, series, interval, unit, range, and how times are read.
func (f *csvFlags) summary(r *tabular.FileReport, found *tabular.FileLayout) string {
	parts := []string{r.Layout}
	if r.Layout != tabular.LayoutOne {
		parts = append(parts, fmt.Sprintf("%d series", r.Series))
	}
	if r.Interval > 0 {
		parts = append(parts, stepWords(r.Interval))
	}
	switch {
	case f.Unit != "":
		parts = append(parts, f.Unit)
	case r.Unit != "":
		parts = append(parts, r.Unit)
	}
	if !r.From.IsZero() {
		parts = append(parts, r.From.Format(time.DateOnly)+" to "+r.Until.Format(time.DateOnly))
	}
	if r.Naive > 0 {
		parts = append(parts, f.zoneWords(found))
	}
	switch {
	case f.IntervalLabel == tabular.LabelEnd:
		parts = append(parts, "labelled by the end")
	case found != nil && found.Label == tabular.LabelEnd:
		parts = append(parts, "labelled by the end ("+found.LabelBy+")")
	}
	return r.File + ": " + strings.Join(parts, ", ")
}

// zoneWords says in which zone times without an offset are read.
func (f *csvFlags) zoneWords(found *tabular.FileLayout) string {
	switch {
	case f.Timezone != "":
		return "times read in " + f.Timezone
	case found != nil && found.ZoneBy == "file":
		return "times read in " + found.Zone + " (the file says so)"
	}
	return "times read as UTC (no offset in the file; --timezone changes it)"
}

// stepWords returns an interval as people write it, such as 30 min or 1 h.
func stepWords(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return fmt.Sprintf("%d d", d/day)
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	default:
		return fmt.Sprintf("%d s", d/time.Second)
	}
}

// showRejected shows the rows that cannot be used.
func showRejected(to *screen, r tabular.Report) {
	if r.Rejected > 0 {
		to.line("warn: %s: %d of %d rows rejected: %s", r.File, r.Rejected, r.Rows,
			r.First[0].Error())
	}
}

// rejectedWords returns the number of rejected rows by reason, such as "12 rejected: 9
// not_a_number, 3 bad_timestamp".
func rejectedWords(r tabular.Report) string {
	reasons := make([]string, len(r.Reasons))
	for i, reason := range r.Reasons {
		reasons[i] = fmt.Sprintf("%d %s", reason.Rows, reason.Reason)
	}
	return fmt.Sprintf("%d rejected: %s", r.Rejected, strings.Join(reasons, ", "))
}

// csvError adds the remedy to an error about a file or a flag, and returns other errors as they
// are.
func csvError(err error) error {
	var file *tabular.FileError
	var option *tabular.OptionError
	switch {
	case errors.As(err, &option):
		return usageError("--"+option.Error(), option.Remedy)
	case errors.As(err, &file):
		return &service.HintError{
			What: file.Error(), Fix: []string{file.Remedy + "; nothing was written"}, Err: err,
		}
	}
	return err
}

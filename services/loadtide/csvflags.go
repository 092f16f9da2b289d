package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// csvFlags say how CSV files are to be read. Every command that takes files has
// them.
type csvFlags struct {
	SeriesColumn  string `placeholder:"NAME" help:"Column that names the series; series when not said."`
	Series        string `placeholder:"ID" help:"Name of the series of a file of one; of files that hold several, the one to take."`
	TimeColumn    string `placeholder:"NAME" help:"Column of times; timestamp when not said."`
	ValueColumn   string `placeholder:"NAME" help:"Column of values; value when not said."`
	Timezone      string `placeholder:"ZONE" help:"IANA zone of times without an offset; UTC when not said."`
	IntervalLabel string `enum:"start,end" default:"start" help:"Whether a time names the start or the end of its interval."`
	Unit          string `help:"Unit of all values, e.g. kWh."`
	Kind          string `enum:"energy,power," default:"" help:"energy or power; from the unit when not said."`
	Rejects       string `placeholder:"FILE" help:"Write rows that cannot be used here, with line and reason."`
}

// open gives the options of tabular.Load; done closes the file of rejected rows.
func (f *csvFlags) open(paths []string) (o tabular.Options, done func() error, err error) {
	o = tabular.Options{
		SeriesColumn: f.SeriesColumn, Series: f.Series, TimeColumn: f.TimeColumn, ValueColumn: f.ValueColumn,
		Timezone: f.Timezone, IntervalLabel: f.IntervalLabel, Unit: f.Unit, Kind: f.Kind,
	}
	if f.Rejects == "" {
		return o, func() error { return nil }, nil
	}
	for _, path := range paths {
		if path == f.Rejects {
			return o, nil, usageError(fmt.Sprintf("--rejects %s is one of the files to read", path), "name another file")
		}
	}
	file, err := os.Create(f.Rejects)
	if err != nil {
		return o, nil, fmt.Errorf("--rejects: %w", err)
	}
	var broken error
	o.Rejected = func(r tabular.RowError) {
		if _, err := fmt.Fprintln(file, r.Error()); err != nil {
			broken = err
		}
	}
	return o, func() error { return errors.Join(broken, file.Close()) }, nil
}

// showFiles tells what each file was found to be.
func (f *csvFlags) showFiles(to *screen, r tabular.Report) {
	for _, file := range r.Files {
		read := ""
		if file.Naive > 0 && f.Timezone == "" {
			read = ", times read as UTC (no offset in the file; --timezone changes it)"
		}
		unit := ""
		if f.Unit != "" {
			unit = ", " + f.Unit
		}
		to.line("%s: %s, %d rows, %d series, %s%s, %s to %s%s", file.File, file.Layout, file.Rows-file.Rejected, file.Series, step(file.Interval), unit,
			file.From.Format(time.DateOnly), file.Until.Format(time.DateOnly), read)
	}
	for _, w := range r.Warnings {
		to.line("warn: %s", w)
	}
}

// step is an interval as people write it.
func step(d time.Duration) string {
	switch {
	case d == 0:
		return "one time"
	case d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	default:
		return fmt.Sprintf("%.3g min", d.Minutes())
	}
}

// showRejected tells of rows that could not be used.
func showRejected(to *screen, r tabular.Report) {
	if r.Rejected > 0 {
		to.line("warn: %d of %d rows rejected: %s", r.Rejected, r.Rows, r.First[0].Error())
	}
}

// rejectedWords says how many rows were rejected, and why.
func rejectedWords(r tabular.Report) string {
	var reasons []string
	for _, reason := range r.Reasons {
		reasons = append(reasons, fmt.Sprintf("%d %s", reason.Rows, reason.Reason))
	}
	return fmt.Sprintf("%d rejected: %s", r.Rejected, strings.Join(reasons, ", "))
}

// csvError prints the fault of a file or of a flag with its remedy.
func csvError(err error) error {
	var file *tabular.FileError
	if errors.As(err, &file) {
		return &service.HintError{What: file.Error(), Fix: []string{file.Remedy + "; nothing was written"}, Err: err}
	}
	return err
}

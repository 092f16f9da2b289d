package dataset

import (
	"context"
	"fmt"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// Files reads readings and covariates from CSV files.
type Files struct {
	Paths   []string
	Options tabular.Options // how the files are read; a unit or a kind there is that of every series
	Marks   *meter.Marks    // kept from models; may be nil
	// called once, with what was read and what was rejected; may be nil
	Report func(tabular.Report)
}

// Load adds the readings of the files to b. The error says which file cannot be read.
func (f Files) Load(_ context.Context, b *Builder) error {
	table, report, err := tabular.Load(f.Paths, f.Options)
	if err != nil {
		return err
	}
	if f.Marks != nil {
		b.AddMarks(f.Marks)
	}
	b.AddTable(table)
	if n := b.DropLone(); n > 0 {
		report.Warnings = append(report.Warnings,
			fmt.Sprintf("%s: %d readings far ahead of all others of their series were left out",
				report.File, n))
	}
	if f.Report != nil {
		f.Report(report)
	}
	return nil
}

// Covariates reads covariates from the files: each series in the files is one, by site and name.
func (f Files) Covariates() (*Covariates, error) {
	table, report, err := tabular.Load(f.Paths, f.Options)
	if err != nil {
		return nil, err
	}
	if f.Report != nil {
		f.Report(report)
	}
	b := NewBuilder()
	b.AddTable(table)
	return b.Covariates()
}

// AddTable adds the rows of a table, with the terms of their series.
func (b *Builder) AddTable(table *tabular.Table) {
	for row := range table.All() {
		terms := table.Terms[row.Series]
		b.AddReading(table.Name(row), Reading{
			Kind: terms.Kind, Unit: terms.Unit, Second: row.Unix, Value: row.Value,
		})
	}
}

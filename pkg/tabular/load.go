package tabular

import (
	"fmt"
	"strconv"
)

const defaultMaxRows = 20_000_000 // 480 MB

// Load reads files into one table, in the order of paths. Rows that cannot be used are counted in
// the report. The error is an *OptionError when an option is wrong; a *FileError when a file cannot
// be read or its columns are not those that header and options promise, or when no row of all files
// is usable. The report is good with an error too.
func Load(paths []string, opts Options) (*Table, Report, error) {
	l, err := newLoader(opts)
	if err != nil {
		return nil, Report{}, err
	}
	for _, path := range paths {
		if err := l.read(path); err != nil {
			return nil, l.finish(paths), err
		}
	}
	report := l.finish(paths)
	if len(l.table.rows) > 0 {
		return l.table, report, nil
	}
	return nil, report, l.nothing(paths, &report)
}

// nothing says why there is no row.
func (l *loader) nothing(paths []string, report *Report) error {
	switch {
	case len(paths) == 0:
		return &FileError{File: "no file", Problem: "no rows", Remedy: "name at least one CSV file"}
	case report.LeftOut > 0:
		return &FileError{
			File:    report.File,
			Problem: "no row is left: " + report.Warnings[0],
			Remedy:  "give it the rows that were measured",
		}
	case report.Rejected > 0:
		first := report.First[0]
		return &FileError{
			File:    report.File,
			Problem: fmt.Sprintf("none of %d rows is usable; first: %s", report.Rows, first.Error()),
			Remedy:  first.Remedy,
		}
	case l.names.only != nil && !l.names.found:
		var others []string
		for _, k := range l.names.list {
			others = append(others, k.name.String())
		}
		return &FileError{
			File: report.File,
			Problem: fmt.Sprintf(
				"no series %s; there are %s",
				strconv.Quote(shown(l.opts.Series)), listed(others),
			),
			Remedy: "give --series one of these; in a file of one series name its columns with " +
				"--time-column and --value-column",
		}
	}
	return &FileError{
		File: report.File, Problem: "no rows", Remedy: "write at least one row under the header",
	}
}

package main

import (
	"fmt"
	"os"
	"strings"
)

// writeCard writes what the base models were trained on, and how good they are where they were not.
func writeCard(path, figures, ageFigures string) error {
	all, err := readFigures(figures)
	if err != nil {
		return err
	}
	byAge, err := readAges(ageFigures)
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(`# Base models

Networks of 1 h, 30 and 15 minutes, trained once on public series and never on yours. They forecast a
series from a day of its readings on. ` + "`make base-model`" + ` makes the files again.

An LSTM of 128 units, plain scale, quantiles 0.1 to 0.9, a week of leads at 1 h and two days at the finer
intervals. No feature looks back further than two weeks. Homes, buildings, grids and single sites have
the same share of the training windows, and of a kind each set has that of the root of its number of
series; a fifth of the windows stand for series of less than a week. For 15 minutes, at which no grid comes, those of hours are
refined.

## Trained on

| set | what | source | licence |
| --- | --- | --- | --- |
`)
	for _, s := range sources {
		if s.licence != "" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", s.name, s.title, s.origin, s.licence)
		}
	}
	b.WriteString(`
## Not trained on

Sets whose licence is not stated, or does not allow it. They are measured with the base models
themselves.

| set | what | source |
| --- | --- | --- |
`)
	for _, s := range sources {
		if s.licence == "" {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", s.name, s.title, s.origin)
		}
	}
	b.WriteString(`
## Accuracy on series that no model saw

wQL over a day of leads, beside the best of four simple rules; the model of a fold was trained without
the sets of that fold, fold 0 is the base model itself. The 80 % band is the share of the values in it.

| interval | set | kind | fold | wQL | best rule | ratio | 80 % band |
| --- | --- | --- | --- | --- | --- | --- | --- |
`)
	for _, s := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %.4f | %.4f | %.2f | %.1f %% |\n", s.Interval, s.Set, s.Kind,
			s.Fold, s.WQL, s.RuleWQL, s.WQL/s.RuleWQL, 100*s.Coverage)
	}
	b.WriteString(`
## By age

What a series is served when it began so long ago, hours, wQL over a day of leads as a ratio to the better
one of two rules: the newest value, and the same hour of yesterday. Below a day of readings the base model
does not serve yet.

` + agesTable(byAge))
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// costWords are the last line of a table, on the cost of faults.
func costWords(c *evaluate.FaultCost, faulty accuracy.Measures) string {
	return fmt.Sprintf("Faults cost %+.1f %% pinball loss: wQL %s on what came, %s on what is "+
		"true (ratio %.3f). "+
		"%d readings heard, %d rows without a usable value, %d stamped far ahead left out.",
		100*(c.Ratio-1), digits(faulty.Pinball), digits(c.Clean.Pinball), c.Ratio, c.Readings,
		c.Rejected, c.Future)
}

// loadFaulty reads the files twice: the true values become the histories, and the values in the
// order of the rows become the feed.
func (b *backtest) loadFaulty(ctx context.Context) error {
	csv, truth := &b.cmd.CSV, b.cmd.TruthColumn
	options, done, err := csv.open(b.cmd.Data)
	if err != nil {
		return err
	}
	table, report, err := tabular.Load(b.cmd.Data, options)
	if closed := done(); err == nil {
		err = closed
	}
	if err != nil {
		return err
	}
	csv.showFiles(b.show, report)
	if step := b.model.Spec.Step(); report.Interval < step {
		return &service.HintError{
			What: fmt.Sprintf("%s: a reading every %s: readings can be heard as they "+
				"came at the interval of the model alone, %s",
				report.File, stepWords(report.Interval), stepWords(step)),
			Fix: []string{
				"make the file at that interval: loadtide simulate --from FILE --faults all --out FILE",
			},
			Reason: "interval_unsupported",
		}
	}
	arrivals, err := evaluate.ArrivalsOf(table)
	if err != nil {
		return &service.HintError{
			What: err.Error(),
			Fix: []string{"give a file of loadtide simulate --faults, or sort the rows by " +
				"when they came"},
			Reason: "order",
		}
	}
	b.feed = arrivals.Feed
	b.cost = &evaluate.FaultCost{
		Truth: truth, Readings: arrivals.Readings, Rejected: report.Rejected,
		Future: arrivals.Future,
	}
	truths := *csv
	truths.ValueColumn, truths.Rejects = truth, ""
	// Rows without a true value are not shown: their times are no times of the series.
	b.histories, err = loadHistories(ctx, newScreen(io.Discard), b.cmd.Data, &truths, &b.cmd.Marks,
		b.model)
	var file *tabular.FileError
	if errors.As(err, &file) {
		file.Remedy = strings.ReplaceAll(file.Remedy, "--value-column", "--truth-column")
	}
	return err
}

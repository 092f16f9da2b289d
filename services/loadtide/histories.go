package main

import (
	"context"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// loadHistories reads files for measuring or forecasting.
func loadHistories(
	ctx context.Context, show *screen, paths []string, csv *csvFlags,
) ([]*dataset.History, error) {
	options, done, err := csv.open(paths)
	if err != nil {
		return nil, err
	}
	b := dataset.NewBuilder()
	report := func(r tabular.Report) {
		csv.showFiles(show, r)
		showRejected(show, r)
	}
	err = dataset.Files{Paths: paths, Options: options, Report: report}.Load(ctx, b)
	if closed := done(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, err
	}
	histories := b.Build()
	for _, text := range []string{b.RepeatsRemark(), b.Coarse()} {
		if text != "" {
			show.line("warn: %s", text)
		}
	}
	return histories, nil
}

// spanOf is the first second of the data and the end of the last interval.
func spanOf(histories []*dataset.History) (first, end int64) {
	for i, h := range histories {
		from, until := h.Start(h.Ring.First()), h.Start(h.Ring.Newest+1)
		if i == 0 {
			first, end = from, until
		}
		first, end = min(first, from), max(end, until)
	}
	return first, end
}

func stamp(second int64) string { return time.Unix(second, 0).UTC().Format(time.RFC3339) }

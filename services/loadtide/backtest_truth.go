package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/accuracy"
	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// scoreboard is how a model does on values that came late, wrong or not at all,
// beside itself on the true ones.
type scoreboard struct {
	Truth    string            `json:"truth_column"`
	Readings int               `json:"readings"` // heard
	Rejected int               `json:"rejected"` // rows without a usable value
	Future   int               `json:"future"`   // rows stamped far ahead of all others, left out as a stream does
	Clean    accuracy.Measures `json:"clean"`
	Ratio    float64           `json:"ratio"` // pinball loss on what came over that on what is true
}

// words are the last line of a table.
func (s *scoreboard) words(faulty accuracy.Measures) string {
	return fmt.Sprintf("Faults cost %+.1f %% pinball loss: wQL %s on what came, %s on what is true (ratio %.3f). %d readings heard, %d rows without a usable value, %d stamped far ahead left out.",
		100*(s.Ratio-1), digits(faulty.Pinball), digits(s.Clean.Pinball), s.Ratio, s.Readings, s.Rejected, s.Future)
}

// loadFaulty reads files twice: their true values as the histories that are
// scored against, and what came, in the order of the rows.
func loadFaulty(ctx context.Context, show *screen, paths []string, csv *csvFlags, truth string) ([]*dataset.History, map[meter.ID][]evaluate.Arrival, *scoreboard, error) {
	options, done, err := csv.open(paths)
	if err != nil {
		return nil, nil, nil, err
	}
	table, report, err := tabular.Load(paths, options)
	if closed := done(); err == nil {
		err = closed
	}
	if err != nil {
		return nil, nil, nil, err
	}
	csv.showFiles(show, report)
	if report.Interval < meter.IntervalSeconds*time.Second {
		return nil, nil, nil, &service.HintError{
			What:   fmt.Sprintf("%s: a reading every %s: only hourly readings can be heard as they came", report.File, stepWords(report.Interval)),
			Fix:    []string{"make the file of hourly readings: loadtide simulate --from HOURLY --faults all --out FILE"},
			Reason: "interval_unsupported",
		}
	}
	board := &scoreboard{Truth: truth, Rejected: report.Rejected}
	feed, err := arrivalsOf(table, board)
	if err != nil {
		return nil, nil, nil, err
	}
	truths := *csv
	truths.ValueColumn, truths.Rejects = truth, ""
	// Nothing is said of rows without a true value: their times are no times of the series.
	histories, err := loadHistories(ctx, newScreen(io.Discard), paths, &truths)
	var file *tabular.FileError
	if errors.As(err, &file) {
		file.Remedy = strings.ReplaceAll(file.Remedy, "--value-column", "--truth-column")
	}
	return histories, feed, board, err
}

const (
	// firstRows tell where a file begins: one of them may be stamped far ahead.
	firstRows = 100
	// farBehind of what was heard before is rare in an order of arrival.
	farBehind = 2 * meter.WeekSeconds
)

// arrivalsOf gives each row of a table in the order of arrival the clock that it
// came by: the newest interval that any series had a reading of.
func arrivalsOf(table *tabular.Table, board *scoreboard) (map[meter.ID][]evaluate.Arrival, error) {
	feed := map[meter.ID][]evaluate.Arrival{}
	clock := table.Row(0).Unix
	for i := range min(firstRows, table.Len()) {
		clock = min(clock, table.Row(i).Unix)
	}
	behind := 0
	hear := func(row tabular.Row) {
		name := table.Name(row)
		id := meter.ID{Site: name.Site, Meter: name.Meter}
		clock = max(clock, row.Unix)
		feed[id] = append(feed[id], evaluate.Arrival{Second: row.Unix, Value: row.Value, Clock: clock})
		board.Readings++
		if row.Unix < clock-farBehind {
			behind++
		}
	}
	var held *tabular.Row
	for row := range table.All() {
		switch {
		case row.Unix <= clock+meter.LatenessSeconds:
			held = nil
			hear(row)
		case held != nil && max(row.Unix-held.Unix, held.Unix-row.Unix) <= meter.LatenessSeconds: // all were silent
			board.Future--
			hear(*held)
			hear(row)
			held = nil
		default:
			board.Future++
			held = &row
		}
	}
	if behind > table.Len()/10 {
		return nil, &service.HintError{
			What:   fmt.Sprintf("%d of %d rows lie over two weeks before the newest one: they do not stand in the order in which they came", behind, table.Len()),
			Fix:    []string{"give a file of loadtide simulate --faults, or sort the rows by when they came"},
			Reason: "order",
		}
	}
	return feed, nil
}

// clean measures the same model on the true values.
func (b *scoreboard) clean(ctx context.Context, show *screen, faulty *measured, histories []*dataset.History) error {
	cfg := faulty.config
	cfg.Feed = nil
	m, err := measure(ctx, show, faulty.name, faulty.model, histories, cfg)
	if err != nil {
		return err
	}
	b.Clean = m.report.Overall
	if b.Clean.Pinball > 0 {
		b.Ratio = faulty.report.Overall.Pinball / b.Clean.Pinball
	}
	return nil
}

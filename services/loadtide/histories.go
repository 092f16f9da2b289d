package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/model/base"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/service"
	"github.com/loadtide/loadtide/pkg/tabular"
)

// loadHistories reads files for measuring or forecasting, at the interval of a model. Finer
// readings are joined; series that come coarser are left out with a warning.
func loadHistories(
	ctx context.Context, show *screen, paths []string, csv *csvFlags, marks *marksFlag,
	m *model.Model,
) ([]*dataset.History, error) {
	kept, err := marks.load(show.line)
	if err != nil {
		return nil, err
	}
	b, err := loadReadings(ctx, show, paths, csv)
	if err != nil {
		return nil, err
	}
	b.At(int64(m.Spec.Step() / time.Second))
	b.In(m.Spec.Zone)
	b.AddMarks(kept)
	histories := b.Build()
	if len(histories) == 0 && b.Coarse() != "" {
		return nil, &service.HintError{
			What: fmt.Sprintf("%s: the model %s forecasts %s, and %s",
				strings.Join(paths, ", "), m.Spec.Name, m.Spec.Interval, b.Coarse()),
			Fix: []string{
				"name a model of the interval of the readings, or of a multiple of it, with --model; " +
					"loadtide train --data FILE makes one; readings must come at least once an hour",
			},
			Reason: "interval_unsupported",
		}
	}
	for _, text := range b.LeftOut() {
		show.line("warn: %s", text)
	}
	return histories, nil
}

// loadReadings reads the readings of files.
func loadReadings(
	ctx context.Context,
	show *screen,
	paths []string,
	csv *csvFlags,
) (*dataset.Builder, error) {
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
	return b, err
}

// modelFor names the model that serves the series of files as serving would choose it: the champion of
// the interval of most series, else the base model of this interval, else the same of the next
// coarser interval that this one divides. Of champions, baseAlone looks at none.
func modelFor(
	ctx context.Context,
	paths []string,
	csv csvFlags,
	dataDir string,
	kept registryFlags,
	baseAlone bool,
) (string, error) {
	csv.Rejects = "" // the rows are shown when the histories are read
	b, err := loadReadings(ctx, newScreen(io.Discard), paths, &csv)
	if err != nil {
		return "", err
	}
	b.At(0)
	b.Build()
	models, err := kept.open(dataDir)
	if err != nil {
		return "", err
	}
	own := time.Duration(b.Interval()) * time.Second
	for interval := own; interval <= meter.MostInterval; interval += own {
		if meter.MostInterval%interval != 0 {
			continue
		}
		name := registry.ModelName(interval)
		if !baseAlone {
			_, err := models.ByAlias(ctx, name, registry.Champion)
			if err == nil {
				return name + "@" + registry.Champion, nil
			}
			if !errors.Is(err, registry.ErrNotFound) {
				return "", err
			}
		}
		if _, ok, err := base.Of(interval); ok || err != nil {
			return name + "@" + base.Version, err
		}
	}
	return registry.ModelName(own) + "@" + registry.Champion, nil
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

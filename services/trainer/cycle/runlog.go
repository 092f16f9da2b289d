package cycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/plot"
)

// RunLogger logs cycles as runs in MLflow. All that a cycle logs there goes through it. A nil
// RunLogger logs nothing, so that the local registry needs no MLflow.
type RunLogger struct {
	Client *mlflow.Client
	Now    func() time.Time
	// Charts draws the charts of a run; nil leaves them out.
	Charts func(context.Context, Evaluation) (plot.Report, error)
	// Warn is called, once for each run and from any goroutine, with what does not stop a cycle:
	// metrics arrive late, or a run stays open.
	Warn func(error)
}

// Evaluation is a model with its scores and what it was scored on.
type Evaluation struct {
	Model     *model.Model
	Histories []*dataset.History
	Config    evaluate.Config
	Report    evaluate.Report
	Baselines evaluate.Baselines
}

// start opens a run and logs the parameters and the data set of an attempt. It returns nil when the
// cycle logs no run.
func (l *RunLogger) start(ctx context.Context, a *attempt) (*activeRun, error) {
	if l == nil || a.Registry == nil {
		return nil, nil
	}
	r, err := l.create(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("start a run: %w", err)
	}
	err = l.Client.LogBatch(ctx, r.id, nil, a.parameters(), nil)
	if err == nil {
		err = l.Client.LogInputs(ctx, r.id, []mlflow.DatasetInput{a.input()})
	}
	if err != nil {
		r.end(ctx, err)
		return nil, fmt.Errorf("start a run: %w", err)
	}
	return r, nil
}

// create opens a run. It waits for MLflow as the cycle waits for the registry.
func (l *RunLogger) create(ctx context.Context, a *attempt) (*activeRun, error) {
	answered := func(err error) bool { return !mlflow.Is(err, mlflow.KindUnavailable) }
	var experiment string
	err := a.registry.until(ctx, answered, func(ctx context.Context) (err error) {
		experiment, err = l.Client.EnsureExperiment(ctx, l.Client.Experiment())
		return err
	})
	if err != nil {
		return nil, err
	}
	now := l.Now().UTC()
	tags := []mlflow.Tag{
		{Key: "mlflow.source.name", Value: "loadtide"}, {Key: "mlflow.source.type", Value: "JOB"},
		{Key: "loadtide.model", Value: a.Config.Model},
	}
	if a.ID != "" {
		tag := mlflow.Tag{Key: "loadtide.cycle", Value: a.ID}
		tags = append(tags, tag)
		l.closeBefore(ctx, experiment, tag)
	}
	run, err := l.Client.CreateRun(ctx, experiment, a.Config.Model+" "+now.Format(time.DateTime),
		now, tags)
	if err != nil {
		return nil, err
	}
	return newActiveRun(ctx, l, run, now), nil
}

// closeBefore closes the runs of earlier attempts at a cycle. Such a run is open when its process
// was killed.
func (l *RunLogger) closeBefore(ctx context.Context, experiment string, cycle mlflow.Tag) {
	open, err := l.Client.OpenRuns(ctx, experiment, cycle)
	for _, run := range open {
		err = errors.Join(err, l.Client.EndRun(ctx, run.Info.RunID, mlflow.StatusKilled, l.Now()))
	}
	if err != nil && l.Warn != nil {
		l.Warn(fmt.Errorf("the run of an attempt that was killed stays open: %w", err))
	}
}

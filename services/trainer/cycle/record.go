package cycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/dataset"
	"github.com/loadtide/loadtide/pkg/evaluate"
	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/model"
	"github.com/loadtide/loadtide/pkg/plot"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/train"
)

// Recorder keeps what cycles do as runs in MLflow. All that a trainer logs there
// goes through it; a nil Recorder keeps nothing, so that the local registry needs
// no MLflow.
type Recorder struct {
	Client *mlflow.Client
	Now    func() time.Time
	// Sheet draws a report; nil leaves its charts out.
	Sheet func(context.Context, *model.Model, evaluate.Report, evaluate.Baselines, evaluate.Config, []*dataset.History) (plot.Report, error)
	// Warn is told of what does not hold a cycle up: that metrics come late, that
	// a run stays open. Once for each run, from any goroutine.
	Warn func(error)
}

const (
	// flushEvery is how often metrics of a fit go out; perValue is how many iterations
	// are one value.
	flushEvery = 2 * time.Second
	perValue   = 25
	// endLimit is how long it may take to close a run when its cycle was ended.
	endLimit = 5 * time.Second
)

// recording is one run under way. Its methods do nothing on nil.
type recording struct {
	*Recorder
	id, uri string
	started time.Time
	stop    context.CancelFunc
	stopped chan struct{}

	mu      sync.Mutex
	pending []mlflow.Metric // at most two for each perValue iterations
	sum     float64         // of training losses since the last value
	n       int
	warned  bool
}

// start opens a run and says what the cycle sets out with.
func (r *Recorder) start(ctx context.Context, c *Cycle, histories []*dataset.History, cut dataset.Cut) (*recording, error) {
	if r == nil || c.Registry == nil {
		return nil, nil
	}
	var experiment string
	var refused error // asking again would not help
	err := c.insist(ctx, func() (err error) {
		experiment, err = r.Client.EnsureExperiment(ctx, r.Client.Experiment())
		if err != nil && !mlflow.Is(err, mlflow.KindUnavailable) {
			refused, err = err, nil
		}
		return err
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, fmt.Errorf("start a run: %w", err)
	}
	now := r.Now().UTC()
	tags := []mlflow.Tag{{Key: "mlflow.source.name", Value: "loadtide"}, {Key: "mlflow.source.type", Value: "JOB"}, {Key: "loadtide.model", Value: c.Config.Model}}
	if c.ID != "" {
		tag := mlflow.Tag{Key: "loadtide.cycle", Value: c.ID}
		tags = append(tags, tag)
		r.closeBefore(ctx, experiment, tag)
	}
	run, err := r.Client.CreateRun(ctx, experiment, c.Config.Model+" "+now.Format("2006-01-02 15:04:05"), now, tags)
	if err != nil {
		return nil, fmt.Errorf("start a run: %w", err)
	}
	rec := &recording{Recorder: r, id: run.Info.RunID, uri: run.Info.ArtifactURI, started: now, stopped: make(chan struct{})}
	flushing, stop := context.WithCancel(ctx)
	rec.stop = stop
	go rec.flushOn(flushing)
	err = r.Client.LogBatch(ctx, rec.id, nil, parameters(c, histories, cut), nil)
	if err == nil {
		err = r.Client.LogInputs(ctx, rec.id, []mlflow.DatasetInput{input(c.Source, histories, cut)})
	}
	if err != nil {
		rec.end(ctx, err)
		return nil, fmt.Errorf("start a run: %w", err)
	}
	return rec, nil
}

// closeBefore ends what an attempt at the same cycle left open whose process was
// killed: nobody else will.
func (r *Recorder) closeBefore(ctx context.Context, experiment string, cycle mlflow.Tag) {
	open, err := r.Client.OpenRuns(ctx, experiment, cycle)
	for _, run := range open {
		err = errors.Join(err, r.Client.EndRun(ctx, run.Info.RunID, mlflow.StatusKilled, r.Now()))
	}
	if err != nil && r.Warn != nil {
		r.Warn(fmt.Errorf("the run of an attempt that was killed stays open: %w", err))
	}
}

// progress takes an iteration; it never waits for MLflow.
func (r *recording) progress(p train.Progress) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum, r.n = r.sum+p.Loss, r.n+1
	if p.Iteration%perValue != 0 && p.Iteration != p.Iterations {
		return
	}
	at := func(key string, v float64) mlflow.Metric {
		return mlflow.Metric{Key: key, Value: mlflow.Number(v), Timestamp: r.Now().UnixMilli(), Step: int64(p.Iteration)}
	}
	r.pending = append(r.pending, at("train_loss", r.sum/float64(r.n)))
	if p.Valid != 0 {
		r.pending = append(r.pending, at("valid_loss", p.Valid))
	}
	r.sum, r.n = 0, 0
}

// flushOn sends metrics now and then until ctx ends.
func (r *recording) flushOn(ctx context.Context) {
	defer close(r.stopped)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.flush(ctx); err != nil && ctx.Err() == nil {
			r.warn(fmt.Errorf("metrics of the training come late: %w", err))
		}
	}
}

// flush sends what is pending and keeps it until it was taken; only one flush runs
// at a time.
func (r *recording) flush(ctx context.Context) error {
	r.mu.Lock()
	batch := r.pending
	r.mu.Unlock()
	if err := r.Client.LogBatch(ctx, r.id, batch, nil, nil); err != nil {
		return err
	}
	r.mu.Lock()
	r.pending = r.pending[len(batch):]
	r.mu.Unlock()
	return nil
}

func (r *recording) warn(err error) {
	r.mu.Lock()
	told := r.warned
	r.warned = true
	r.mu.Unlock()
	if !told && r.Warn != nil {
		r.Warn(err)
	}
}

// finding is what a run ends with, before its model is registered.
type finding struct {
	fitted    fitted
	outcome   *Outcome
	verdict   Verdict
	config    evaluate.Config // of the report
	histories []*dataset.History
	card      string
}

// finish logs what came out: last metrics, what was chosen, charts and tables. It
// may be called again when it failed.
func (r *recording) finish(ctx context.Context, f finding) error {
	if r == nil {
		return nil
	}
	r.stop()
	<-r.stopped
	if err := r.flush(ctx); err != nil {
		return fmt.Errorf("log the training: %w", err)
	}
	var final []mlflow.Metric
	all := scores(f.outcome.Report, f.outcome.Baselines)
	for name, v := range f.verdict.Metrics() {
		all[name] = v
	}
	for name, v := range all {
		final = append(final, mlflow.Metric{Key: name, Value: mlflow.Number(v), Timestamp: r.started.UnixMilli()})
	}
	shape := f.fitted.spec.Shape()
	chosen := []mlflow.Tag{
		{Key: "scale", Value: f.fitted.spec.Scale}, {Key: "best_iteration", Value: fmt.Sprint(f.outcome.Best)}, {Key: "started_from", Value: f.outcome.Start},
		{Key: "weights", Value: fmt.Sprint(shape.LSTMParams() + shape.HeadParams())},
	}
	tags := []mlflow.Tag{{Key: registry.Verdict, Value: f.verdict.word()}, {Key: "mlflow.note.content", Value: f.verdict.Tags()[registry.Description]}}
	if err := r.Client.LogBatch(ctx, r.id, final, chosen, tags); err != nil {
		return fmt.Errorf("log the training: %w", err)
	}
	files, err := r.files(ctx, f)
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := r.Client.Upload(ctx, r.uri, file.name, file.data); err != nil {
			return fmt.Errorf("log %s: %w", file.name, err)
		}
	}
	return nil
}

// end closes the run with what its cycle came to.
func (r *recording) end(ctx context.Context, cause error) {
	if r == nil {
		return
	}
	r.stop()
	<-r.stopped
	status := mlflow.StatusFinished
	switch {
	case ctx.Err() != nil:
		status = mlflow.StatusKilled
	case cause != nil:
		status = mlflow.StatusFailed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endLimit)
	defer cancel()
	if err := r.Client.EndRun(ctx, r.id, status, r.Now()); err != nil {
		r.warn(fmt.Errorf("run %s stays open: %w", r.id, err))
	}
}

// runID is what the version says of its run, "" for none.
func (r *recording) runID() string {
	if r == nil {
		return ""
	}
	return r.id
}

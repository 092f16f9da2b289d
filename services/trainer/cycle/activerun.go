package cycle

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/train"
)

const (
	// flushEvery is the time between two flushes of metrics.
	flushEvery = 2 * time.Second
	// perValue is the number of iterations that make one value of a metric.
	perValue = 25
	// endLimit bounds how long a cycle that is stopped takes to close its run.
	endLimit = 5 * time.Second
)

// activeRun is an open run in MLflow. The methods of a nil activeRun do nothing.
type activeRun struct {
	*RunLogger
	id, uri string
	started time.Time
	stop    context.CancelFunc
	stopped chan struct{} // closed when no goroutine flushes any more

	mu      sync.Mutex
	pending []mlflow.Metric // at most two for each perValue iterations
	sum     float64         // of the training losses since the last value
	n       int             // number of them
	warned  bool
}

func newActiveRun(ctx context.Context, l *RunLogger, run mlflow.Run, started time.Time) *activeRun {
	r := &activeRun{
		RunLogger: l, id: run.Info.RunID, uri: run.Info.ArtifactURI, started: started,
		stopped: make(chan struct{}),
	}
	flushing, stop := context.WithCancel(ctx)
	r.stop = stop
	go r.flushAll(flushing)
	return r
}

// progress records an iteration. It never waits for MLflow.
func (r *activeRun) progress(p train.Progress) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sum, r.n = r.sum+p.Loss, r.n+1
	if p.Iteration%perValue != 0 && p.Iteration != p.Iterations {
		return
	}
	add := func(key string, v float64) {
		r.pending = append(r.pending, mlflow.Metric{
			Key: key, Value: mlflow.Number(v), Timestamp: r.Now().UnixMilli(),
			Step: int64(p.Iteration),
		})
	}
	add("train_loss", r.sum/float64(r.n))
	if p.Valid != 0 {
		add("valid_loss", p.Valid)
	}
	r.sum, r.n = 0, 0
}

// flushAll sends metrics at intervals until ctx ends.
func (r *activeRun) flushAll(ctx context.Context) {
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

// flush sends the pending metrics, and keeps them until MLflow has taken them. Only one flush runs
// at a time.
func (r *activeRun) flush(ctx context.Context) error {
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

func (r *activeRun) warn(err error) {
	r.mu.Lock()
	warned := r.warned
	r.warned = true
	r.mu.Unlock()
	if !warned && r.Warn != nil {
		r.Warn(err)
	}
}

// finish logs the result of an attempt: the last metrics, what was chosen, charts and tables. When
// finish fails, it may be called again.
func (r *activeRun) finish(ctx context.Context, a *attempt) error {
	if r == nil {
		return nil
	}
	r.stop()
	<-r.stopped
	if err := r.flush(ctx); err != nil {
		return fmt.Errorf("log the training: %w", err)
	}
	var metrics []mlflow.Metric
	for name, v := range a.metrics() {
		metrics = append(metrics, mlflow.Metric{
			Key: name, Value: mlflow.Number(v), Timestamp: r.started.UnixMilli(),
		})
	}
	shape, v := a.fitted.spec.Shape(), a.out.Verdict
	chosen := []mlflow.Tag{
		{Key: "scale", Value: a.out.Scale}, {Key: "best_iteration", Value: fmt.Sprint(a.out.Best)},
		{Key: "started_from", Value: a.out.Start},
		{Key: "weights", Value: fmt.Sprint(shape.LSTMParams() + shape.HeadParams())},
	}
	tags := []mlflow.Tag{
		{Key: registry.Verdict, Value: v.word()},
		{Key: "mlflow.note.content", Value: v.Tags()[registry.Description]},
	}
	if err := r.Client.LogBatch(ctx, r.id, metrics, chosen, tags); err != nil {
		return fmt.Errorf("log the training: %w", err)
	}
	return r.upload(ctx, a)
}

// upload logs the charts and tables.
func (r *activeRun) upload(ctx context.Context, a *attempt) error {
	files, err := r.files(ctx, a)
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

// end closes the run: as finished, as failed because of cause, or as killed when ctx has ended.
func (r *activeRun) end(ctx context.Context, cause error) {
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

// runID is the id of the run, which the version names; empty without a run.
func (r *activeRun) runID() string {
	if r == nil {
		return ""
	}
	return r.id
}

package mlflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Tag is a key and a value: a tag or a parameter.
type Tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// listed returns an empty list for nil: the server answers null with 500.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// Number is a float64 with the JSON of MLflow for NaN and infinities.
type Number float64

// MarshalJSON writes a number, "NaN", "Infinity" or "-Infinity".
func (n Number) MarshalJSON() ([]byte, error) {
	switch f := float64(n); {
	case math.IsNaN(f):
		return []byte(`"NaN"`), nil
	case math.IsInf(f, 1):
		return []byte(`"Infinity"`), nil
	case math.IsInf(f, -1):
		return []byte(`"-Infinity"`), nil
	default:
		return json.Marshal(f)
	}
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case `"NaN"`:
		*n = Number(math.NaN())
	case `"Infinity"`:
		*n = Number(math.Inf(1))
	case `"-Infinity"`:
		*n = Number(math.Inf(-1))
	default:
		var f float64
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
		*n = Number(f)
	}
	return nil
}

// Metric is one value of a metric of a run.
type Metric struct {
	Key       string `json:"key"`
	Value     Number `json:"value"`
	Timestamp int64  `json:"timestamp"` // Unix milliseconds
	Step      int64  `json:"step"`
}

// Dataset is an input of a run.
type Dataset struct {
	Name       string `json:"name"`
	Digest     string `json:"digest"` // at most 36 bytes
	SourceType string `json:"source_type"`
	Source     string `json:"source"`  // JSON
	Schema     string `json:"schema"`  // JSON, may be empty
	Profile    string `json:"profile"` // JSON, may be empty
}

// DatasetInput is a data set and what it is used for, the tag mlflow.data.context.
type DatasetInput struct {
	Dataset Dataset `json:"dataset"`
	Tags    []Tag   `json:"tags"`
}

// Statuses of a run that has ended.
const (
	StatusFinished = "FINISHED"
	StatusFailed   = "FAILED"
	StatusKilled   = "KILLED"
)

// Run is a run.
type Run struct {
	Info struct {
		RunID        string `json:"run_id"`
		ExperimentID string `json:"experiment_id"`
		Name         string `json:"run_name"`
		Status       string `json:"status"`
		ArtifactURI  string `json:"artifact_uri"`
		StartTime    int64  `json:"start_time"` // Unix milliseconds
	} `json:"info"`
	Data struct {
		Metrics []Metric `json:"metrics"` // the last value of each
		Params  []Tag    `json:"params"`
		Tags    []Tag    `json:"tags"`
	} `json:"data"`
	Inputs struct {
		Datasets []DatasetInput `json:"dataset_inputs"`
	} `json:"inputs"`
	Outputs struct {
		Models []struct {
			ModelID string `json:"model_id"`
		} `json:"model_outputs"`
	} `json:"outputs"`
}

func (c *Client) experimentByName(ctx context.Context, name string) (id string, err error) {
	var answer struct {
		Experiment struct {
			ID    string `json:"experiment_id"`
			Stage string `json:"lifecycle_stage"`
		} `json:"experiment"`
	}
	if err := c.get(ctx, "experiments/get-by-name", url.Values{"experiment_name": {name}},
		&answer); err != nil {
		return "", err
	}
	if answer.Experiment.Stage == "deleted" {
		return "", &Error{Op: "GET experiments/get-by-name", Kind: KindConfig,
			Message: fmt.Sprintf("experiment %q is deleted", name),
			Remedy: "restore it, as in mlflow experiments restore, or name another with " +
				"--mlflow-experiment"}
	}
	return answer.Experiment.ID, nil
}

// EnsureExperiment returns the id of the experiment of this name. It makes the experiment if it
// does not exist.
func (c *Client) EnsureExperiment(ctx context.Context, name string) (id string, err error) {
	id, err = c.experimentByName(ctx, name)
	if !Is(err, KindNotFound) {
		return id, err
	}
	var created struct {
		ID string `json:"experiment_id"`
	}
	body := map[string]any{"name": name}
	err = c.json(ctx, call{method: http.MethodPost, path: "experiments/create"}, body, &created)
	if Is(err, KindExists) { // another client made it, or the answer to the first request was lost
		return c.experimentByName(ctx, name)
	}
	return created.ID, err
}

// CreateRun starts a run. The request is not repeated when it may have arrived, because a second
// run would remain.
func (c *Client) CreateRun(
	ctx context.Context, experiment, name string, start time.Time, tags []Tag,
) (Run, error) {
	var answer struct {
		Run Run `json:"run"`
	}
	body := map[string]any{
		"experiment_id": experiment, "run_name": name, "start_time": start.UnixMilli(),
		"tags": listed(tags),
	}
	if err := c.json(ctx, call{method: http.MethodPost, path: "runs/create", once: true}, body,
		&answer); err != nil {
		return Run{}, err
	}
	if answer.Run.Info.RunID == "" {
		return Run{}, errors.New("mlflow: POST runs/create: the answer names no run")
	}
	return answer.Run, nil
}

// GetRun returns a run.
func (c *Client) GetRun(ctx context.Context, id string) (Run, error) {
	var answer struct {
		Run Run `json:"run"`
	}
	err := c.get(ctx, "runs/get", url.Values{"run_id": {id}}, &answer)
	return answer.Run, err
}

// maxOpen bounds the list of OpenRuns.
const maxOpen = 100

// OpenRuns returns the runs of an experiment that have a tag and have not ended: the newest first,
// at most 100.
func (c *Client) OpenRuns(ctx context.Context, experiment string, tag Tag) ([]Run, error) {
	if strings.ContainsAny(tag.Key+tag.Value, "`'\"\\") { // the filter cannot express them
		return nil, fmt.Errorf("search runs by tag %s=%q: a quote cannot be searched for",
			tag.Key, tag.Value)
	}
	var answer struct {
		Runs []Run `json:"runs"`
	}
	body := map[string]any{
		"experiment_ids": []string{experiment}, "max_results": maxOpen,
		"run_view_type": "ACTIVE_ONLY",
		"filter": fmt.Sprintf("attributes.status = 'RUNNING' and tags.`%s` = '%s'",
			tag.Key, tag.Value),
	}
	err := c.json(ctx, call{method: http.MethodPost, path: "runs/search"}, body, &answer)
	return answer.Runs, err
}

// MetricHistory returns all values of one metric of a run, at most 25 thousand.
func (c *Client) MetricHistory(ctx context.Context, run, key string) ([]Metric, error) {
	var answer struct {
		Metrics []Metric `json:"metrics"`
	}
	query := url.Values{"run_id": {run}, "metric_key": {key}, "max_results": {"25000"}}
	err := c.get(ctx, "metrics/get-history", query, &answer)
	return answer.Metrics, err
}

// Limits of one request to log-batch.
const (
	maxMetrics = 1000
	maxTags    = 100
)

// LogBatch adds metrics, parameters and tags to a run, in several requests if necessary. A repeat
// does no harm, because the server keeps equal values once. The server refuses a parameter that has
// another value already.
func (c *Client) LogBatch(
	ctx context.Context, run string, metrics []Metric, params, tags []Tag,
) error {
	for len(metrics)+len(params)+len(tags) > 0 {
		// A request holds at most 1000 of all three.
		p, t := min(len(params), maxTags), min(len(tags), maxTags)
		m := min(len(metrics), maxMetrics-p-t)
		body := map[string]any{
			"run_id": run, "metrics": listed(metrics[:m]), "params": listed(params[:p]),
			"tags": listed(tags[:t]),
		}
		post := call{method: http.MethodPost, path: "runs/log-batch"}
		if err := c.json(ctx, post, body, nil); err != nil {
			return err
		}
		metrics, params, tags = metrics[m:], params[p:], tags[t:]
	}
	return nil
}

// LogInputs makes data sets inputs of a run.
func (c *Client) LogInputs(ctx context.Context, run string, inputs []DatasetInput) error {
	body := map[string]any{"run_id": run, "datasets": listed(inputs)}
	return c.json(ctx, call{method: http.MethodPost, path: "runs/log-inputs"}, body, nil)
}

// EndRun sets the status and the end of a run.
func (c *Client) EndRun(ctx context.Context, run, status string, end time.Time) error {
	body := map[string]any{"run_id": run, "status": status, "end_time": end.UnixMilli()}
	return c.json(ctx, call{method: http.MethodPost, path: "runs/update"}, body, nil)
}

package mlflow

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// LoggedModel is a model of a run. It exists before its registration and independently of it.
type LoggedModel struct {
	Info struct {
		ModelID     string `json:"model_id"`
		ArtifactURI string `json:"artifact_uri"`
		Status      string `json:"status"`
		SourceRunID string `json:"source_run_id"`
	} `json:"info"`
}

// Statuses of a logged model.
const (
	ModelReady  = "LOGGED_MODEL_READY"
	ModelFailed = "LOGGED_MODEL_UPLOAD_FAILED"
)

// CreateLoggedModel makes a logged model, which is PENDING until FinalizeLoggedModel. run may be
// empty. The request is not repeated when it may have arrived.
func (c *Client) CreateLoggedModel(
	ctx context.Context, experiment, name, run string, params, tags []Tag,
) (LoggedModel, error) {
	body := map[string]any{
		"experiment_id": experiment, "name": name, "model_type": "forecaster",
		"params": listed(params), "tags": listed(tags),
	}
	if run != "" {
		body["source_run_id"] = run
	}
	var answer struct {
		Model LoggedModel `json:"model"`
	}
	if err := c.json(ctx, call{method: http.MethodPost, path: "logged-models", once: true}, body,
		&answer); err != nil {
		return LoggedModel{}, err
	}
	if answer.Model.Info.ModelID == "" {
		return LoggedModel{}, errors.New("mlflow: POST logged-models: the answer names no model")
	}
	return answer.Model, nil
}

// GetLoggedModel returns a logged model.
func (c *Client) GetLoggedModel(ctx context.Context, id string) (LoggedModel, error) {
	var answer struct {
		Model LoggedModel `json:"model"`
	}
	err := c.get(ctx, "logged-models/"+url.PathEscape(id), nil, &answer)
	return answer.Model, err
}

// FinalizeLoggedModel sets the final status of a logged model: all files are uploaded, or never
// will be.
func (c *Client) FinalizeLoggedModel(ctx context.Context, id, status string) error {
	body := map[string]any{"model_id": id, "status": status}
	return c.json(ctx, call{method: http.MethodPatch, path: "logged-models/" + url.PathEscape(id)},
		body, nil)
}

// DeleteLoggedModel deletes a logged model.
func (c *Client) DeleteLoggedModel(ctx context.Context, id string) error {
	return c.json(ctx, call{method: http.MethodDelete, path: "logged-models/" + url.PathEscape(id)},
		nil, nil)
}

// SetLoggedModelTags adds tags to a logged model.
func (c *Client) SetLoggedModelTags(ctx context.Context, id string, tags []Tag) error {
	body := map[string]any{"model_id": id, "tags": listed(tags)}
	return c.json(ctx, call{method: http.MethodPatch, path: "logged-models/" + url.PathEscape(id) +
		"/tags"}, body, nil)
}

// LogOutput makes a logged model an output of a run. The request is not repeated when it may have
// arrived, because the server would list the model twice.
func (c *Client) LogOutput(ctx context.Context, run, model string, step int64) error {
	body := map[string]any{
		"run_id": run, "models": []map[string]any{{"model_id": model, "step": step}},
	}
	return c.json(ctx, call{method: http.MethodPost, path: "runs/outputs", once: true}, body, nil)
}

package mlflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// RegisteredModel is a name with versions.
type RegisteredModel struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Tags        []Tag  `json:"tags"`
	Aliases     []struct {
		Alias   string `json:"alias"`
		Version string `json:"version"`
	} `json:"aliases"`
}

// ModelVersion is one version of a registered model.
type ModelVersion struct {
	Name        string `json:"name"`
	Version     string `json:"version"`
	Created     int64  `json:"creation_timestamp"` // Unix milliseconds
	Description string `json:"description"`
	Source      string `json:"source"`
	RunID       string `json:"run_id"`
	Status      string `json:"status"`
	Tags        []Tag  `json:"tags"`
	// Aliases point at this version. ByAlias and Version set them, Versions does not.
	Aliases []string `json:"aliases"`
}

// Tag returns the value of a tag, and false when the version does not have it.
func (v ModelVersion) Tag(key string) (string, bool) {
	for _, t := range v.Tags {
		if t.Key == key {
			return t.Value, true
		}
	}
	return "", false
}

// CreateRegisteredModel makes a registered model. Errors: KindExists when the name exists.
func (c *Client) CreateRegisteredModel(
	ctx context.Context, name, description string, tags []Tag,
) error {
	body := map[string]any{"name": name, "description": description, "tags": listed(tags)}
	return c.json(ctx, call{method: http.MethodPost, path: "registered-models/create"}, body, nil)
}

// GetRegisteredModel returns a registered model with its tags and aliases.
func (c *Client) GetRegisteredModel(ctx context.Context, name string) (RegisteredModel, error) {
	var answer struct {
		Model RegisteredModel `json:"registered_model"`
	}
	err := c.get(ctx, "registered-models/get", url.Values{"name": {name}}, &answer)
	return answer.Model, err
}

// UpdateRegisteredModel sets the description of a registered model.
func (c *Client) UpdateRegisteredModel(ctx context.Context, name, description string) error {
	body := map[string]any{"name": name, "description": description}
	return c.json(ctx, call{method: http.MethodPatch, path: "registered-models/update"}, body, nil)
}

// SetRegisteredModelTag sets a tag of a registered model.
func (c *Client) SetRegisteredModelTag(ctx context.Context, name string, tag Tag) error {
	body := map[string]any{"name": name, "key": tag.Key, "value": tag.Value}
	return c.json(ctx, call{method: http.MethodPost, path: "registered-models/set-tag"}, body, nil)
}

// NewVersion describes a version to make of a logged model.
type NewVersion struct {
	Name        string
	ModelID     string
	RunID       string // may be empty
	Description string
	Tags        []Tag
}

// CreateVersion registers a logged model as the next version. The request is not repeated when it
// may have arrived. When the answer was lost, CreateVersion looks for the version of that logged
// model, so that a caller who tries again makes no second version.
func (c *Client) CreateVersion(ctx context.Context, v NewVersion) (ModelVersion, error) {
	body := map[string]any{
		"name": v.Name, "source": "models:/" + v.ModelID, "model_id": v.ModelID,
		"description": v.Description, "tags": listed(v.Tags),
	}
	if v.RunID != "" {
		body["run_id"] = v.RunID
	}
	var answer struct {
		Version ModelVersion `json:"model_version"`
	}
	err := c.json(ctx, call{method: http.MethodPost, path: "model-versions/create", once: true},
		body, &answer)
	if Is(err, KindUnavailable) && ctx.Err() == nil {
		if created, ok := c.versionOf(ctx, v.Name, v.ModelID); ok {
			return created, nil
		}
	}
	if err != nil {
		return ModelVersion{}, err
	}
	if answer.Version.Version == "" {
		return ModelVersion{}, errors.New(
			"mlflow: POST model-versions/create: the answer names no version",
		)
	}
	return answer.Version, nil
}

// versionOf returns the version of a logged model, if it is one of the newest.
func (c *Client) versionOf(ctx context.Context, name, model string) (ModelVersion, bool) {
	newest, _, err := c.versionsPage(ctx, name, "", versionsPage)
	if err != nil {
		return ModelVersion{}, false
	}
	for _, v := range newest {
		if v.Source == "models:/"+model {
			return v, true
		}
	}
	return ModelVersion{}, false
}

const (
	versionsPage = 100
	// maxVersions bounds the list of Versions.
	maxVersions = 10000
)

// Versions returns the versions of a name, the newest first; an unknown name has none. A name with
// more than ten thousand versions is an error.
func (c *Client) Versions(ctx context.Context, name string) ([]ModelVersion, error) {
	var all []ModelVersion
	for token := ""; ; {
		page, next, err := c.versionsPage(ctx, name, token, versionsPage)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if next == "" || len(page) == 0 {
			return all, nil
		}
		if len(all) >= maxVersions {
			return nil, &Error{
				Op: "GET model-versions/search", Kind: KindRefused,
				Message: fmt.Sprintf("model %s has more than %d versions", name, maxVersions),
				Remedy:  "delete old ones",
			}
		}
		token = next
	}
}

func (c *Client) versionsPage(
	ctx context.Context, name, token string, n int,
) ([]ModelVersion, string, error) {
	if strings.ContainsAny(name, `'"\`) {
		return nil, "", &Error{Op: "GET model-versions/search", Kind: KindRefused,
			Message: fmt.Sprintf("name %.80q cannot be searched for", name)}
	}
	query := url.Values{
		"filter": {"name='" + name + "'"}, "order_by": {"version_number DESC"},
		"max_results": {fmt.Sprint(n)},
	}
	if token != "" {
		query.Set("page_token", token)
	}
	var answer struct {
		Versions []ModelVersion `json:"model_versions"`
		Next     string         `json:"next_page_token"`
	}
	err := c.get(ctx, "model-versions/search", query, &answer)
	return answer.Versions, answer.Next, err
}

// Version returns one version.
func (c *Client) Version(ctx context.Context, name, version string) (ModelVersion, error) {
	return c.version(ctx, "model-versions/get", url.Values{"name": {name}, "version": {version}})
}

// ByAlias returns the version that an alias points at. Errors: KindNotFound when the name or the
// alias does not exist.
func (c *Client) ByAlias(ctx context.Context, name, alias string) (ModelVersion, error) {
	return c.version(ctx, "registered-models/alias", url.Values{"name": {name}, "alias": {alias}})
}

func (c *Client) version(ctx context.Context, path string, query url.Values) (ModelVersion, error) {
	var answer struct {
		Version ModelVersion `json:"model_version"`
	}
	err := c.get(ctx, path, query, &answer)
	return answer.Version, err
}

// SetAlias lets an alias point at a version.
func (c *Client) SetAlias(ctx context.Context, name, alias, version string) error {
	body := map[string]any{"name": name, "alias": alias, "version": version}
	return c.json(ctx, call{method: http.MethodPost, path: "registered-models/alias"}, body, nil)
}

// DeleteAlias deletes an alias.
func (c *Client) DeleteAlias(ctx context.Context, name, alias string) error {
	body := map[string]any{"name": name, "alias": alias}
	return c.json(ctx, call{method: http.MethodDelete, path: "registered-models/alias"}, body, nil)
}

// SetVersionTag sets a tag of a version.
func (c *Client) SetVersionTag(ctx context.Context, name, version string, tag Tag) error {
	body := map[string]any{"name": name, "version": version, "key": tag.Key, "value": tag.Value}
	return c.json(ctx, call{method: http.MethodPost, path: "model-versions/set-tag"}, body, nil)
}

// UpdateVersion sets the description of a version.
func (c *Client) UpdateVersion(ctx context.Context, name, version, description string) error {
	body := map[string]any{"name": name, "version": version, "description": description}
	return c.json(ctx, call{method: http.MethodPatch, path: "model-versions/update"}, body, nil)
}

// DownloadURI returns the artifact URI of the files of a version.
func (c *Client) DownloadURI(ctx context.Context, name, version string) (string, error) {
	var answer struct {
		URI string `json:"artifact_uri"`
	}
	err := c.get(ctx, "model-versions/get-download-uri",
		url.Values{"name": {name}, "version": {version}}, &answer)
	return answer.URI, err
}

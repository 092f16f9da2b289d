package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/loadtide/loadtide/pkg/mlflow"
)

// MLflow is a registry on an MLflow server. A version is a model version of a logged model, whose
// artifacts are the files of the model folder. Digest and metrics are tags, so that listing
// versions reads no file.
//
// The server has no compare-and-set. When two processes move the champion at the same moment, the
// last one wins, and Previous may be the version before both.
type MLflow struct {
	client *mlflow.Client
	cache  string
	local  *Local // may be nil

	mu sync.Mutex // guards aliases that move, and writes to the cache
}

var _ Registry = (*MLflow)(nil)

// Tags that this registry adds to those of a version.
const (
	tagDigest  = "loadtide.digest"
	tagMetrics = "loadtide.metrics" // JSON

	// maxMetrics bounds the tag of the metrics, in bytes.
	maxMetrics = 60000

	modelDescription = "Load forecasts of Loadtide. The alias champion is the version that serves; " +
		"move it, and forecasters follow within seconds."
	// tidyLimit bounds the removal of a logged model after a failed Register.
	tidyLimit = 10 * time.Second
)

// NewMLflow returns the registry of a server. It keeps fetched versions in the folder cache, which
// it makes when it needs it. local is the local registry that was used before MLflow, or nil. The
// logs may still name versions of local: Fetch and ByDigest find them by their digest, and Versions
// does not list them.
func NewMLflow(client *mlflow.Client, cache string, local *Local) *MLflow {
	return &MLflow{client: client, cache: filepath.Clean(cache), local: local}
}

// Register implements Registry. It makes the version last, when all files are uploaded. Until then
// the server shows a logged model, which nobody serves.
func (r *MLflow) Register(ctx context.Context, name, dir string) (Version, error) {
	if err := errors.Join(ctx.Err(), checkToken("model name", name)); err != nil {
		return Version{}, fmt.Errorf("register: %w", err)
	}
	files, c, err := readFiles(dir)
	if err != nil {
		return Version{}, fmt.Errorf("register %s: %w", name, err)
	}
	metrics, err := json.Marshal(c.metrics)
	if err == nil && len(metrics) > maxMetrics {
		fault := fmt.Sprintf("%s has %d bytes, MLflow keeps %d", metricsFile, len(metrics), maxMetrics)
		err = &FolderError{Folder: dir, Fault: fault, Remedy: "leave out metrics that nobody reads"}
	}
	if err != nil {
		return Version{}, fmt.Errorf("register %s: %w", name, err)
	}
	tags := []mlflow.Tag{
		{Key: tagDigest, Value: c.digest}, {Key: tagMetrics, Value: string(metrics)},
	}
	run := c.tags[Run]
	logged, err := r.logModel(ctx, name, run, files, tags)
	if err != nil {
		return Version{}, r.failed("register "+name, err)
	}
	for key, value := range c.tags {
		if key != Description && key != Run { // these two are fields of a version
			tags = append(tags, mlflow.Tag{Key: key, Value: value})
		}
	}
	created, err := r.client.CreateVersion(ctx, mlflow.NewVersion{
		Name: name, ModelID: logged, RunID: run, Description: c.tags[Description], Tags: tags,
	})
	if err != nil {
		r.discard(ctx, logged)
		return Version{}, r.failed("register "+name, err)
	}
	v, err := versionOf(created, nil)
	if err != nil {
		return Version{}, fmt.Errorf("register %s: %w", name, err)
	}
	return v, nil
}

// logModel uploads the files as a logged model, and makes the registered model if it does not
// exist.
func (r *MLflow) logModel(
	ctx context.Context, name, run string, files []file, tags []mlflow.Tag,
) (id string, err error) {
	if err := r.client.CreateRegisteredModel(ctx, name, modelDescription, nil); err != nil &&
		!mlflow.Is(err, mlflow.KindExists) {
		return "", err
	}
	experiment, err := r.client.EnsureExperiment(ctx, r.client.Experiment())
	if err != nil {
		return "", err
	}
	logged, err := r.client.CreateLoggedModel(ctx, experiment, name, run, nil, tags)
	if err != nil {
		return "", err
	}
	id = logged.Info.ModelID
	if err := r.upload(ctx, logged, run, files); err != nil {
		r.discard(ctx, id)
		return "", err
	}
	return id, nil
}

func (r *MLflow) upload(
	ctx context.Context, logged mlflow.LoggedModel, run string, files []file,
) error {
	id, uri := logged.Info.ModelID, logged.Info.ArtifactURI
	for _, f := range files {
		data := f.data
		if f.name == mlmodelFile {
			var err error
			if data, err = stampMLmodel(data, id, run, uri, time.Now().UTC()); err != nil {
				return err
			}
		}
		if err := r.client.Upload(ctx, uri, f.name, data); err != nil {
			return err
		}
	}
	if err := r.client.FinalizeLoggedModel(ctx, id, mlflow.ModelReady); err != nil {
		return err
	}
	if run == "" {
		return nil
	}
	return r.client.LogOutput(ctx, run, id, 0)
}

// discard removes a logged model that did not become a version. When that fails, the logged model
// stays and does no harm; the error to tell is the one before.
func (r *MLflow) discard(ctx context.Context, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyLimit)
	defer cancel()
	_ = r.client.DeleteLoggedModel(ctx, id)
}

// SetAlias implements Registry.
func (r *MLflow) SetAlias(ctx context.Context, name, alias, version string) error {
	if err := errors.Join(ctx.Err(), checkToken("model name", name),
		checkToken("alias", alias)); err != nil {
		return fmt.Errorf("set alias: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	what := fmt.Sprintf("set alias %s of %s", alias, name)
	if _, err := r.version(ctx, name, version); err != nil {
		return r.failed(what, err)
	}
	before, err := r.client.ByAlias(ctx, name, alias)
	switch {
	case mlflow.Is(err, mlflow.KindNotFound):
	case err != nil:
		return r.failed(what, err)
	case before.Version == version:
		return nil
	case alias == Champion:
		// Previous moves first, so that an end between the two steps loses neither version.
		if err := r.client.SetAlias(ctx, name, Previous, before.Version); err != nil {
			return r.failed(what, err)
		}
	}
	if err := r.client.SetAlias(ctx, name, alias, version); err != nil {
		return r.failed(what, err)
	}
	return nil
}

// version reads one version with its aliases.
func (r *MLflow) version(ctx context.Context, name, version string) (Version, error) {
	if !isNumber(version) {
		return Version{}, notFound(
			"version %.80q of model %s at %s", version, name, r.client.Host(),
		)
	}
	v, err := r.client.Version(ctx, name, version)
	if err != nil {
		return Version{}, err
	}
	return versionOf(v, v.Aliases)
}

// ByAlias implements Registry.
func (r *MLflow) ByAlias(ctx context.Context, name, alias string) (Version, error) {
	if err := errors.Join(ctx.Err(), checkToken("model name", name),
		checkToken("alias", alias)); err != nil {
		return Version{}, fmt.Errorf("find model by alias: %w", err)
	}
	answer, err := r.client.ByAlias(ctx, name, alias)
	if err != nil {
		return Version{}, r.failed("find model by alias", err)
	}
	v, err := versionOf(answer, answer.Aliases)
	if err != nil {
		return Version{}, fmt.Errorf("model %s@%s: %w", name, alias, err)
	}
	return v, nil
}

// Versions implements Registry.
func (r *MLflow) Versions(ctx context.Context, name string) ([]Version, error) {
	if err := errors.Join(ctx.Err(), checkToken("model name", name)); err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	all, err := r.client.Versions(ctx, name)
	if err != nil {
		return nil, r.failed("list versions of "+name, err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	model, err := r.client.GetRegisteredModel(ctx, name)
	if err != nil {
		return nil, r.failed("list versions of "+name, err)
	}
	aliases := map[string][]string{}
	for _, a := range model.Aliases {
		aliases[a.Version] = append(aliases[a.Version], a.Alias)
	}
	var out []Version
	var broken []error
	for _, one := range slices.Backward(all) { // the server lists the newest first
		v, err := versionOf(one, aliases[one.Version])
		if err != nil {
			broken = append(broken, err)
			continue
		}
		out = append(out, v)
	}
	return out, errors.Join(broken...)
}

// ByDigest implements Registry. A version from the cache has no aliases.
func (r *MLflow) ByDigest(ctx context.Context, name, digest string) (Version, error) {
	if err := errors.Join(ctx.Err(), checkToken("model name", name)); err != nil {
		return Version{}, fmt.Errorf("find model by digest: %w", err)
	}
	if v, ok := r.cached(name, digest); ok {
		return v, nil
	}
	if r.local != nil {
		if v, err := r.local.ByDigest(ctx, name, digest); err == nil {
			v.Aliases = nil
			return v, nil
		}
	}
	all, err := r.Versions(ctx, name)
	return newestOf(all, err, name, digest)
}

// versionOf converts a version of the server. It refuses one without a digest: another program has
// registered it, and nothing says which bytes it has.
func versionOf(v mlflow.ModelVersion, aliases []string) (Version, error) {
	refuse := func(fault string) (Version, error) {
		return Version{}, &FolderError{
			Folder: fmt.Sprintf("models:/%s/%s", v.Name, v.Version), Fault: fault,
			Remedy: "register the model with loadtide train, or delete this version in MLflow",
		}
	}
	out := Version{
		Name: v.Name, Version: v.Version, Created: time.UnixMilli(v.Created).UTC(),
		Aliases: slices.Sorted(slices.Values(aliases)),
	}
	out.Tags = map[string]string{}
	for key, value := range map[string]string{Description: v.Description, Run: v.RunID} {
		if value != "" {
			out.Tags[key] = value
		}
	}
	if v.Status != "" && v.Status != "READY" {
		return refuse("has the status " + v.Status)
	}
	if !isNumber(v.Version) {
		return refuse("is no number of a version")
	}
	for _, t := range v.Tags {
		switch t.Key {
		case tagDigest:
			out.Digest = t.Value
		case tagMetrics:
			if err := json.Unmarshal([]byte(t.Value), &out.Metrics); err != nil {
				return refuse(fmt.Sprintf("has no metrics in the tag %s: %.80q", tagMetrics,
					t.Value))
			}
		default:
			out.Tags[t.Key] = t.Value
		}
	}
	if !isDigest(out.Digest) {
		return refuse(fmt.Sprintf("has the tag %s %.80q, not sha256:<64 hex digits>", tagDigest,
			out.Digest))
	}
	return out, nil
}

// failed adds the operation, and turns errors of the client into errors of this package.
func (r *MLflow) failed(what string, err error) error {
	switch {
	case errors.Is(err, context.Canceled):
	case mlflow.Is(err, mlflow.KindNotFound):
		err = fmt.Errorf("%w: %w", err, ErrNotFound)
	case mlflow.Is(err, mlflow.KindUnavailable), mlflow.Is(err, mlflow.KindConfig):
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

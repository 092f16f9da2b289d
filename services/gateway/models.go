package gateway

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/loadtide/loadtide/pkg/meter"
	"github.com/loadtide/loadtide/pkg/registry"
	"github.com/loadtide/loadtide/pkg/retry"
	"github.com/loadtide/loadtide/pkg/service"
)

// Models lists the versions of models. Every registry.Registry is one.
type Models interface {
	Versions(ctx context.Context, name string) ([]registry.Version, error)
}

const (
	modelsEvery   = 5 * time.Second
	modelsTimeout = 10 * time.Second
	// maxVersions bounds the list; the newest versions are kept.
	maxVersions = 1000
)

// models is the last answer of the registry. It is immutable; a new answer replaces it.
type models struct {
	name     string             // of all versions; "" when they are of several models
	versions []registry.Version // newest first
	broken   string             // error about versions that are broken; empty when none is
	asOf     time.Time          // when the registry was asked
}

// modelsWatch is the last answer of the registry, by name of model.
type modelsWatch struct {
	round    registry.Round
	versions map[string][]registry.Version // newest first; names without any are left out
	broken   map[string]string
}

// watchModels asks the registry until ctx ends. Requests of clients never ask it: a registry that
// is slow or away delays no answer.
func (s *Service) watchModels(ctx context.Context) {
	notice := retry.Notice{Kind: retry.AnyKind, Failed: func(err error) {
		s.log.Warn().AnErr(service.FieldError, err).
			Msg("model registry does not answer; its last list is served")
	}}
	watch := &modelsWatch{versions: map[string][]registry.Version{}, broken: map[string]string{}}
	retry.Poll(
		ctx, modelsEvery, &notice, func(ctx context.Context) error { return s.askModels(ctx, watch) },
	)
}

// askModels asks the registry for a new list. When versions are broken, the registry returns the
// others and an error.
func (s *Service) askModels(ctx context.Context, watch *modelsWatch) error {
	ctx, cancel := context.WithTimeout(ctx, modelsTimeout)
	defer cancel()
	now := s.deps.Now()
	names := watch.round.Names(
		func(name string) bool { return len(watch.versions[name]) > 0 || watch.broken[name] != "" },
	)
	for _, name := range names {
		all, err := s.deps.Models.Versions(ctx, name)
		if err != nil && (len(all) == 0 || errors.Is(err, registry.ErrUnavailable)) {
			s.modelsAway.Store(true)
			return err
		}
		watch.set(name, all, err)
	}
	list := watch.list(now)
	s.models.Store(&list)
	s.modelsAway.Store(false)
	return nil
}

// set replaces the versions of a name. broken is the error about broken versions, nil for none.
func (w *modelsWatch) set(name string, all []registry.Version, broken error) {
	all = slices.Clone(all[max(0, len(all)-maxVersions):])
	slices.Reverse(all)
	delete(w.versions, name)
	delete(w.broken, name)
	if len(all) > 0 {
		w.versions[name] = all
	}
	if broken != nil {
		w.broken[name] = broken.Error()
	}
}

// list joins the versions of all names.
func (w *modelsWatch) list(asOf time.Time) models {
	list := models{asOf: asOf, name: registry.DefaultModel}
	var broken []string
	for _, name := range registry.ModelNames() {
		list.versions = append(list.versions, w.versions[name]...)
		if w.broken[name] != "" {
			broken = append(broken, w.broken[name])
		}
		if len(w.versions[name]) > 0 {
			list.name = name
		}
	}
	list.broken = strings.Join(broken, "; ")
	if len(w.versions) > 1 {
		list.name = ""
		slices.SortStableFunc(list.versions, func(a, b registry.Version) int {
			return b.Created.Compare(a.Created)
		})
	}
	return list
}

// listModels returns the last answer of the registry. Before the first answer it returns an empty
// list if there are forecasts, which need no registry.
func (s *Service) listModels(_ context.Context, in *modelsInput) (*modelsOutput, error) {
	list := s.models.Load()
	if list == nil && s.view.Len() == 0 {
		return nil, huma.ErrorWithHeaders(huma.Error503ServiceUnavailable(
			"the model registry has not answered yet; try again, and see that it can be reached "+
				"at --mlflow-url, or --data-dir for a local one (the log of this process says "+
				"why; forecasts do not need it)"),
			http.Header{"Retry-After": {retrySeconds}})
	}
	out := &modelsOutput{CacheControl: noStore}
	out.Body = modelList{
		Name: registry.DefaultModel, Registry: registryAnswers, Versions: []modelItem{},
	}
	if list == nil || s.modelsAway.Load() {
		out.Body.Registry = registryAway
	}
	if list == nil {
		return out, nil
	}
	asOf := list.asOf.UTC()
	out.Body.Name, out.Body.AsOf, out.Body.Broken = list.name, &asOf, list.broken
	for _, v := range list.versions[:min(in.Limit, len(list.versions))] {
		out.Body.Versions = append(out.Body.Versions, itemOf(v))
	}
	return out, nil
}

func itemOf(v registry.Version) modelItem {
	item := modelItem{
		Name: v.Name, Version: v.Version, Digest: v.Digest, Created: v.Created.UTC(),
		Aliases: append([]string{}, v.Aliases...),
		Verdict: v.Tags[registry.Verdict], Description: v.Tags[registry.Description],
		Metrics: map[string]float64{}, Tags: map[string]string{},
	}
	for name, value := range v.Metrics {
		if meter.Finite(value) { // JSON cannot express it
			item.Metrics[name] = value
		}
	}
	for name, value := range v.Tags {
		if name != registry.Verdict && name != registry.Description {
			item.Tags[name] = value
		}
	}
	return item
}

package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// addresses is the answer of /: the routes, for a person with a browser or curl.
const addresses = `loadtide %s

GET /v1/series                           series that have a forecast (?limit=, ?after=)
GET /v1/series/{site}/{meter}/forecast   newest forecast of a series
GET /v1/models                           versions of all models and what the gate said of them (?limit=)
GET /ping  /health                       200 as soon as forecasts are served
GET /version
GET /openapi.json                        all of this for programs, OpenAPI 3.1
`

// routes returns the handler of all routes.
func (s *Service) routes() (http.Handler, error) {
	mux := http.NewServeMux()
	api := humago.New(mux, apiConfig(s.deps.Version))

	huma.Register(api, huma.Operation{
		OperationID: "list-series", Method: http.MethodGet, Path: "/v1/series", Tags: []string{"series"},
		Summary: "Series that have a forecast", Errors: []int{http.StatusUnprocessableEntity},
	}, s.listSeries)
	huma.Register(api, huma.Operation{
		OperationID: "get-forecast", Method: http.MethodGet, Path: "/v1/series/{site}/{meter}/forecast",
		Tags:    []string{"series"},
		Summary: "Newest forecast of a series",
		Description: "The message itself, as it was published. A series with readings and no " +
			"forecast yet answers source none.",
		Responses: forecastResponse(api),
		Errors: []int{
			http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable,
		},
	}, s.newestForecast)
	huma.Register(api, huma.Operation{
		OperationID: "list-models", Method: http.MethodGet, Path: "/v1/models", Tags: []string{"models"},
		Summary:     "Versions of all models, with what the gate said of them",
		Description: "What the registry said last; it is asked every few seconds, never by a request.",
		Errors:      []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, s.listModels)
	for _, name := range []string{"ping", "health"} {
		huma.Register(api, huma.Operation{
			OperationID: name, Method: http.MethodGet, Path: "/" + name, Tags: []string{"state"},
			Summary: "200 as soon as forecasts of any source are served",
			Errors:  []int{http.StatusServiceUnavailable},
		}, s.status)
	}
	huma.Register(api, huma.Operation{
		OperationID: "version", Method: http.MethodGet, Path: "/version", Tags: []string{"state"},
		Summary: "What is running",
	}, s.version)

	document, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return nil, fmt.Errorf("openapi document: %w", err)
	}
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/openapi+json")
		_, _ = w.Write(document) // the client has gone
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintf(w, addresses, s.deps.Version) // the client has gone
	})
	if s.deps.Admin != nil {
		for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
			mux.Handle("GET "+path, s.deps.Admin)
		}
	}
	return s.metrics.observe(problems(mux), s.deps.Now), nil
}

// apiConfig returns huma's configuration without three additions of huma: $schema fields in the
// answers, pages that load scripts from other hosts, and a document that is made at the first
// request without a lock.
func apiConfig(version string) huma.Config {
	cfg := huma.DefaultConfig("Loadtide", version)
	cfg.Info.Description = "Streaming load forecasts: quantiles for every lead, new with each " +
		"reading. Errors are RFC 9457 problem documents."
	cfg.CreateHooks = nil
	cfg.OpenAPIPath, cfg.DocsPath, cfg.SchemasPath = "", "", ""
	cfg.RejectUnknownQueryParameters = true
	return cfg
}

// forecastResponse describes the forecast, whose bytes huma does not make itself.
func forecastResponse(api huma.API) map[string]*huma.Response {
	schema := api.OpenAPI().Components.Schemas.Schema(
		reflect.TypeFor[forecastMessage](), true, "Forecast",
	)
	return map[string]*huma.Response{"200": {
		Description: "The newest forecast",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schema}},
	}}
}

// problems answers a request that no route takes with a problem document. The mux itself would send
// plain text.
func problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		refuse, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		plain := &headerRecorder{header: http.Header{}, code: http.StatusNotFound}
		refuse.ServeHTTP(plain, r)
		detail := fmt.Sprintf("there is nothing at %s; /openapi.json lists what there is", r.URL.Path)
		if plain.code == http.StatusMethodNotAllowed {
			allowed := plain.header.Get("Allow")
			w.Header().Set("Allow", allowed)
			detail = fmt.Sprintf(
				"%s does not take %s, only %s", r.URL.Path, methodLabel(r.Method), allowed,
			)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(plain.code)
		// the client has gone
		_ = json.NewEncoder(w).Encode(huma.ErrorModel{
			Title: http.StatusText(plain.code), Status: plain.code, Detail: detail,
		})
	})
}

// headerRecorder keeps the status and the headers of an answer, and drops its body.
type headerRecorder struct {
	header http.Header
	code   int
}

func (r *headerRecorder) Header() http.Header         { return r.header }
func (r *headerRecorder) WriteHeader(code int)        { r.code = code }
func (r *headerRecorder) Write(p []byte) (int, error) { return len(p), nil }

package service

import (
	"net"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// AdminHandler serves /metrics, /healthz and /readyz. The command up mounts it on its only port.
func AdminHandler(reg *prometheus.Registry, health *Health) http.Handler {
	return adminMux(reg, health)
}

// NewAdmin returns the admin listener of a role at addr. It serves the paths of AdminHandler and
// /debug/pprof. Profiles contain readings, so only clients on this machine may read them, also when
// other machines reach the listener.
func NewAdmin(
	addr string, reg *prometheus.Registry, health *Health, log zerolog.Logger,
) *HTTPServer {
	mux := adminMux(reg, health)
	for pattern, handler := range map[string]http.HandlerFunc{
		"/debug/pprof/":        pprof.Index,
		"/debug/pprof/cmdline": pprof.Cmdline,
		"/debug/pprof/profile": pprof.Profile,
		"/debug/pprof/symbol":  pprof.Symbol,
		"/debug/pprof/trace":   pprof.Trace,
	} {
		mux.Handle(pattern, loopbackOnly(handler))
	}
	cfg := HTTPConfig{Listen: addr, What: "admin", Flag: "--admin-listen"}
	return NewHTTPServer(cfg, mux, Component(log, "admin"))
}

func adminMux(reg *prometheus.Registry, health *Health) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metricsHandler(reg))
	mux.HandleFunc("GET /healthz", serveLive)
	mux.HandleFunc("GET /readyz", health.serveReady)
	return mux
}

// loopbackOnly refuses clients of other machines.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, _, err := net.SplitHostPort(r.RemoteAddr)
		if ip := net.ParseIP(h); err != nil || ip == nil || !ip.IsLoopback() {
			http.Error(w, "profiles are served to this machine alone; forward the port or log in",
				http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

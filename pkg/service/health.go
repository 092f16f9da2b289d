package service

import (
	"encoding/json"
	"net/http"
	"sort"
	"sync"
)

// Health holds which parts of a process are ready. The zero value has no part and is ready.
type Health struct {
	mu    sync.Mutex
	parts map[string]string // name -> why it is not ready; "" when it is
}

// Readiness is how one part reports to Health. A nil Readiness reports to nobody.
type Readiness struct {
	health *Health
	name   string
}

// Part adds a part, which is not ready for the reason "starting".
func (h *Health) Part(name string) *Readiness {
	r := &Readiness{health: h, name: name}
	r.NotReady("starting")
	return r
}

// Ready reports that the part serves.
func (r *Readiness) Ready() { r.set("") }

// NotReady reports that the part does not serve, and why, in a few words without secrets.
func (r *Readiness) NotReady(why string) { r.set(why) }

func (r *Readiness) set(why string) {
	if r != nil {
		r.health.set(r.name, why)
	}
}

func (h *Health) set(name, why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.parts == nil {
		h.parts = make(map[string]string)
	}
	h.parts[name] = why
}

// NotReady returns the parts that are not ready, as "name: why", sorted. Empty means that all are
// ready.
func (h *Health) NotReady() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var waiting []string
	for name, why := range h.parts {
		if why != "" {
			waiting = append(waiting, name+": "+why)
		}
	}
	sort.Strings(waiting)
	return waiting
}

// serveReady answers 200 when all parts are ready, otherwise 503 and the parts that are not.
func (h *Health) serveReady(w http.ResponseWriter, _ *http.Request) {
	answer := struct {
		Status  string   `json:"status"`
		Waiting []string `json:"waiting,omitempty"`
	}{Status: "ready", Waiting: h.NotReady()}
	code := http.StatusOK
	if len(answer.Waiting) > 0 {
		answer.Status, code = "not ready", http.StatusServiceUnavailable
	}
	writeJSON(w, code, answer)
}

// serveLive answers 200.
func serveLive(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"alive"})
}

// writeJSON writes v. An error of writing means that the client has gone.
func writeJSON(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

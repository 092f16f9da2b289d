package influxtest

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/influx"
	"github.com/loadtide/loadtide/pkg/secret"
)

// Token is the one that the listener accepts.
const Token = "test-token-canary"

// Answer is an answer of the listener to a write that it does not store.
type Answer struct {
	Status     int
	RetryAfter int // seconds; 0 means no header
	Body       string
}

// Listener accepts writes over HTTP. It is safe for concurrent use.
type Listener struct {
	server   *httptest.Server
	defaults influx.Config

	mu       sync.Mutex
	answers  []Answer
	refuse   func(Point) bool
	sick     func(Point) bool
	says     Answer // to a write with a point for which sick is true
	points   map[string]Point
	requests []int       // points of each request that was parsed
	arrivals []time.Time // when each of these came
	deletes  []string
}

// Start returns a listener that lasts as long as the test.
func Start(t testing.TB) *Listener {
	t.Helper()
	l := &Listener{points: make(map[string]Point), defaults: flagtest.Defaults[influx.Config](t)}
	l.server = httptest.NewServer(http.HandlerFunc(l.serve))
	t.Cleanup(l.server.Close)
	return l
}

// Config returns the configuration of a writer to the listener.
func (l *Listener) Config() influx.Config {
	cfg := l.defaults
	cfg.URL, cfg.Token = l.server.URL, secret.New(Token)
	return cfg
}

// Script sets the answers to the next writes, in order. After them the listener stores again.
func (l *Listener) Script(answers ...Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answers = append(l.answers, answers...)
}

// RefuseIf answers 400 to every write with a point for which bad is true, and stores none of it.
func (l *Listener) RefuseIf(bad func(Point) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = bad
}

// AnswerIf answers every write with a point for which sick is true, and stores none of it. A nil
// sick ends that.
func (l *Listener) AnswerIf(sick func(Point) bool, answer Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sick, l.says = sick, answer
}

// Points returns the stored points, sorted by key.
func (l *Listener) Points() []Point {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Point, 0, len(l.points))
	for _, p := range l.points {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Point) int { return strings.Compare(a.key(), b.key()) })
	return out
}

// Requests returns the number of points of each write, in order, including writes that failed.
func (l *Listener) Requests() []int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.requests)
}

// Arrivals returns when each write of Requests came.
func (l *Listener) Arrivals() []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.arrivals)
}

// Deletes returns the predicates of all deletions.
func (l *Listener) Deletes() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.deletes)
}

func (l *Listener) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/api/v2/delete" {
		l.delete(w, r)
		return
	}
	points, answer := l.read(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	if answer.Status == 0 {
		l.requests, l.arrivals = append(l.requests, len(points)), append(l.arrivals, time.Now())
		answer = l.decide(points)
	}
	if answer.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(answer.RetryAfter))
	}
	if strings.HasPrefix(answer.Body, "{") {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(answer.Status)
	_, _ = io.WriteString(w, answer.Body)
}

func (l *Listener) delete(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != "Token "+Token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var request struct {
		Start, Stop time.Time
		Predicate   string
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil ||
		!request.Start.Before(request.Stop) || r.URL.Query().Get("bucket") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deletes = append(l.deletes, request.Predicate)
	w.WriteHeader(http.StatusNoContent)
}

// read parses a write. The status of the answer is 0 after a success.
func (l *Listener) read(r *http.Request) ([]Point, Answer) {
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/api/v2/write":
		return nil, Answer{
			Status: http.StatusNotFound, Body: `{"code":"not found","message":"path not found"}`,
		}
	case r.Header.Get("Authorization") != "Token "+Token:
		return nil, Answer{
			Status: http.StatusUnauthorized, Body: `{"code":"unauthorized","message":"unauthorized access"}`,
		}
	case r.URL.Query().Get("org") == "" || r.URL.Query().Get("bucket") == "" ||
		r.URL.Query().Get("precision") != "ns":
		return nil, Answer{
			Status: http.StatusBadRequest,
			Body:   `{"code":"invalid","message":"org, bucket or precision is missing"}`,
		}
	}
	body := r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, Answer{Status: http.StatusBadRequest, Body: err.Error()}
		}
		body = unzipped
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, Answer{Status: http.StatusBadRequest, Body: err.Error()}
	}
	points, err := Parse(string(text))
	if err != nil {
		return nil, Answer{
			Status: http.StatusBadRequest,
			Body:   fmt.Sprintf(`{"code":"invalid","message":%q}`, "unable to parse: "+err.Error()),
		}
	}
	return points, Answer{}
}

// decide stores points and answers 204, or fails as the test wants. The caller holds the lock.
func (l *Listener) decide(points []Point) Answer {
	if len(l.answers) > 0 {
		answer := l.answers[0]
		l.answers = l.answers[1:]
		return answer
	}
	if l.sick != nil && slices.ContainsFunc(points, l.sick) {
		return l.says
	}
	if l.refuse != nil && slices.ContainsFunc(points, l.refuse) {
		return Answer{
			Status: http.StatusBadRequest, Body: `{"code":"invalid","message":"unable to parse: bad point"}`,
		}
	}
	for _, p := range points {
		if old, ok := l.points[p.key()]; ok {
			for k, v := range old.Fields {
				if _, newer := p.Fields[k]; !newer {
					p.Fields[k] = v
				}
			}
		}
		l.points[p.key()] = p
	}
	return Answer{Status: http.StatusNoContent}
}

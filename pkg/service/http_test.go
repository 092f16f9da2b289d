package service_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/loadtide/loadtide/pkg/service"
)

func TestListenNamesTheNextFreePort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	addr := listener.Addr().String()
	_, err = service.Listen(t.Context(), addr, "page and API", "--http-listen")
	var hint *service.HintError
	if !errors.As(err, &hint) {
		t.Fatalf("error %v, want a HintError", err)
	}
	if want := addr + " (page and API) is in use"; hint.What != want {
		t.Errorf("what %q, want %q", hint.What, want)
	}
	_, next, ok := strings.Cut(hint.Fix[0], "--http-listen ")
	if !ok {
		t.Fatalf("fix %q does not name the flag", hint.Fix[0])
	}
	if l, err := net.Listen("tcp", next); err != nil {
		t.Errorf("the address of the fix is not free: %v", err)
	} else {
		l.Close()
	}
	if service.ExitCode(err) != service.ExitFailed || hint.Reason != "port_in_use" {
		t.Errorf("exit code %d reason %q, want 1 port_in_use", service.ExitCode(err), hint.Reason)
	}
}

func TestListenRefusesNonsense(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1", "127.0.0.1:99999", "192.0.2.1:0"} {
		_, err := service.Listen(t.Context(), addr, "admin", "--admin-listen")
		var hint *service.HintError
		if !errors.As(err, &hint) || !strings.Contains(hint.What, addr) ||
			!strings.Contains(hint.Fix[0], "--admin-listen") {
			t.Errorf("%s: error %v, want a hint with address and flag", addr, err)
		}
	}
}

// serve runs server in a group until the test ends and returns its base URL.
func serve(t *testing.T, server *service.HTTPServer) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	g := service.NewGroup(zerolog.Nop(), 5*time.Second)
	g.Add("http", server)
	g.Add("ready", service.Funcs{StartFunc: func(context.Context) error { close(ready); return nil }})
	go func() { done <- g.Run(ctx, context.Background()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	<-ready
	return "http://" + server.Addr()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	var health service.Health
	part := health.Part("partition 3")
	url := serve(t, service.NewAdmin("127.0.0.1:0", service.NewRegistry(), &health, zerolog.Nop()))
	for path, want := range map[string]string{
		"/healthz": `"alive"`, "/metrics": "go_goroutines",
		"/debug/pprof/goroutine?debug=1": "goroutine " +
			"profile",
	} {
		if code, body := get(t, url+path); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d without %q", path, code, want)
		}
	}
	if code, body := get(t, url+"/readyz"); code != http.StatusServiceUnavailable ||
		!strings.Contains(body, "partition 3: starting") {
		t.Errorf("/readyz before: %d %s", code, body)
	}
	part.Ready()
	if code, body := get(t, url+"/readyz"); code != http.StatusOK ||
		body != `{"status":"ready"}`+"\n" {
		t.Errorf("/readyz when ready: %d %s", code, body)
	}
	part.NotReady("draining")
	if code, _ := get(t, url+"/readyz"); code != http.StatusServiceUnavailable {
		t.Errorf("/readyz while draining: %d", code)
	}
}

func TestAdminHandlerHasNoProfiles(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	service.AdminHandler(service.NewRegistry(), &service.Health{}).ServeHTTP(
		rec, httptest.NewRequest(http.MethodGet, "/debug/pprof/heap", nil),
	)
	if rec.Code != http.StatusNotFound {
		t.Errorf("code %d, want 404", rec.Code)
	}
}

func TestHTTPServerRefusesLongHeaders(t *testing.T) {
	t.Parallel()
	url := serve(t, service.NewHTTPServer(service.HTTPConfig{
		Listen: "127.0.0.1:0", What: "test", Flag: "--x",
	},
		http.NotFoundHandler(), zerolog.Nop()))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("a", 32<<10))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("code %d, want 431", resp.StatusCode)
	}
}

func TestHTTPServerFinishesRequestsUnderWay(t *testing.T) {
	t.Parallel()
	entered, proceed := make(chan struct{}), make(chan struct{})
	server := service.NewHTTPServer(service.HTTPConfig{
		Listen: "127.0.0.1:0", What: "test", Flag: "--x",
	},
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(entered)
			<-proceed
			_, _ = io.WriteString(w, "whole")
		}), zerolog.Nop())
	ctx, cancel := context.WithCancel(t.Context())
	if err := server.Start(ctx); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		body string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		resp, err := http.Get("http://" + server.Addr())
		if err != nil {
			answered <- answer{err: err}
			return
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		answered <- answer{string(body), err}
	}()
	go func() { <-entered; cancel() }()
	if err := server.Run(ctx); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(20*time.Millisecond, func() { close(proceed) })
	if err := server.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := <-answered; a.err != nil || a.body != "whole" {
		t.Errorf("answer %q, error %v", a.body, a.err)
	}
}

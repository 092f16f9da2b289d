package mlflow_test

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/loadtide/loadtide/pkg/flagtest"
	"github.com/loadtide/loadtide/pkg/mlflow"
	"github.com/loadtide/loadtide/pkg/secret"
)

// answering is a server that is no MLflow.
func answering(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestConfigFaults(t *testing.T) {
	t.Parallel()
	good := flagtest.Defaults[mlflow.Config](t)
	good.URL = "http://127.0.0.1:5000"
	for name, c := range map[string]struct {
		change func(*mlflow.Config)
		want   string // "" when it is taken
	}{
		"whole":        {func(*mlflow.Config) {}, ""},
		"below a path": {func(c *mlflow.Config) { c.URL = "https://host/mlflow/" }, ""},
		"no address":   {func(c *mlflow.Config) { c.URL = "" }, "mlflow-url: not set"},
		"a word":       {func(c *mlflow.Config) { c.URL = "mlflow" }, "mlflow-url: not an address"},
		"a store": {
			func(c *mlflow.Config) { c.URL = "sqlite:///mlflow.db" }, "mlflow-url: not an address",
		},
		"password in it": {
			func(c *mlflow.Config) { c.URL = "http://me:s3cret@host:5000" }, "LOADTIDE_MLFLOW_TOKEN",
		},
		"no experiment": {func(c *mlflow.Config) { c.Experiment = "" }, "mlflow-experiment"},
		"token and user": {
			func(c *mlflow.Config) { c.Token, c.Username = secret.New("s3cret"), "me" }, "mlflow-token",
		},
		"no time":        {func(c *mlflow.Config) { c.Timeout = 0 }, "mlflow-timeout"},
		"for ever":       {func(c *mlflow.Config) { c.Retries = 100 }, "mlflow-retries"},
		"no such file":   {func(c *mlflow.Config) { c.CAFile = "nope.pem" }, "mlflow-ca-file"},
		"no certificate": {func(c *mlflow.Config) { c.CAFile = "doc.go" }, "holds no certificate"},
		"all of it at once": {
			func(c *mlflow.Config) { c.URL, c.Timeout, c.Retries = "x", 0, -1 }, "mlflow-retries: -1",
		},
	} {
		cfg := good
		c.change(&cfg)
		_, err := mlflow.New(cfg)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v", name, err)
		case err != nil && strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%s: tells a secret: %v", name, err)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	env := map[string]string{
		"MLFLOW_TRACKING_TOKEN": "t", "MLFLOW_TRACKING_USERNAME": "u", "MLFLOW_TRACKING_PASSWORD": "p",
		"MLFLOW_TRACKING_URI": "http://x", "MLFLOW_TRACKING_SERVER_CERT_PATH": "ca.pem",
	}
	get := func(name string) string { return env[name] }
	if c := (mlflow.Config{}).WithEnvironment(get); c.Token.Reveal() != "t" || c.Username != "" ||
		!c.Password.IsZero() || c.URL != "http://x" || c.CAFile != "ca.pem" {
		t.Errorf("token: %q %q %q %q", c.Token.Reveal(), c.Username, c.Password.Reveal(), c.URL)
	}
	if c := (mlflow.Config{URL: "http://y", Username: "me"}).WithEnvironment(get); !c.Token.IsZero() ||
		c.Username != "me" || c.Password.Reveal() != "p" || c.URL != "http://y" {
		t.Errorf("user: %q %q %q", c.Token.Reveal(), c.Username, c.Password.Reveal())
	}
	delete(env, "MLFLOW_TRACKING_TOKEN")
	if c := (mlflow.Config{}).WithEnvironment(get); c.Username != "u" || c.Password.Reveal() != "p" {
		t.Errorf("basic: %q %q", c.Username, c.Password.Reveal())
	}
}

func TestAuthentication(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*mlflow.Config)
		want   string
	}{
		"none":  {func(*mlflow.Config) {}, ""},
		"token": {func(c *mlflow.Config) { c.Token = secret.New("s3cret") }, "Bearer s3cret"},
		"basic": {
			func(c *mlflow.Config) { c.Username, c.Password = "me", secret.New("s3cret") },
			"Basic bWU6czNjcmV0",
		},
	} {
		var got atomic.Value
		address := answering(t, func(w http.ResponseWriter, r *http.Request) {
			got.Store(r.Header.Get("Authorization"))
			w.WriteHeader(http.StatusUnauthorized)
		})
		err := client(t, address, c.change).Health(t.Context())
		if got.Load() != c.want {
			t.Errorf("%s: sent %q", name, got.Load())
		}
		if !mlflow.Is(err, mlflow.KindConfig) ||
			!strings.Contains(err.Error(), "LOADTIDE_MLFLOW_TOKEN") ||
			strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := answering(
		t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("followed with %v", r.Header) },
	)
	address := answering(
		t,
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere, http.StatusFound) },
	)
	err := client(
		t, address, func(c *mlflow.Config) { c.Token = secret.New("s3cret") },
	).Health(t.Context())
	if !mlflow.Is(err, mlflow.KindConfig) || !strings.Contains(err.Error(), "--mlflow-url") {
		t.Errorf("%v", err)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(
		http.HandlerFunc(
			func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"experiment":{"experiment_id":"7"}}`)
			},
		),
	)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // a refused handshake is what is tested
	s.StartTLS()
	t.Cleanup(s.Close)
	err := client(t, s.URL, nil).Health(t.Context())
	if !mlflow.Is(err, mlflow.KindConfig) || !strings.Contains(err.Error(), "--mlflow-ca-file") {
		t.Errorf("unknown authority: %v", err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(
		file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600,
	); err != nil {
		t.Fatal(err)
	}
	trusting := func(c *mlflow.Config) { c.CAFile = file }
	ok(t, client(t, s.URL, trusting).Health(t.Context()))
	err = client(t, strings.Replace(s.URL, "127.0.0.1", "localhost", 1), trusting).Health(t.Context())
	if !mlflow.Is(err, mlflow.KindConfig) ||
		!strings.Contains(err.Error(), "the host that the server's certificate names") {
		t.Errorf("another host: %v", err)
	}
	plain := answering(t, func(http.ResponseWriter, *http.Request) {})
	err = client(t, strings.Replace(plain, "http:", "https:", 1), nil).Health(t.Context())
	if !mlflow.Is(err, mlflow.KindConfig) || !strings.Contains(err.Error(), "with http") {
		t.Errorf("no TLS there: %v", err)
	}
}

// TestStrangeAnswers checks the kind of each answer and the number of requests: a request whose
// answer will not change is sent once.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		header string // Retry-After
		body   string
		kind   mlflow.Kind
		tries  int32
	}{
		"a page":       {200, "", "<html>welcome</html>", mlflow.KindUnavailable, 3},
		"half":         {200, "", `{"experiment":{"exper`, mlflow.KindUnavailable, 3},
		"nothing":      {200, "", "", mlflow.KindUnavailable, 3},
		"another type": {200, "", `{"experiment":[]}`, mlflow.KindUnavailable, 3},
		"500": {
			500, "", `{"error_code":"INTERNAL_ERROR","message":"database is locked"}`,
			mlflow.KindUnavailable, 3,
		},
		"503 and a wait": {503, "1", "", mlflow.KindUnavailable, 3},
		"429":            {429, "999999", "", mlflow.KindUnavailable, 1},
		"a wrong path":   {404, "", "<html>not found</html>", mlflow.KindConfig, 1},
		"400": {
			400, "", `{"error_code":"INVALID_PARAMETER_VALUE","message":"no\nsuch\u001b[31m thing"}`,
			mlflow.KindRefused, 1,
		},
		"two writers": {
			400, "",
			`{"error_code":"BAD_REQUEST","message":"(sqlite3.IntegrityError) UNIQUE constraint failed"}`,
			mlflow.KindUnavailable, 3,
		},
		"there already": {
			400, "",
			`{"error_code":"RESOURCE_ALREADY_EXISTS","message":"Experiment(name=x) already exists. Error: ` +
				`(sqlite3.IntegrityError)"}`,
			mlflow.KindExists, 1,
		},
		"a flood":   {400, "", strings.Repeat("x", 1<<20), mlflow.KindRefused, 1},
		"forbidden": {403, "", "Permission denied", mlflow.KindConfig, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var tries atomic.Int32
			address := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				tries.Add(1)
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			retries := 2
			if c.header == "999999" {
				retries = 0 // it would be waited for, 5 s each
			}
			err := client(t, address, func(c *mlflow.Config) { c.Retries = retries }).Health(t.Context())
			if !mlflow.Is(err, c.kind) || tries.Load() != c.tries {
				t.Errorf("%d tries, %v", tries.Load(), err)
			}
			if err != nil && (len(err.Error()) > 800 || strings.ContainsAny(err.Error(), "\n\x1b")) {
				t.Errorf("not one bounded line: %q", err)
			}
		})
	}
}

func TestEndlessAnswer(t *testing.T) {
	t.Parallel()
	address := answering(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	})
	began := time.Now()
	if err := client(t, address, nil).Health(t.Context()); !mlflow.Is(err, mlflow.KindRefused) ||
		!strings.Contains(err.Error(), "more than") {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("read on for %v", took)
	}
}

func TestNumbersComeBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := mlflow.Number(rapid.Float64().Draw(t, "value"))
		b, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got mlflow.Number
		if err := json.Unmarshal(b, &got); err != nil || got != want && (got == got || want == want) {
			t.Fatalf("%v came back as %v, %v", want, got, err)
		}
	})
	for text := range map[string]bool{`"x"`: true, `[]`: true, `"1"`: true} {
		if json.Unmarshal([]byte(text), new(mlflow.Number)) == nil {
			t.Errorf("%s is a number", text)
		}
	}
}

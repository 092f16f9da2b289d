package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/loadtide/loadtide/pkg/service"
)

// healthCmd asks a page of health for a container that has no shell, and is a health check or an exec probe there.
type healthCmd struct {
	URL     string        `arg:"" optional:"" default:"http://127.0.0.1:8080/readyz" help:"Page to ask: /readyz or /healthz of up, or of the admin port of a role; default: http://127.0.0.1:8080/readyz."`
	Timeout time.Duration `default:"3s" help:"Longest wait for an answer."`
}

// mostSaid bounds what is read, and shown, of an answer, in bytes.
const mostSaid = 2000

// Run succeeds when the answer is 200, and says why it is not.
func (c *healthCmd) Run(e *env) error {
	if c.Timeout <= 0 {
		return usageError(fmt.Sprintf("--timeout %s is no time to wait", c.Timeout), "give --timeout 3s, or leave it out")
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil || req.URL.Host == "" {
		return usageError(fmt.Sprintf("%q is no address", c.URL), "give one such as http://127.0.0.1:9464/readyz")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return &service.HintError{What: "no answer from " + c.URL, Why: err.Error(), Fix: []string{"see that the role runs and listens there (--admin-listen, or --http-listen of up)"}, Err: err}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, mostSaid))
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return fmt.Errorf("answer of %s: %w", c.URL, err)
	}
	said := strings.TrimSpace(string(body))
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %d: %s", c.URL, resp.StatusCode, said)
	}
	_, err = fmt.Fprintln(e.stdout, said)
	return err
}

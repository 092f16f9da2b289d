package service_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/loadtide/loadtide/pkg/service"
)

func TestPrintError(t *testing.T) {
	t.Parallel()
	hint := &service.HintError{
		What: "127.0.0.1:8080 (page and API) is in use", Why: "held by pid 7",
		Fix: []string{
			"stop the other program", "start with --http-listen 127.0.0.1:8081",
		}, Reason: "port_in_use",
	}
	const printed = "error: 127.0.0.1:8080 (page and API) is in use\n  why: held by pid 7\n" +
		"  fix: stop the other program\n  fix: start with --http-listen 127.0.0.1:8081\n"
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"plain":          {errors.New("no such file"), "error: no such file\n"},
		"hint":           {hint, printed},
		"hint in a part": {fmt.Errorf("gateway: %w", hint), printed},
		"joined":         {errors.Join(errors.New("a.b: x"), hint), "error: a.b: x\n" + printed},
		"one sentence": {
			fmt.Errorf("%w: %w", errors.New("outer"), errors.New("inner")), "error: outer: inner\n",
		},
		"interrupted":   {fmt.Errorf("publish: %w", service.ErrInterrupted), ""},
		"control bytes": {errors.New("bad \"\x1b[31m\nx\""), "error: bad \" [31m x\"\n"},
		"nothing":       {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			service.PrintError(&out, tc.err)
			if out.String() != tc.want {
				t.Errorf("printed\n%swant\n%s", out.String(), tc.want)
			}
		})
	}
}

func TestPrintErrorJSON(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	service.PrintErrorJSON(&out, errors.Join(
		&service.HintError{
			What: "x is <taken>", Fix: []string{"stop it", "move"}, Reason: "port_in_use",
		}, errors.New("plain")))
	want := `{"error":{"reason":"port_in_use","message":"x is <taken>","fix":"stop it; move"}}` + "\n" +
		`{"error":{"reason":"failed","message":"plain"}}` + "\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"done":        {nil, 0},
		"failed":      {errors.New("x"), 1},
		"interrupted": {fmt.Errorf("train: %w", service.ErrInterrupted), 130},
		"no": {
			fmt.Errorf("gate: %w", service.WithExitCode(errors.New("worse"), service.ExitNo)), 3,
		},
		"nil no": {service.WithExitCode(nil, service.ExitNo), 0},
	} {
		if got := service.ExitCode(tc.err); got != tc.want {
			t.Errorf("%s: exit code %d, want %d", name, got, tc.want)
		}
	}
}

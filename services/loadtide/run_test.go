package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/loadtide/loadtide/pkg/service"
)

// said runs the program in this process.
func said(args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = run(args, &env{stdin: strings.NewReader(""), stdout: &out, stderr: &errs})
	return out.String(), errs.String(), code
}

// commands is the table of commands as kong has it.
func commands(t *testing.T) []*kong.Node {
	t.Helper()
	var c cli
	var none bytes.Buffer
	parser, err := kong.New(&c, kongOptions(&env{stdout: &none, stderr: &none})...)
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Leaves(true)
}

func TestOverview(t *testing.T) {
	t.Parallel()
	stdout, stderr, code := said()
	if code != service.ExitOK || stderr != "" {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
	if lines := strings.Count(stdout, "\n"); lines < 10 || lines > 30 {
		t.Errorf("%d lines, want one screen", lines)
	}
	for _, command := range commands(t) {
		if name, _, _ := strings.Cut(command.Path(), " "); !strings.Contains(stdout, " "+name+" ") {
			t.Errorf("the overview does not name %s", name)
		}
	}
	for _, want := range []string{"loadtide up --demo", "loadtide help COMMAND"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the overview has no %q", want)
		}
	}
}

func TestHelpOfEveryCommand(t *testing.T) {
	t.Parallel()
	all := commands(t)
	if len(all) < 9 {
		t.Fatalf("%d commands", len(all))
	}
	for _, command := range all {
		words := strings.Fields(command.Path())
		help, stderr, code := said(append([]string{"help"}, words...)...)
		if code != service.ExitOK || stderr != "" {
			t.Errorf("help %s: exit code %d, stderr %q", command.Path(), code, stderr)
		}
		// Folded lines are one text again, so that a name is found wherever the line was broken.
		text := strings.Join(strings.Fields(help), " ")
		for _, group := range command.AllFlags(true) {
			for _, f := range group {
				if !strings.Contains(text, "--"+f.Name) {
					t.Errorf("help %s does not name --%s", command.Path(), f.Name)
				}
				if strings.TrimSpace(f.Help) == "" {
					t.Errorf("%s --%s has no word of help", command.Path(), f.Name)
				}
			}
		}
		flag, _, code := said(append(words, "--help")...)
		if code != service.ExitOK || flag != help {
			t.Errorf("%s --help is not help %s", command.Path(), command.Path())
		}
	}
}

// A quick first training is followed by a thorough one.
func TestQuickFirst(t *testing.T) {
	t.Parallel()
	for _, quick := range []bool{false, true} {
		c := trainerCmd{Quick: quick, Schedule: "off", Register: "load-1h", Fit: fitFlags{Start: "scratch"}}
		if cfg := c.service(); cfg.QuickFirst != quick || cfg.Follow != quick {
			t.Errorf("--quick-first=%v: %+v", quick, cfg)
		}
	}
}

// Every key is a flag and a variable.
func TestEveryFlagHasAVariable(t *testing.T) {
	t.Parallel()
	for _, command := range commands(t) {
		for _, group := range command.AllFlags(true) {
			for _, f := range group {
				if f.Name != "help" && !slices.ContainsFunc(f.Envs, func(name string) bool {
					return strings.HasPrefix(name, "LOADTIDE_")
				}) {
					t.Errorf("%s --%s has no LOADTIDE_ variable", command.Path(), f.Name)
				}
			}
		}
	}
}

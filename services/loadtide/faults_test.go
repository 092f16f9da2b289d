package main

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// badValues are values that a flag may refuse: too small, too large, of another form.
var badValues = []string{"-1", "0", "999999999999", "-1s", "0s", "1ns", "99999h", "", "nowhere", "reset"}

var (
	faultKeys = regexp.MustCompile(`^([a-z][a-z0-9._-]*(?:, [a-z][a-z0-9._-]*)*): `)
	flagWord  = regexp.MustCompile(`--([a-z][a-z-]*)`)
)

// What a command says of a flag names flags that the command has. Each flag of each command gets
// each bad value.
func TestFaultsNameFlags(t *testing.T) {
	t.Parallel()
	parser, err := kong.New(&cli{}, kongOptions(&env{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}})...)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{} // as command and key
	for _, command := range parser.Model.Leaves(true) {
		known := flagsOf(command)
		for _, flag := range known {
			for _, value := range badValues {
				args := append(commandLine(command), "--"+flag+"="+value)
				if client, _, _ := strings.Cut(flag, "-"); client == "influx" || client == "mlflow" {
					// else nothing is checked
					args = slices.Insert(args, len(args)-1, "--"+client+"-url=http://h:1")
				}
				_, err := parser.Parse(args)
				for _, fault := range faultsOf(err, command.Name) {
					for _, key := range keysOf(fault) {
						if !slices.Contains(known, key) {
							t.Errorf("%q: %q names %q, which is no flag of %s", args, fault, key, command.Name)
						}
						named[command.Name+" "+key] = true
					}
				}
			}
		}
	}
	for _, want := range []string{
		"recorder record-batch", "recorder record-wait", "recorder record-retry-min", "recorder influx-url",
		"recorder influx-bucket", "up max-series", "up partitions", "up http-listen", "up simulate-history-days",
		"up simulate-faults", "up train-schedule", "simulate history-days", "simulate faults", "forecaster max-series",
		"forecaster replicas", "gateway http-listen",
	} {
		if !named[want] {
			t.Errorf("no bad value made the command name its flag: %s", want)
		}
	}
}

// flagsOf are the flags of a command that take a value.
func flagsOf(command *kong.Node) []string {
	var flags []string
	for _, group := range command.AllFlags(true) {
		for _, flag := range group {
			if !flag.IsBool() {
				flags = append(flags, flag.Name)
			}
		}
	}
	return flags
}

// commandLine is the command with a word for each argument that it wants.
func commandLine(command *kong.Node) []string {
	var args []string
	for n := command; n != nil && n.Type == kong.CommandNode; n = n.Parent {
		args = append([]string{n.Name}, args...)
	}
	for _, positional := range command.Positional {
		if positional.Required {
			args = append(args, "home.m01")
		}
	}
	return args
}

// faultsOf are the lines of an error, without the command's name, which kong puts in front.
func faultsOf(err error, command string) []string {
	if err == nil {
		return nil
	}
	var faults []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		faults = append(faults, strings.TrimPrefix(line, command+": "))
	}
	return faults
}

// keysOf are the names of flags in a fault: those at its begin, and those behind two hyphens.
func keysOf(fault string) []string {
	var keys []string
	if m := faultKeys.FindStringSubmatch(fault); m != nil {
		keys = strings.Split(m[1], ", ")
	}
	for _, m := range flagWord.FindAllStringSubmatch(fault, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

func TestKeysOfFaults(t *testing.T) {
	t.Parallel()
	fault := errors.New("up: --a-b 3 is out of range\nc-d, e: 4 and 5 are\nno key here; give --f=2")
	want := [][]string{{"a-b"}, {"c-d", "e"}, {"f"}}
	for i, line := range faultsOf(fault, "up") {
		if got := keysOf(line); !slices.Equal(got, want[i]) {
			t.Errorf("%q: %q, want %q", line, got, want[i])
		}
	}
}

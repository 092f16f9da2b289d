package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// timeout bounds the tests of one fault: one that makes them wait for ever is noticed by it.
const timeout = "2m"

// bench plants faults in the code below root and runs tests. It writes into dir alone.
type bench struct {
	root string
	dir  string
}

// check says why a fault cannot be planted.
func (b *bench) check(f *fault) error {
	source, err := b.planted(f)
	if err != nil {
		return err
	}
	if _, err := parser.ParseFile(token.NewFileSet(), f.file, source, 0); err != nil {
		return fmt.Errorf("%s: %s: %w", f.place, f.sentence, err)
	}
	return nil
}

// planted is the file of a fault with the fault in it.
func (b *bench) planted(f *fault) ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(b.root, f.file))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.place, err)
	}
	old, err := pattern(f.old)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.place, err)
	}
	found := old.FindAllIndex(source, -1)
	if len(found) != 1 || f.old == "" || f.old == f.new {
		return nil, fmt.Errorf("%s: %s has %d times, and not once, the text\n%s",
			f.place, f.file, len(found), f.old)
	}
	return slices.Concat(source[:found[0][0]], []byte(f.new), source[found[0][1]:]), nil
}

// calibrate runs the tests of all faults on the code as it is: they must pass.
func (b *bench) calibrate(faults []fault) error {
	var packages []string
	for i := range faults {
		packages = append(packages, faults[i].packages...)
	}
	slices.Sort(packages)
	packages = slices.Compact(packages)
	passed, output, took, err := b.test(packages)
	if err != nil {
		return err
	}
	if !passed {
		return fmt.Errorf("the tests fail without a fault:\n%s", output)
	}
	fmt.Printf(
		"without a fault the tests of %s take %.1f s\n",
		strings.Join(packages, ", "),
		took.Seconds(),
	)
	return nil
}

// outcome is what came of a fault.
type outcome string

const (
	killed outcome = "killed" // the tests fail
	lived  outcome = "LIVED"  // the tests pass
	broken outcome = "BROKEN" // the code does not compile
)

// try plants a fault and runs its tests.
func (b *bench) try(f *fault) (what outcome, took time.Duration, err error) {
	source, err := b.planted(f)
	if err != nil {
		return "", 0, err
	}
	path, err := filepath.Abs(filepath.Join(b.root, f.file))
	if err != nil {
		return "", 0, err
	}
	planted := filepath.Join(b.dir, filepath.Base(f.file))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: planted}})
	if err != nil {
		return "", 0, err
	}
	list := filepath.Join(b.dir, "overlay.json")
	err = errors.Join(
		os.WriteFile(planted, source, 0o600), os.WriteFile(list, overlay, 0o600),
	)
	if err != nil {
		return "", 0, err
	}
	passed, output, took, err := b.test(f.packages, "-overlay", list)
	switch {
	case err != nil:
		return "", 0, err
	case passed:
		return lived, took, nil
	case bytes.Contains(output, []byte("build failed")):
		fmt.Printf("%s", output)
		return broken, took, nil
	}
	return killed, took, nil
}

// test runs the quick tests of packages.
func (b *bench) test(
	packages []string,
	flags ...string,
) (passed bool, output []byte, took time.Duration, err error) {
	began := time.Now()
	args := append(
		[]string{"test", "-short", "-count=1", "-failfast", "-vet=off", "-timeout", timeout},
		flags...)
	command := exec.Command("go", append(args, packages...)...)
	command.Dir = b.root
	// A property checks the same cases every time and writes down none that fails.
	command.Env = append(
		os.Environ(),
		"RAPID_SEED=1",
		"RAPID_NOFAILFILE=true",
		"RAPID_SHRINKTIME=1ms",
	)
	output, err = command.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return false, nil, 0, fmt.Errorf("run go test: %w", err)
	}
	return err == nil, output, time.Since(began), nil
}

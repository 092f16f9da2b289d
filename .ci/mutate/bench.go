package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// timeout is the least bound of the tests of one fault: one that makes them wait for ever is noticed
// by it. On a slow machine the bound is longer, slowness times the time that the tests take.
const timeout, slowness = 2 * time.Minute, 5

// bench plants faults in the code below root and runs tests. It writes into dir alone.
type bench struct {
	root  string
	dir   string
	limit time.Duration // of the tests of one fault
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
func (b *bench) calibrate(ctx context.Context, faults []fault) error {
	var packages []string
	for i := range faults {
		packages = append(packages, faults[i].packages...)
	}
	slices.Sort(packages)
	packages = slices.Compact(packages)
	b.limit = time.Hour
	began := time.Now()
	what, output, err := b.test(ctx, packages)
	if err != nil {
		return err
	}
	if what != lived {
		return fmt.Errorf("the tests fail without a fault:\n%s", output)
	}
	b.limit = max(timeout, slowness*time.Since(began))
	fmt.Printf(
		"without a fault the tests of %s take %.1f s\n",
		strings.Join(packages, ", "),
		time.Since(began).Seconds(),
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

// try plants a fault and runs its tests, one package after the other, until one fails.
func (b *bench) try(
	ctx context.Context, f *fault,
) (what outcome, took time.Duration, err error) {
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
	began := time.Now()
	for _, one := range f.packages {
		var output []byte
		if what, output, err = b.test(ctx, []string{one}, "-overlay", list); err != nil {
			return "", 0, err
		}
		if what == broken {
			fmt.Printf("%s", output)
		}
		if what != lived {
			break
		}
	}
	return what, time.Since(began), nil
}

// test runs the quick tests of packages until one of them fails.
func (b *bench) test(
	ctx context.Context, packages []string, flags ...string,
) (what outcome, output []byte, err error) {
	// What a test or go leaves when it is killed goes with this folder, at the latest with b.dir: a
	// process that is ending may still write.
	scratch, err := os.MkdirTemp(b.dir, "scratch-*")
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	args := append([]string{
		"test", "-json", "-short", "-count=1", "-failfast", "-vet=off",
		"-timeout", b.limit.String(),
	}, flags...)
	command := exec.CommandContext(ctx, "go", append(args, packages...)...)
	command.Dir = b.root
	// A property checks the same cases every time and writes down none that fails.
	command.Env = append(
		os.Environ(),
		"RAPID_SEED=1",
		"RAPID_NOFAILFILE=true",
		"RAPID_SHRINKTIME=1ms",
		"TMPDIR="+scratch,
	)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	events, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return "", nil, fmt.Errorf("run go test: %w", err)
	}
	what, output = follow(events)
	if what != lived {
		_ = command.Cancel() // fails when go has ended
	}
	err = command.Wait()
	if ctx.Err() != nil {
		return "", nil, ctx.Err()
	}
	if what == lived && err != nil {
		return "", nil, fmt.Errorf("run go test: %w\n%s", err, output)
	}
	return what, output, nil
}

// follow reads the events of go test -json until a test fails or the last one has come. It returns
// what came of the fault, and what the compiler and the tests print.
func follow(events io.Reader) (what outcome, output []byte) {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct{ Action, Test, FailedBuild, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			output = append(append(output, lines.Bytes()...), '\n')
			continue
		}
		output = append(output, e.Output...)
		switch {
		case e.Action == "build-fail", e.Action == "fail" && e.FailedBuild != "":
			return broken, output
		case e.Action == "fail": // of a test, or of a package whose tests panic or take too long
			return killed, output
		}
	}
	return lived, output
}

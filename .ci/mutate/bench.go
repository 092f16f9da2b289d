package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// timeout is the least bound of the tests of one fault: a fault that makes them wait for ever is
// noticed by it. On a slow machine the bound is slowness times the time that the tests take.
const timeout, slowness = 2 * time.Minute, 5

// bench plants faults in the code below root and runs tests. It writes into dir alone.
type bench struct {
	root     string
	dir      string
	programs map[string]program // by the package that they test
}

// program is the tests of a package, built with all faults that they should notice.
type program struct {
	path  string
	limit time.Duration // of its run with a fault
}

// outcome is what came of a fault.
type outcome string

const (
	killed outcome = "killed" // the tests fail
	lived  outcome = "LIVED"  // the tests pass
	broken outcome = "BROKEN" // the code does not compile
)

// build builds the tests of each package with the faults that they should notice. It returns those
// that do not compile.
func (b *bench) build(ctx context.Context, faults []fault) (bad map[int]string, err error) {
	b.programs, bad = map[string]program{}, map[int]string{}
	byTests := map[string][]*fault{}
	for i := range faults {
		for _, tests := range faults[i].packages {
			byTests[tests] = append(byTests[tests], &faults[i])
		}
	}
	for _, tests := range slices.Sorted(maps.Keys(byTests)) {
		for built := false; !built; {
			var messages map[int]string
			if messages, err = b.compile(ctx, tests, byTests[tests]); err != nil {
				return nil, err
			}
			maps.Copy(bad, messages)
			byTests[tests] = slices.DeleteFunc(byTests[tests], func(f *fault) bool {
				return messages[f.number] != ""
			})
			built = len(messages) == 0
		}
		began := time.Now()
		if what, output, err := b.run(ctx, tests, 0, time.Hour); err != nil || what != lived {
			return nil, fmt.Errorf("the tests of %s fail without a fault: %w\n%s", tests, err, output)
		}
		took := time.Since(began)
		p := b.programs[tests]
		p.limit = max(timeout, slowness*took)
		b.programs[tests] = p
		fmt.Printf("without a fault the tests of %s take %.1f s\n", tests, took.Seconds())
	}
	return bad, nil
}

// compile builds the tests of a package with faults. It returns what the compiler says of the faults
// that do not compile.
func (b *bench) compile(
	ctx context.Context, tests string, faults []*fault,
) (bad map[int]string, err error) {
	replace, lines := map[string]string{}, map[string]map[int]int{}
	byFile := map[string][]*fault{}
	for _, f := range faults {
		byFile[f.file] = append(byFile[f.file], f)
	}
	for file, faults := range byFile {
		p, err := b.plant(file, faults)
		if err != nil {
			return nil, err
		}
		copied := filepath.Join(b.dir, strings.ReplaceAll(file, "/", "."))
		lines[copied] = p.lines
		folder := filepath.Dir(file)
		extra := filepath.Join(b.dir, strings.ReplaceAll(folder, "/", ".")+".choice.go")
		name := regexp.MustCompile(`(?m)^package (\w+)`).FindSubmatch(p.source)[1]
		err = errors.Join(
			os.WriteFile(copied, p.source, 0o600), os.WriteFile(extra, choice(string(name)), 0o600),
		)
		if err != nil {
			return nil, err
		}
		replace[filepath.Join(b.root, file)] = copied
		replace[filepath.Join(b.root, folder, "choice_of_fault.go")] = extra
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return nil, err
	}
	list := filepath.Join(b.dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return nil, err
	}
	path := filepath.Join(b.dir, strings.ReplaceAll(strings.TrimPrefix(tests, "./"), "/", ".")+".test")
	command := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-gcflags=-e",
		"-ldflags=-s -w", "-overlay", list, "-o", path, tests)
	command.Dir = b.root
	output, err := command.CombinedOutput()
	if err == nil {
		b.programs[tests] = program{path: path}
		return nil, nil
	}
	if bad = complaints(output, lines); len(bad) == 0 {
		return nil, fmt.Errorf("build the tests of %s: %w\n%s", tests, err, output)
	}
	return bad, nil
}

// complaints finds the faults that the compiler's messages are of, by the lines of their functions.
func complaints(output []byte, lines map[string]map[int]int) map[int]string {
	bad := map[int]string{}
	message := regexp.MustCompile(`(?m)^(\S+\.go):(\d+):\d+: .*$`)
	for _, m := range message.FindAllSubmatch(output, -1) {
		line, _ := strconv.Atoi(string(m[2]))
		number, begins := 0, 0
		for n, at := range lines[string(m[1])] {
			if at <= line && at > begins {
				number, begins = n, at
			}
		}
		if number > 0 {
			bad[number] += string(m[0]) + "\n"
		}
	}
	return bad
}

// try runs the tests of a fault, one package after the other, until one fails.
func (b *bench) try(ctx context.Context, f *fault) (what outcome, err error) {
	for _, tests := range f.packages {
		what, _, err = b.run(ctx, tests, f.number, b.programs[tests].limit)
		if err != nil || what != lived {
			return what, err
		}
	}
	return what, nil
}

// run runs the quick tests of a package with one fault, or without when number is 0, until one of
// them fails.
func (b *bench) run(
	ctx context.Context, tests string, number int, limit time.Duration,
) (what outcome, output []byte, err error) {
	// What a test leaves when it is killed goes with this folder, at the latest with b.dir: a process
	// that is ending may still write.
	scratch, err := os.MkdirTemp(b.dir, "scratch-*")
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	command := exec.CommandContext(ctx, b.programs[tests].path,
		"-test.short", "-test.v", "-test.failfast", "-test.timeout", limit.String())
	command.Dir = filepath.Join(b.root, tests)
	// A property checks the same cases every time and writes down none that fails.
	command.Env = append(
		os.Environ(),
		chosen+"="+strconv.Itoa(number),
		"RAPID_SEED=1",
		"RAPID_NOFAILFILE=true",
		"RAPID_SHRINKTIME=1ms",
		"TMPDIR="+scratch,
	)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // its children end with it
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second
	said, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, fmt.Errorf("run the tests of %s: %w", tests, err)
	}
	output, failed := follow(said)
	if failed {
		_ = command.Cancel() // fails when the process has ended
	}
	err = command.Wait()
	switch {
	case ctx.Err() != nil:
		return "", nil, ctx.Err()
	case failed || err != nil:
		return killed, output, nil
	}
	return lived, output, nil
}

// follow reads what tests print until one fails.
func follow(said io.Reader) (output []byte, failed bool) {
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		output = append(append(output, lines.Bytes()...), '\n')
		if bytes.HasPrefix(bytes.TrimLeft(lines.Bytes(), " "), []byte("--- FAIL:")) {
			return output, true
		}
	}
	return output, false
}

// Command mutate plants faults in the code, one at a time, and runs the tests that should notice.
// It fails when they do not notice one, or when the code that a fault stands in is not there.
//
//	go run -C .ci/mutate . [-plant] [word ...]
//
// With words it plants the faults whose place or sentence has one of them. With -plant it looks
// whether all faults can be planted, and runs no test.
//
// The faults are listed in *.txt beside this file. The code is not changed: the tests are built from
// copies of its files that have all faults (go help build, -overlay), and run once for each fault.
// The tests are the quick ones, go test -short.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	plant := flag.Bool("plant", false, "look whether all faults can be planted, and run no test")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *plant, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "error: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, plant bool, words []string) error {
	faults, err := readAll("*.txt")
	if err != nil {
		return err
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	bench := &bench{root: root}
	if err := bench.checkAll(faults); err != nil || plant {
		return err
	}
	faults = slices.DeleteFunc(faults, func(f fault) bool { return !f.has(words) })
	if len(faults) == 0 {
		return fmt.Errorf("no fault has one of the words %q", words)
	}
	if bench.dir, err = os.MkdirTemp("", "mutate-*"); err != nil {
		return err
	}
	defer os.RemoveAll(bench.dir)
	return tryAll(ctx, bench, faults)
}

// tryAll tries the faults one after the other and reports each.
func tryAll(ctx context.Context, b *bench, faults []fault) error {
	began := time.Now()
	bad, err := b.build(ctx, faults)
	if err != nil {
		return err
	}
	count := map[outcome]int{}
	for i := range faults {
		f, what, start := &faults[i], broken, time.Now()
		if message := bad[f.number]; message != "" {
			fmt.Print(message)
		} else if what, err = b.try(ctx, f); err != nil {
			return err
		}
		count[what]++
		fmt.Printf("%-6s %5.1f s  %s  %s\n", what, time.Since(start).Seconds(), f.place, f.sentence)
	}
	fmt.Printf("%d faults, %d killed, %d lived, %d broken, %s\n", len(faults),
		count[killed], count[lived], count[broken], time.Since(began).Round(time.Second))
	if count[killed] < len(faults) {
		return errors.New("write a test for each fault that lived, or take its condition away " +
			"when nobody can see it; mend each that does not compile")
	}
	return nil
}

// has says that a fault's place or sentence has one of the words, or that there are none.
func (f *fault) has(words []string) bool {
	return len(words) == 0 || slices.ContainsFunc(words, func(word string) bool {
		return strings.Contains(f.place+" "+f.file+" "+f.sentence, word)
	})
}

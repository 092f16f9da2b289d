// Command mutate plants faults in the code, one at a time, and runs the tests that should notice.
// It fails when they do not notice one, or when the code that a fault stands in is not there.
//
//	go run -C .ci/mutate . [-plant] [word ...]
//
// With words it plants the faults whose place or sentence has one of them. With -plant it looks
// whether all faults can be planted, and runs no test.
//
// The faults are listed in *.txt beside this file. The code is not changed: go reads the fault in
// place of its file (go help build, -overlay). The tests are the quick ones, go test -short.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	plant := flag.Bool("plant", false, "look whether all faults can be planted, and run no test")
	flag.Parse()
	if err := run(*plant, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "error: "+err.Error())
		os.Exit(1)
	}
}

func run(plant bool, words []string) error {
	faults, err := readAll("*.txt")
	if err != nil {
		return err
	}
	bench := &bench{root: filepath.Join("..", "..")}
	var broken []error
	for i := range faults {
		broken = append(broken, bench.check(&faults[i]))
	}
	if err := errors.Join(broken...); err != nil || plant {
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
	if err := bench.calibrate(faults); err != nil {
		return err
	}
	return plantAll(bench, faults)
}

// plantAll plants the faults one after the other and reports each.
func plantAll(b *bench, faults []fault) error {
	began := time.Now()
	lived := 0
	for i := range faults {
		f := &faults[i]
		noticed, took, err := b.try(f)
		if err != nil {
			return err
		}
		word := "killed"
		if !noticed {
			word = "LIVED "
			lived++
		}
		fmt.Printf("%s %5.1f s  %s  %s\n", word, took.Seconds(), f.place, f.sentence)
	}
	fmt.Printf(
		"%d faults, %d killed, %d lived, %s\n",
		len(faults),
		len(faults)-lived,
		lived,
		time.Since(began).Round(time.Second),
	)
	if lived > 0 {
		return fmt.Errorf(
			"the tests do not notice %d of %d faults: write a test for each that lived, "+
				"or take the condition away when nobody can see it",
			lived,
			len(faults),
		)
	}
	return nil
}

// has says that a fault's place or sentence has one of the words, or that there are none.
func (f *fault) has(words []string) bool {
	return len(words) == 0 || slices.ContainsFunc(words, func(word string) bool {
		return strings.Contains(f.place+" "+f.file+" "+f.sentence, word)
	})
}

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// fault is one entry of a list:
//
//	An output equal to the high-water mark is sent again.
//	- !out.Place.After(p.high)
//	+ p.high.After(out.Place)
//
// The first line says what is wrong with the program then. The lines with - are the code that
// stands once in the file, whatever lines and spaces part it there; the lines with + are the code
// in its place. Without lines with + the code is left out.
// Before the entries, `file` names the file and `test` the packages whose tests should notice;
// both hold until the next of their kind. Entries are parted by empty lines, # begins a comment.
type fault struct {
	number   int    // from 1 on
	place    string // file:line of the list
	sentence string
	file     string // below the root of the repository
	packages []string
	old, new string
}

// readAll reads the lists that match a pattern.
func readAll(pattern string) ([]fault, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf(
			"no list %s in the working folder: use go run -C .ci/mutate .",
			pattern,
		)
	}
	var all []fault
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		faults, err := read(path, string(data))
		if err != nil {
			return nil, err
		}
		all = append(all, faults...)
	}
	for i := range all {
		all[i].number = i + 1
	}
	return all, nil
}

// read reads one list.
func read(path, text string) ([]fault, error) {
	var all []fault
	var file string
	var packages []string
	var current *fault
	for i, line := range strings.Split(text, "\n") {
		place := fmt.Sprintf("%s:%d", path, i+1)
		word, rest, _ := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(line, "#"):
		case line == "":
			current = nil
		case word == "file":
			file = rest
		case word == "test":
			packages = strings.Fields(rest)
		case word == "-" || word == "+":
			if current == nil {
				return nil, fmt.Errorf("%s: %q stands below no sentence", place, line)
			}
			if word == "-" {
				current.old += rest + "\n"
			} else {
				current.new += rest + "\n"
			}
		case current != nil || file == "" || len(packages) == 0:
			return nil, fmt.Errorf(
				"%s: %q: an entry is a sentence below file and test, then lines with - and +",
				place,
				line,
			)
		default:
			all = append(all, fault{place: place, sentence: line, file: file, packages: packages})
			current = &all[len(all)-1]
		}
	}
	for i := range all {
		all[i].old = strings.TrimSuffix(all[i].old, "\n")
		all[i].new = strings.TrimSuffix(all[i].new, "\n")
	}
	return all, nil
}

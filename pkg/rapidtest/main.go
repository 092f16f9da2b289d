package rapidtest

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// Main runs the tests of a package, for its TestMain, and returns their exit code.
//
// A property checks quickCases cases, the same ones in every run: the tests stay quick, and a
// change fails through a fault of its own alone. When RAPID_CHECKS or -rapid.checks is set, as in
// `make soak`, a property checks that many, drawn anew. When -rapid.seed or -rapid.failfile is set,
// a property draws what they say.
func Main(m *testing.M) int { return MainOf(m, quickCases) }

// MainOf is Main for a package whose cases take long: a property checks as many as cases by default,
// and no more than others do.
func MainOf(m *testing.M, cases int) int {
	flag.Parse()
	asked := os.Getenv("RAPID_CHECKS") != ""
	flag.Visit(func(f *flag.Flag) {
		switch f.Name {
		case "rapid.checks", "rapid.seed", "rapid.failfile":
			asked = true
		}
	})
	if !asked {
		checks := min(cases, quickCases)
		if testing.Short() {
			checks *= 5 // rapid checks a fifth of them then
		}
		set("rapid.checks", checks)
		set("rapid.seed", 1)
	}
	return m.Run()
}

// set gives a flag of package rapid, which the tests of the package import, a value.
func set(name string, value int) {
	if err := flag.Set(name, fmt.Sprint(value)); err != nil {
		panic(err)
	}
}

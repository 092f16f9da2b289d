package grid_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// quickCases is how many cases a property of this package checks by default.
const quickCases = 20

// TestMain lets a property check quickCases cases, the same ones in every run: the tests
// stay quick, and a change fails through a fault of its own alone. When RAPID_CHECKS or
// -rapid.checks is set, as in `make soak`, a property checks that many, drawn anew.
func TestMain(m *testing.M) {
	flag.Parse()
	asked := os.Getenv("RAPID_CHECKS") != ""
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "rapid.checks" })
	if !asked {
		checks := quickCases
		if testing.Short() {
			checks *= 5 // rapid checks a fifth of them then
		}
		set("rapid.checks", checks)
		set("rapid.seed", 1)
	}
	os.Exit(m.Run())
}

func set(name string, value int) {
	if err := flag.Set(name, fmt.Sprint(value)); err != nil {
		panic(err)
	}
}

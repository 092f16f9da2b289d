// Command gen writes the assembly of package kernel:
//
//	go run . -isa avx512 -out ../kernel_avx512_amd64.s
//	go run . -isa avx2   -out ../kernel_avx2_amd64.s
//
// Both instruction sets do the same operations on each element in the same order,
// so that they agree to the bit; they differ in how many elements a register holds.
// The Go twins beside the output say in Go what each routine computes.
package main

import (
	"flag"
	"fmt"
	"os"

	. "github.com/mmcloughlin/avo/build"
)

func main() {
	name := flag.String("isa", "", "avx512 or avx2")
	flag.Parse()
	var s isa
	switch *name {
	case "avx512":
		s = avx512()
	case "avx2":
		s = avx2()
	default:
		fmt.Fprintf(os.Stderr, "-isa %q: must be avx512 or avx2\n", *name)
		os.Exit(2)
	}
	ConstraintExpr("amd64,!purego")
	s.constants()
	s.gemms()
	s.cells()
	s.cellGradient()
	s.peak()
	Generate()
}

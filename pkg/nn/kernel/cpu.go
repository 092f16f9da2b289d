package kernel

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Family is a set of kernels. AVX2 and AVX512 give the same bits; Go differs from
// them within 1e-5, for its compiler does not fuse multiply and add on amd64.
type Family uint8

// The families, slowest first.
const (
	Go Family = iota
	AVX2
	AVX512
)

var familyNames = [...]string{Go: "go", AVX2: "avx2", AVX512: "avx512"}

// String is the family's name in logs, files and Variable.
func (f Family) String() string { return familyNames[f] }

// Variable is the environment variable that names a family to use instead of the
// fastest one that the machine has: to measure another, or to rule one out.
const Variable = "LOADTIDE_KERNEL"

// active is picked once, when the program starts.
var active, errActive = pick(os.Getenv(Variable), available())

// Active is the family that computes in this process.
func Active() Family { return active }

// Check says whether Variable names a family that this machine has. A program calls
// it once at its start; without that a wrong name has no effect.
func Check() error { return errActive }

// pick is the family named, or the last of those there are.
func pick(name string, there []Family) (Family, error) {
	best := there[len(there)-1]
	if name == "" {
		return best, nil
	}
	named := slices.Index(familyNames[:], strings.ToLower(name))
	if named < 0 || !slices.Contains(there, Family(named)) {
		return best, fmt.Errorf("%s is %q: this machine and build have %v; name one of these, or unset it", Variable, name, there)
	}
	return Family(named), nil
}

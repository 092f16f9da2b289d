// Package endtoend holds the tests that need the house as a whole: all roles in one process, the binary as a process
// that is killed and started again, another client of the wire, the drawings and manifests beside the code, and the
// rules of architecture themselves.
//
// Start with architecture_test.go, which says what may import what. Nothing calls this package; it has no code of its
// own, and it must never be the place of a test that one package alone could have.
package endtoend

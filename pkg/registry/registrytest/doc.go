// Package registrytest is the suite of tests that every registry.Registry passes.
//
// Start with Run; the tests of each backend call it. The package never looks at how a backend keeps
// its versions. Only tests may import it.
package registrytest

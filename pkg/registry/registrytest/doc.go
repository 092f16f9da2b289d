// Package registrytest is the one suite that every registry.Registry passes.
//
// Start with Run; the tests of each backend call it. It must never know how a
// backend keeps its versions.
package registrytest

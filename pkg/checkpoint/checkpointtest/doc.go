// Package checkpointtest is the suite of tests that every checkpoint.Store passes, and a store in
// memory for tests.
//
// Start with Run; the tests of each store call it. Run never looks at how a store keeps its bytes.
// Only tests may import the package.
package checkpointtest

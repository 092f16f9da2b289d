// Package checkpointtest is the one suite that every checkpoint.Store passes, and a store in memory
// for tests.
//
// Start with Run; the tests of each store call it. Run does not know how a store keeps its bytes.
package checkpointtest

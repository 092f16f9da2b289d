// Package checkpointtest is the one suite that every checkpoint.Store passes.
//
// Start with Run; the tests of each store call it. It must never know how a
// store keeps its bytes.
package checkpointtest

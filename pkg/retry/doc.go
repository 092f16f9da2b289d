// Package retry waits and tries again: a sleep that ends with its context, a pause that grows with
// the number of failures, and a loop that calls a function until it succeeds.
//
// Start with Until, which calls a function until it succeeds, fails for good, or its context ends.
// Poll calls a function at a fixed period. Both tell a failure once through a Notice, however often
// it repeats. Every room that waits for a dependency calls this package. It starts no goroutine,
// and it never hides an error: the last one is returned or reported.
package retry

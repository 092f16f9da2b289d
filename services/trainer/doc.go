// Package trainer runs training cycles: by the clock, on request, on drift, and where
// there is no champion yet. What a cycle does is in package cycle.
//
// Start with Service.Run. Of several trainers on one NATS server one runs a cycle at a
// time, under a lease. InProcess is how the role runs a cycle; `loadtide up` runs
// `loadtide train` as a child process, so that training never disturbs serving.
//
// It must never run a cycle without the lease, and never lose one that was accepted.
package trainer

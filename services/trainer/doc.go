// Package trainer runs training cycles: at the times of a schedule, on request, on drift, and when
// there is no champion yet. What a cycle does is in package cycle.
//
// Start with Service.Run:
//
//	schedule, request, drift, no champion -> jobs -> lease -> attempt -> RunFunc
//
// The job store holds the one cycle that was accepted last. Of several trainers on one NATS server,
// the one that holds the lease runs it. InProcess is the RunFunc of the role trainer. `loadtide up`
// runs `loadtide train` as a child process, so that training never disturbs serving.
//
// A trainer must never run a cycle without the lease, and never lose a cycle that was accepted.
package trainer

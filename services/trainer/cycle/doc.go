// Package cycle trains a model: it fits one, judges it, and registers it.
//
//	history -> windows -> fit -> judge -> gate -> register -> alias
//
// Start with Cycle.Run, the training path; attempt.produce reads top to bottom. Source says where
// history comes from, Verdict what the gate found, Event what a running cycle reports. The service
// trainer and the command train run cycles.
//
// A cycle must never look at readings later than its cut, never move the alias of the champion to a
// model that the gate refused, and never write to the registry without asking Holds.
package cycle

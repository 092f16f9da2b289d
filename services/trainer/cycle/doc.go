// Package cycle fits a new model, judges it and registers it:
//
//	history -> windows -> fit -> judge -> gate -> register -> alias
//
// Start with Cycle.Run, the training path, which reads top to bottom. Source says
// where history comes from, Verdict what the gate found. The service trainer and the
// command train run cycles.
//
// It must never look at readings later than the cut it was given, never move the
// champion's alias to a model that the gate refused, and never write to the registry
// without asking Holds.
package cycle

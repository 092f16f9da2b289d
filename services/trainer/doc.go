// Package trainer fits new models, judges them and registers them:
//
//	history -> windows -> fit -> judge -> gate -> register -> alias
//
// Start with Cycle.Run, the training path, which reads top to bottom. Source says
// where history comes from, Verdict what the gate found. Service says when a cycle
// runs and that one runs at a time; InProcess is how the role runs it, `loadtide up`
// runs `loadtide train` as a child process, so that training never disturbs serving.
//
// It must never look at readings later than the cut it was given, never move the
// champion's alias to a model that the gate refused, and never write to the registry
// without asking for its lease again.
package trainer

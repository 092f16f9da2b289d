// Package trainer fits new models and registers them:
//
//	history -> windows -> fit -> judge -> register -> alias
//
// Start with Cycle.Run, the training path, which reads top to bottom. Source
// says where history comes from. `loadtide train` runs one cycle; `loadtide up`
// runs that command as a child process, so that training never disturbs
// serving.
//
// It must never look at readings later than the cut it was given, and never
// move the champion's alias to a model that did worse on later time.
package trainer

// Package registry numbers the versions of a model and says which one serves.
//
// Start with Registry. The trainer registers models and moves aliases. The forecaster asks for the
// champion and fetches its folder. `loadtide models` shows versions and moves aliases. Local keeps
// everything in a folder, MLflow on an MLflow server.
//
// A registry copies a model folder as it is and reads three of its files: `digest`, `metrics.json`
// and `tags.json`. It does not check the weights: package model does that when it loads a fetched
// folder. A registry never overwrites a version, and never shows a version that is not whole.
package registry

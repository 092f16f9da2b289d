// Package registry numbers the versions of a model and says which one serves.
//
// Start with Registry. The trainer registers what it made and moves aliases, the
// forecaster asks for the champion and fetches its folder, `loadtide models`
// shows and moves them. Local keeps everything in a folder.
//
// A model folder is copied as it is: of its files only `digest`, `metrics.json`
// and `tags.json` are read. Whether the weights are good, and whether they are
// those of the digest, is for pkg/model, which loads what was fetched. A
// registry must never overwrite a version, and never show one that is not whole.
package registry

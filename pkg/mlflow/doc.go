// Package mlflow talks to an MLflow server: experiments, runs, artifacts, logged
// models, registered models with their versions and aliases.
//
// Start with Client. The trainer logs its runs with it, pkg/registry keeps models
// through it. It is the REST interface and no more: about 25 calls over net/http,
// tried against MLflow 3.17. Artifacts go through the server's own proxy
// (`mlflow server --serve-artifacts`, the default), so that only one address has
// to be reached and no storage has to be known.
//
// Calls that may be repeated without harm are repeated a few times, see Config;
// others only when the request surely did not arrive. It must never print a
// secret, follow a redirect with one, or read more of an answer than it was told.
package mlflow

// Package mlflow is a client of an MLflow server: experiments, runs, artifacts, logged models,
// registered models with their versions and aliases.
//
// Start with Client. The trainer logs its runs with it, and package registry keeps models through
// it. The package has only the REST interface: about 25 calls over net/http, tested against
// MLflow 3.17. Artifacts go through the server's own proxy (`mlflow server
// --serve-artifacts`, the default), so that a client needs one address and knows no storage.
//
// The client repeats calls that may be repeated without harm, see Config, and other calls only when
// the request surely has not arrived. It never prints a secret, never follows a redirect with one,
// and never reads more of an answer than its limit.
package mlflow

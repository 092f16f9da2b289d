// Package mlflowtest starts a real MLflow server for tests.
//
// Start with Main, which TestMain of a package calls, then Server. Only tests may import it. A test
// that needs the server is never skipped in silence: without MLflow it says so, and in a pipeline
// (CI=true) it fails.
package mlflowtest

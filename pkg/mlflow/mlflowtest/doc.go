// Package mlflowtest starts a real MLflow server for tests, and puts faults between it and a client.
//
// Start with Main, which a package's TestMain calls, then Server. Only tests use it. It must never be passed over in
// silence: where there is no MLflow a test says so, in a pipeline (CI=true) it fails.
package mlflowtest

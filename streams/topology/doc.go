// Package topology declares the streams and the key-value buckets, and creates or updates them: the
// partition logs R0, R1, …, the streams FORECASTS, SCORES, REJECTED and EVENTS, and the buckets
// PARTITIONS, SERIES and TRAINING.
//
// Start with Ensure, which a forecaster and `loadtide up` call before anything else; every other
// role calls Partitions. The package never deletes a stream or a message, never takes a subject
// from a stream, and never changes the number of partitions of streams that exist.
package topology

// Package topology declares the streams as they must stand, and makes them so: the partition logs
// R0, R1, …, FORECASTS, REJECTED, EVENTS and the bucket PARTITIONS.
//
// Start with Ensure, which a forecaster and `loadtide up` call before anything else; every other
// role calls Partitions. It never deletes a stream or a message, never takes a subject from a
// stream, and never changes the number of partitions of streams that exist.
package topology

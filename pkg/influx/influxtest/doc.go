// Package influxtest starts a real influxd for tests, and has a listener for answers that a real
// server cannot be made to give.
//
// Start with Server for influxd and with Start for the listener. The listener accepts HTTP writes,
// parses their line protocol strictly, keeps one point for a measurement, tags and time, and fails
// on demand. It has no buckets, no conflicts of types, no retention and no queries. So it proves
// what a client sends and how the client takes an answer, and nothing about what a real server does
// with it. Only tests may import the package. A test that needs influxd is never skipped in silence
// in a pipeline.
package influxtest

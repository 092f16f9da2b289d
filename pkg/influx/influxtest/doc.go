// Package influxtest starts a real influxd for tests (Server), and a listener that takes the place of one where a test needs
// an answer that no real server can be made to give (Start): it accepts HTTP writes, parses their line protocol strictly,
// keeps the points as the server would (one per measurement, tags and time), and fails on demand.
//
// The listener is not InfluxDB: it has no buckets, no types that clash, no retention and no queries, so it proves what we
// send and how we take an answer, and nothing about what a real server does with it. Only tests call this package. A test
// that needs influxd must never be passed over in silence in a pipeline.
package influxtest

// Package influxtest is a listener for tests that takes the place of InfluxDB: it accepts HTTP writes, parses their line
// protocol strictly, keeps the points as the server would (one per measurement, tags and time), and fails on demand.
//
// Start with Start. It is not InfluxDB: it has no buckets, no types that clash, no retention and no queries, so it proves
// what we send and how we take an answer, and nothing about what a real server does with it. The tests against a real
// influxd come with observability. Only tests call it.
package influxtest

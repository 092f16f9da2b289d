// Package servertest starts real servers for tests, each a process of its own, and puts faults between them and a client.
//
// Start with Process.Start; Proxy is Toxiproxy. The suites of single servers (mlflowtest, influxtest) stand on it. Only tests
// use it. A server must never outlive its test binary, not even a killed one.
package servertest

// Package servertest is for tests that need more than this repository: real servers, libraries of
// Python, public readings. Only tests use it.
//
// Require says which kind a test is, and skips it unless that kind is asked for. Process starts a
// server and ends it with the test binary, even when that is killed; Local and Shared are servers
// in a folder of their own. Proxy puts faults between a client and a server. Python and
// PublicReadings and FieldFiles find what may be on this machine. The suites of single servers (mlflowtest,
// influxtest) stand on this package.
package servertest

// Package endtoend holds the tests that need Loadtide as a whole. Nothing calls this package. A
// test that one package alone could have does not belong here.
//
// The prefix of a file says what its tests are about:
//
//   - rules_: the rules of the repository: floors and walls (start with rules_floors_test.go),
//     documents, metrics, alerts, queries
//   - roles_: the binary as processes that work together, with MLflow, InfluxDB and clients of the
//     wire
//   - kill_: processes that are killed and started again
//   - dashboards_: the dashboards, as files and with a real Prometheus and InfluxDB behind them
//   - place_: a data dir, the processes in it, and how a test waits for them
package endtoend

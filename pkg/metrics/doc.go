// Package metrics holds what every metric of Loadtide shares: the namespace, the buckets and the registry.
//
// Start with NewRegistry. Each package builds its own metrics struct from the prometheus.Registerer it is handed; the
// commands in services/loadtide make the registry and hand it out. The package keeps no registry of its own, and no
// metric carries a series as a label.
package metrics

// Package service holds what every role of Loadtide needs around its work: flags, logging, metrics,
// the admin listener, HTTP with its limits, errors that name their remedy, and the order in which
// parts start and stop.
//
// Start with Group. It starts named parts in order, runs them, and stops them in reverse order when
// one fails or the context ends. The commands in services/loadtide call it; each role is a Part of
// such a group. The package knows no role, no message and no broker, and it keeps no global logger,
// registry or health.
package service

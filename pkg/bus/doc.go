// Package bus is the house's only way to NATS JetStream: a connection, ordered reading of a whole log (Log), ordered
// publishing of outputs (Publisher), an acknowledged queue for the recorder (Work), small keys with compare-and-set
// (Bucket), and the server itself in this process (Embedded).
//
// Start with Conn; Connect opens one. The forecaster, recorder, gateway and the commands call it; none of them imports
// NATS. The streams themselves are declared in streams/topology.
//
// It never decodes a payload, never judges whether a sequence has a hole (its callers know what a hole means to them),
// never retries a publish that may have been stored, and never drops a message in silence: what it cannot deliver in
// order it delivers as an error.
package bus

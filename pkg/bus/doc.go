// Package bus is Loadtide's only way to NATS JetStream. It holds a connection that mends itself
// (Conn), ordered reading of a stream (Reader), acknowledged reading for the recorder (Consumer),
// ordered publishing of outputs (Publisher), small values under keys with compare-and-set (Bucket),
// and a server in this process (Embedded).
//
// Start with Conn; Connect opens one. The services and the commands call it; none of them imports
// NATS. Package streams/topology declares the streams.
//
// The package never decodes a payload. It never judges a hole in the sequences: the caller knows
// what a hole means. It never repeats a publish that may have been stored. It never drops a message
// in silence: when it cannot deliver in order, it returns an error.
package bus

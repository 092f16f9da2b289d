// Package bustest runs a real NATS server with JetStream inside the test process, on a free port and a temporary store.
// Start is all there is to know. It is imported by tests alone.
package bustest

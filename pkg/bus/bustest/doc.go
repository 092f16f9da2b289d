// Package bustest runs a real NATS server with JetStream inside the test process, on a free port
// and in a temporary store.
//
// Start with Start. Only tests may import the package.
package bustest

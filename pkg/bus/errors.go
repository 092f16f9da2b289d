package bus

import (
	"errors"
	"fmt"
	"time"
)

// Errors that callers branch on.
var (
	// ErrNoStream says that a stream does not exist, or that no stream stores a subject.
	ErrNoStream = errors.New("no such stream")
	// ErrNoBucket says that a key-value bucket does not exist.
	ErrNoBucket = errors.New("no such bucket")
	// ErrConflict says that a key has changed since it was read, or exists already.
	ErrConflict = errors.New("key was changed by someone else")
	// ErrNoServer says that no process answers requests under a subject.
	ErrNoServer = errors.New("nobody serves it")
	// ErrClosed says that the owner has closed the connection, reader or publisher.
	ErrClosed = errors.New("closed")
)

// ConnectError says that no usable server answers.
type ConnectError struct {
	// URL is the address that was tried, without its password.
	URL string
	Err error
}

// Error names the address and the cause.
func (e *ConnectError) Error() string {
	return fmt.Sprintf("connect to nats at %s: %v", e.URL, e.Err)
}

// Unwrap returns the cause.
func (e *ConnectError) Unwrap() error { return e.Err }

// Remedy says what an operator can do.
func (e *ConnectError) Remedy() string {
	return "start a NATS server with JetStream there (deployments/nats/nats.conf), " +
		"or give another address with --nats-url; `loadtide up` brings its own"
}

// JetStreamError says that the server answers but has no JetStream.
type JetStreamError struct {
	// URL is the server's address, without its password.
	URL string
	Err error
}

// Error names the server and the cause.
func (e *JetStreamError) Error() string {
	return fmt.Sprintf("nats server at %s has no JetStream for this account: %v", e.URL, e.Err)
}

// Unwrap returns the cause.
func (e *JetStreamError) Unwrap() error { return e.Err }

// Remedy says what an operator can do.
func (e *JetStreamError) Remedy() string {
	return "put a `jetstream { store_dir: … }` block into the server's configuration; " +
		"deployments/nats/nats.conf is an example"
}

// VersionError says that the server is too old for the batches of a Publisher.
type VersionError struct {
	// URL is the server's address, without its password. Version is the server's.
	URL, Version string
}

// Error names the server, its version and the oldest one that will do.
func (e *VersionError) Error() string {
	return fmt.Sprintf("nats server at %s is version %s, at least %s is needed", e.URL, e.Version,
		MinServerVersion)
}

// Remedy says what an operator can do.
func (e *VersionError) Remedy() string {
	return "update nats-server to " + MinServerVersion + " or later (image nats:2-alpine), " +
		"or run `loadtide up`, which brings its own"
}

// ListenError says that the embedded server cannot listen on its address.
type ListenError struct {
	// Address is host:port as it was configured.
	Address string
	Err     error
}

// Error names the address and the cause.
func (e *ListenError) Error() string {
	return fmt.Sprintf("nats cannot listen on %s: %v", e.Address, e.Err)
}

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// Remedy says what an operator can do.
func (e *ListenError) Remedy() string {
	return "stop what uses the port, or choose another with --nats-listen (127.0.0.1:0 takes a " +
		"free one)"
}

// StoreError says that the embedded server cannot use its folder for the streams.
type StoreError struct {
	// Dir is the folder.
	Dir string
	Err error
}

// Error names the folder and the cause.
func (e *StoreError) Error() string {
	return fmt.Sprintf("nats cannot store in %s: %v", e.Dir, e.Err)
}

// Unwrap returns the cause.
func (e *StoreError) Unwrap() error { return e.Err }

// Remedy says what an operator can do.
func (e *StoreError) Remedy() string {
	return "give this user the right to write there, or choose another folder with --data-dir"
}

// StreamChangedError says that a stream is not the one that was read before: it was deleted and
// made again, or it has lost its newest messages. Sequences from before mean nothing in it.
type StreamChangedError struct {
	Stream string
	// WasCreated and IsCreated differ when the stream was made again.
	WasCreated, IsCreated time.Time
	// Read is the last sequence that was read. LastSeq is the last one in the stream; it is below
	// Read when the stream was rolled back.
	Read, LastSeq uint64
}

// Error names the stream and what changed.
func (e *StreamChangedError) Error() string {
	if !e.WasCreated.Equal(e.IsCreated) {
		return fmt.Sprintf("stream %s was made again: created %s, was %s", e.Stream,
			e.IsCreated.Format(time.RFC3339Nano), e.WasCreated.Format(time.RFC3339Nano))
	}
	return fmt.Sprintf("stream %s was rolled back: it ends at %d, %d was read", e.Stream, e.LastSeq,
		e.Read)
}

// PublishError is the failure that ended a Publisher. The first Stored messages of the publisher
// are in the stream, in order. Whether later ones are is not known.
type PublishError struct {
	Stream string
	// Stored is how many messages of this publisher were confirmed before the failure.
	Stored uint64
	Err    error
}

// Error names the stream and the cause.
func (e *PublishError) Error() string {
	return fmt.Sprintf("publish to %s: %v (%d messages were confirmed before)", e.Stream, e.Err,
		e.Stored)
}

// Unwrap returns the cause.
func (e *PublishError) Unwrap() error { return e.Err }

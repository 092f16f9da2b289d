// Package streams is the codec of every message and subject that Loadtide puts on or takes from its streams.
//
// Start with [Reading] and [DecodeReadings] for what comes in, with [Forecast] for what goes out. The forecaster
// decodes and publishes with it, the recorder, the gateway, the simulator and the commands read and write the same
// bytes through it. The table of subjects, producers, consumers and retention is in README.md.
//
// It must never import another package of Loadtide, talk to a broker, read a clock or panic on any input: a decoded
// message is a function of its bytes, so that a replay of a log judges it as the first run did.
package streams

// Schema is the version that every message of ours carries as "schema". Unknown fields are tolerated within it.
const Schema = 1

// ContentTypeJSON is the Content-Type of JSON messages; a message without the header is read as this.
const ContentTypeJSON = "application/json"

// Model names one version of a model; Digest is "sha256:" and the hex digest of its files.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

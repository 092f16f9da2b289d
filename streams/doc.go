// Package streams is the codec of every message and subject that Loadtide puts on its streams or
// takes from them.
//
// Start with [Reading] and [DecodeReadings] for the input, and with [Forecast] for the output. The
// forecaster decodes and publishes with this package. The recorder, the gateway, the simulator and
// the commands read and write the same bytes through it. README.md has the table of subjects,
// producers, consumers and retention.
//
// Package streams imports the words of pkg/meter and no other package of Loadtide. It talks to no
// broker, reads no clock and does not panic on any input. A decoded message is a function of its
// bytes, so a replay of a log judges each message as the first run did.
package streams

// Schema is the version of every message of ours, in its field "schema". Within a schema, readers
// tolerate unknown fields.
const Schema = 1

// ContentTypeJSON is the Content-Type of JSON messages. A message without the header is read as
// JSON.
const ContentTypeJSON = "application/json"

// Model names one version of a model; Digest is "sha256:" and the hex digest of its files.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

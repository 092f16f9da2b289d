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

// Source of a forecast: who answered. No forecast goes out without one of these words.
const (
	// SourceLSTM: the network holds at least half of the median's weight.
	SourceLSTM = "lstm"
	// SourceMix: the network holds less than half.
	SourceMix = "mix"
	// SourceSeasonalNaive: a seasonal rule answers, because the series or the model is not ready.
	SourceSeasonalNaive = "seasonal_naive"
	// SourcePersistence: the newest value is repeated, because less than a day of readings is known.
	SourcePersistence = "persistence"
	// SourcePrevious: the preceding model version answers, because the current one failed on this series.
	SourcePrevious = "previous"
)

// Quality of a reading or of the interval that a forecast starts from, in OpenADR's words.
const (
	QualityOK        = "OK"
	QualityEstimated = "ESTIMATED"
	QualityMissing   = "MISSING"
	QualityBad       = "BAD"
)

// Model names one version of a model; Digest is "sha256:" and the hex digest of its files.
type Model struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Digest  string `json:"digest"`
}

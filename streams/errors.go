package streams

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Reason says in one word why an input was refused: the same word in the rejected message, the log field and the
// metric label.
type Reason string

// Reasons for which an input is refused.
const (
	ReasonUnparsable          Reason = "unparsable"           // not JSON, or not the shape of the message
	ReasonNotANumber          Reason = "not_a_number"         // value missing, NaN, text
	ReasonNotFinite           Reason = "not_finite"           // infinite, or too large for a float64
	ReasonOutOfRange          Reason = "out_of_range"         // |value| of 1e12 or more
	ReasonBadTimestamp        Reason = "bad_timestamp"        // missing, no RFC 3339, year outside 1970..2200
	ReasonFuture              Reason = "future"               // too far ahead of the broker's clock
	ReasonTooLate             Reason = "too_late"             // older than the series still takes
	ReasonWrongUnit           Reason = "wrong_unit"           // contradicts the kind, too long, not printable
	ReasonUnknownKind         Reason = "unknown_kind"         // none of energy, power, register
	ReasonWrongKind           Reason = "wrong_kind"           // another kind than that of its series
	ReasonUnknownQuality      Reason = "unknown_quality"      // none of OK, ESTIMATED, MISSING, BAD
	ReasonBadQuality          Reason = "bad_quality"          // the sender calls it no good, and nothing can stand in for it
	ReasonTooLarge            Reason = "too_large"            // over a limit of size, count or nesting
	ReasonBadSubject          Reason = "bad_subject"          // a subject without a legal site and meter
	ReasonWrongPartition      Reason = "wrong_partition"      // the series belongs to another partition's log
	ReasonIntervalUnsupported Reason = "interval_unsupported" // an interval that is not taken, or a time on no interval's start
	ReasonUnconfirmed         Reason = "unconfirmed"          // far ahead of its series, and no second reading agreed
	ReasonSeriesLimit         Reason = "series_limit"         // a new series, and its partition takes no more
	ReasonPoison              Reason = "poison"               // its step panicked
	ReasonEmpty               Reason = "empty"                // no byte, or an array of nothing
	ReasonContentType         Reason = "content_type"         // an encoding that this release does not read
)

// ReasonNotRecorded is not of an input: InfluxDB refused a point that the recorder made of a stored message.
const ReasonNotRecorded Reason = "not_recorded"

// Reasons returns all reasons for which an input is refused, in a fixed order, for metric labels that exist from the start.
func Reasons() []Reason {
	return []Reason{
		ReasonUnparsable, ReasonNotANumber, ReasonNotFinite, ReasonOutOfRange, ReasonBadTimestamp, ReasonFuture,
		ReasonTooLate, ReasonWrongUnit, ReasonUnknownKind, ReasonWrongKind, ReasonUnknownQuality, ReasonBadQuality,
		ReasonTooLarge, ReasonBadSubject, ReasonWrongPartition, ReasonIntervalUnsupported, ReasonUnconfirmed, ReasonSeriesLimit,
		ReasonPoison, ReasonEmpty, ReasonContentType,
	}
}

// WholeMessage is the Index of an InvalidError that concerns the message as a whole, not one reading of it.
const WholeMessage = -1

// maxShown is how many bytes of an offending value an error carries.
const maxShown = 64

// InvalidError says which part of an input cannot be taken, why, and what to do about it.
type InvalidError struct {
	Reason Reason
	Index  int    // place of the reading in its message, 0 for a single one; WholeMessage for the message itself
	Field  string // name of the field or part, e.g. "ts"
	Value  string // the offending text, at most 64 bytes; empty when it is missing or empty
	Remedy string // what the sender should do
}

// Error names reading, field, value, reason and remedy in one line.
func (e *InvalidError) Error() string {
	var b strings.Builder
	if e.Index > 0 {
		b.WriteString("reading ")
		b.WriteString(strconv.Itoa(e.Index))
		b.WriteString(": ")
	}
	b.WriteString(e.Field)
	switch {
	case e.Reason == ReasonEmpty: // says it already
	case e.Value == "":
		b.WriteString(" missing or empty")
	default:
		b.WriteByte(' ')
		b.WriteString(strconv.Quote(e.Value))
	}
	b.WriteByte(' ')
	b.WriteString(string(e.Reason))
	if e.Remedy != "" {
		b.WriteString(": ")
		b.WriteString(e.Remedy)
	}
	return b.String()
}

// shown cuts an offending value to what an error carries; bytes that are no text become question marks.
func shown(raw []byte) string { return strings.ToValidUTF8(string(cut(raw, maxShown)), "?") }

// cut returns at most limit bytes of raw, without tearing a character.
func cut(raw []byte, limit int) []byte {
	if len(raw) <= limit {
		return raw
	}
	n := limit
	for n > limit-utf8.UTFMax+1 && !utf8.RuneStart(raw[n]) {
		n--
	}
	return raw[:n]
}

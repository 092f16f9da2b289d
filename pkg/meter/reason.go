package meter

// Reason says in one word why an input was refused: the same word in the rejected message, the
// log field and the metric label.
type Reason string

// The reasons for which an input is refused.
const (
	// ReasonUnparsable: not JSON, or not the shape of the message.
	ReasonUnparsable Reason = "unparsable"
	// ReasonNotANumber: the value is missing, NaN or text.
	ReasonNotANumber Reason = "not_a_number"
	// ReasonNotFinite: the value is infinite, or too large for a float64.
	ReasonNotFinite Reason = "not_finite"
	// ReasonOutOfRange: |value| is 1e12 or more.
	ReasonOutOfRange Reason = "out_of_range"
	// ReasonBadTimestamp: missing, not RFC 3339, or of a year outside 1970 to 2200.
	ReasonBadTimestamp Reason = "bad_timestamp"
	// ReasonFuture: further than FutureLimit ahead of the broker's clock.
	ReasonFuture Reason = "future"
	// ReasonTooLate: two weeks or more behind the newest reading of its series, or more than
	// LatenessSeconds where readings are not whole cells, and not what
	// the series has for that interval.
	ReasonTooLate Reason = "too_late"
	// ReasonBehindHistory: older than what its series remembers. The reading may repeat one that
	// was taken, or be new: nobody can know.
	ReasonBehindHistory Reason = "behind_history"
	// ReasonWrongUnit: the unit contradicts the kind or the series, is too long or not printable.
	ReasonWrongUnit Reason = "wrong_unit"
	// ReasonUnknownKind: none of energy, power, register.
	ReasonUnknownKind Reason = "unknown_kind"
	// ReasonWrongKind: another kind than that of its series.
	ReasonWrongKind Reason = "wrong_kind"
	// ReasonUnknownQuality: none of OK, ESTIMATED, MISSING, BAD.
	ReasonUnknownQuality Reason = "unknown_quality"
	// ReasonBadQuality: the sender calls it no good, and nothing can stand in for it.
	ReasonBadQuality Reason = "bad_quality"
	// ReasonTooLarge: over a limit of size, count or nesting.
	ReasonTooLarge Reason = "too_large"
	// ReasonBadSubject: the subject has no legal site and meter.
	ReasonBadSubject Reason = "bad_subject"
	// ReasonWrongPartition: the series belongs to the log of another partition.
	ReasonWrongPartition Reason = "wrong_partition"
	// ReasonIntervalUnsupported: an interval that is not taken, or a time that starts no interval.
	ReasonIntervalUnsupported Reason = "interval_unsupported"
	// ReasonUnconfirmed: far ahead of its series, and no second reading agreed.
	ReasonUnconfirmed Reason = "unconfirmed"
	// ReasonRegisterFalls: a register that has only fallen for a day. What it counts is not known.
	ReasonRegisterFalls Reason = "register_falls"
	// ReasonSeriesLimit: a new series, and its partition takes no more.
	ReasonSeriesLimit Reason = "series_limit"
	// ReasonPoison: its step panicked. A word of the contract that no input is refused with yet.
	ReasonPoison Reason = "poison"
	// ReasonEmpty: no byte, or an array without an element.
	ReasonEmpty Reason = "empty"
	// ReasonContentType: an encoding that this release does not read.
	ReasonContentType Reason = "content_type"
)

// ReasonNotRecorded is no reason of an input: InfluxDB refused a point that the recorder made of a
// stored message.
const ReasonNotRecorded Reason = "not_recorded"

// Reasons returns all reasons for which an input is refused, in a fixed order, for metric labels
// that exist from the start.
func Reasons() []Reason {
	return []Reason{
		ReasonUnparsable, ReasonNotANumber, ReasonNotFinite, ReasonOutOfRange, ReasonBadTimestamp,
		ReasonFuture, ReasonTooLate, ReasonBehindHistory, ReasonWrongUnit, ReasonUnknownKind,
		ReasonWrongKind, ReasonUnknownQuality, ReasonBadQuality, ReasonTooLarge, ReasonBadSubject,
		ReasonWrongPartition, ReasonIntervalUnsupported, ReasonUnconfirmed, ReasonRegisterFalls,
		ReasonSeriesLimit, ReasonPoison, ReasonEmpty, ReasonContentType,
	}
}

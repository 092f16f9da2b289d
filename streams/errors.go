package streams

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/loadtide/loadtide/pkg/meter"
)

// WholeMessage is the Index of an InvalidError that concerns the message as a whole, not one
// reading of it.
const WholeMessage = -1

// maxShown is how many bytes of an offending value an error carries.
const maxShown = 64

// InvalidError says which part of an input cannot be taken, why, and what to do about it.
type InvalidError struct {
	Reason meter.Reason
	Index  int    // of the reading in its message, 0 for a single one, or WholeMessage
	Field  string // name of the field or part, e.g. "ts"
	Value  string // the offending text, at most 64 bytes; empty when it is missing or empty
	Remedy string // what the sender should do
}

// Error names reading, field, value and remedy in one line. The Reason stands there only when there
// is no remedy: those who print the line print the reason before it.
func (e *InvalidError) Error() string {
	var b strings.Builder
	if e.Index > 0 {
		b.WriteString("reading ")
		b.WriteString(strconv.Itoa(e.Index))
		b.WriteString(": ")
	}
	b.WriteString(e.Field)
	switch {
	case e.Reason == meter.ReasonEmpty:
		b.WriteString(" is empty")
	case e.Value == "":
		b.WriteString(" missing or empty")
	default:
		b.WriteByte(' ')
		b.WriteString(strconv.Quote(e.Value))
	}
	switch {
	case e.Remedy != "":
		b.WriteString(": ")
		b.WriteString(e.Remedy)
	case e.Reason != meter.ReasonEmpty:
		b.WriteByte(' ')
		b.WriteString(string(e.Reason))
	}
	return b.String()
}

// shown returns an offending value, cut to the length that an error carries. Bytes that are no text
// become question marks.
func shown(value []byte) string { return strings.ToValidUTF8(string(cut(value, maxShown)), "?") }

// cut returns at most limit bytes of a text, without splitting a character.
func cut(text []byte, limit int) []byte {
	if len(text) <= limit {
		return text
	}
	n := limit
	for n > limit-utf8.UTFMax+1 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

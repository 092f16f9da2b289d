package streams

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"
	"unicode/utf8"

	"github.com/loadtide/loadtide/pkg/meter"
)

// The encodings of the payload in a Rejected.
const (
	EncodingUTF8   = "utf-8"
	EncodingBase64 = "base64"
)

// mostPayload is how many bytes of a refused payload a Rejected holds. The digest covers the whole
// payload.
const mostPayload = 4 << 10

// Rejected describes one refused input, or the readings of one message that are refused for one
// reason.
type Rejected struct {
	Series    string       `json:"series"`  // of the subject; may be no valid name
	Subject   string       `json:"subject"` // of the input
	Seq       uint64       `json:"seq"`     // of the input in its partition's log
	Partition int          `json:"partition"`
	Reason    meter.Reason `json:"reason"`
	Detail    string       `json:"detail"` // InvalidError.Error of the first refused reading
	// Index is that of the first refused reading, or WholeMessage. A reading that cannot be decoded
	// has its position in the message. A decoded reading has its position among the decoded
	// readings of the message: as they were sent when its time is in the future, in the order of
	// their times when the state of its series refuses it.
	Index int `json:"index"`
	// Count is how many readings of the message are refused for the reason.
	Count           int       `json:"count"`
	Received        time.Time `json:"received"`         // the broker's time of the input
	Payload         string    `json:"payload"`          // up to 4 KiB of it
	PayloadEncoding string    `json:"payload_encoding"` // EncodingUTF8 or EncodingBase64
	PayloadBytes    int       `json:"payload_bytes"`    // of the whole
	PayloadDigest   string    `json:"payload_digest"`   // sha256:<hex> of the whole
}

// SetPayload sets up to 4 KiB of the refused payload, and the size and digest of all of it. The
// payload is text when it is valid UTF-8, else base 64.
func (r *Rejected) SetPayload(payload []byte) {
	digest := sha256.Sum256(payload)
	r.PayloadBytes = len(payload)
	r.PayloadDigest = "sha256:" + hex.EncodeToString(digest[:])
	if text := cut(payload, mostPayload); utf8.Valid(text) {
		r.Payload, r.PayloadEncoding = string(text), EncodingUTF8
		return
	}
	r.Payload = base64.StdEncoding.EncodeToString(payload[:min(len(payload), mostPayload)])
	r.PayloadEncoding = EncodingBase64
}

// AppendJSON appends the message.
func (r *Rejected) AppendJSON(dst []byte) []byte {
	own := *r
	own.Received = toMillis(r.Received)
	return appendMessage(dst, &own)
}

// DecodeRejected reads what AppendJSON writes, also with a reason that this release does not know.
// The error is an *InvalidError.
func DecodeRejected(data []byte) (Rejected, error) {
	var r Rejected
	if err := decodePlain(data, &r, noSchema); err != nil {
		return Rejected{}, err
	}
	if r.Reason == "" {
		return Rejected{}, fieldError("reason", "", "must say why")
	}
	if r.PayloadEncoding != EncodingUTF8 && r.PayloadEncoding != EncodingBase64 {
		return Rejected{}, fieldError("payload_encoding", r.PayloadEncoding, "must be utf-8 or base64")
	}
	r.Received = r.Received.UTC()
	return r, nil
}

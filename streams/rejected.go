package streams

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/loadtide/loadtide/pkg/meter"
)

// How the payload of a refused input is kept.
const (
	EncodingUTF8   = "utf-8"
	EncodingBase64 = "base64"
)

// keptPayload is how much of a refused payload is kept; the digest covers all of it.
const keptPayload = 4 << 10

// Rejected tells of one refused input, or of one refused reading of a message.
type Rejected struct {
	Series          string // <site>.<meter> as far as the subject gave it; may be no legal series
	Subject         string // of the input
	Seq             uint64 // of the input in its partition's log
	Partition       int
	Reason          meter.Reason
	Detail          string    // InvalidError.Error of it
	Index           int       // the reading in its message, or WholeMessage
	Count           int       // readings of the message that were refused for this reason
	Received        time.Time // the broker's time of the input
	Payload         string    // up to 4 KiB of it
	PayloadEncoding string    // EncodingUTF8 or EncodingBase64
	PayloadBytes    int       // of the whole
	PayloadDigest   string    // sha256:<hex> of the whole
}

// SetPayload keeps up to 4 KiB of the refused payload, as text when that is valid UTF-8, else in base 64, and the
// size and digest of the whole.
func (r *Rejected) SetPayload(payload []byte) {
	digest := sha256.Sum256(payload)
	r.PayloadBytes = len(payload)
	r.PayloadDigest = "sha256:" + hex.EncodeToString(digest[:])
	if text := cut(payload, keptPayload); utf8.Valid(text) {
		r.Payload, r.PayloadEncoding = string(text), EncodingUTF8
		return
	}
	r.Payload = base64.StdEncoding.EncodeToString(payload[:min(len(payload), keptPayload)])
	r.PayloadEncoding = EncodingBase64
}

// AppendJSON appends the message.
func (r *Rejected) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"schema":1,"series":`...)
	dst = appendString(dst, r.Series)
	dst = append(dst, `,"subject":`...)
	dst = appendString(dst, r.Subject)
	dst = append(dst, `,"seq":`...)
	dst = strconv.AppendUint(dst, r.Seq, 10)
	dst = append(dst, `,"partition":`...)
	dst = strconv.AppendInt(dst, int64(r.Partition), 10)
	dst = append(dst, `,"reason":`...)
	dst = appendString(dst, string(r.Reason))
	dst = append(dst, `,"detail":`...)
	dst = appendString(dst, r.Detail)
	dst = append(dst, `,"index":`...)
	dst = strconv.AppendInt(dst, int64(r.Index), 10)
	dst = append(dst, `,"count":`...)
	dst = strconv.AppendInt(dst, int64(r.Count), 10)
	dst = append(dst, `,"received":`...)
	dst = appendMillis(dst, r.Received)
	dst = append(dst, `,"payload":`...)
	dst = appendString(dst, r.Payload)
	dst = append(dst, `,"payload_encoding":`...)
	dst = appendString(dst, r.PayloadEncoding)
	dst = append(dst, `,"payload_bytes":`...)
	dst = strconv.AppendInt(dst, int64(r.PayloadBytes), 10)
	dst = append(dst, `,"payload_digest":`...)
	dst = appendString(dst, r.PayloadDigest)
	return append(dst, '}')
}

type rejectedJSON struct {
	Schema          int          `json:"schema"`
	Series          string       `json:"series"`
	Subject         string       `json:"subject"`
	Seq             uint64       `json:"seq"`
	Partition       int          `json:"partition"`
	Reason          meter.Reason `json:"reason"`
	Detail          string       `json:"detail"`
	Index           int          `json:"index"`
	Count           int          `json:"count"`
	Received        time.Time    `json:"received"`
	Payload         string       `json:"payload"`
	PayloadEncoding string       `json:"payload_encoding"`
	PayloadBytes    int          `json:"payload_bytes"`
	PayloadDigest   string       `json:"payload_digest"`
}

// DecodeRejected reads what AppendJSON writes. The error is an *InvalidError; a reason that this release does not
// know is taken as it is.
func DecodeRejected(data []byte) (Rejected, error) {
	var j rejectedJSON
	if err := decodeMessage(data, maxPayload, &j, &j.Schema); err != nil {
		return Rejected{}, err
	}
	if j.Reason == "" {
		return Rejected{}, fieldError("reason", "", "must say why")
	}
	if j.PayloadEncoding != EncodingUTF8 && j.PayloadEncoding != EncodingBase64 {
		return Rejected{}, fieldError("payload_encoding", j.PayloadEncoding, "must be utf-8 or base64")
	}
	return Rejected{
		Series: j.Series, Subject: j.Subject, Seq: j.Seq, Partition: j.Partition, Reason: j.Reason, Detail: j.Detail,
		Index: j.Index, Count: j.Count, Received: j.Received.UTC(), Payload: j.Payload,
		PayloadEncoding: j.PayloadEncoding, PayloadBytes: j.PayloadBytes, PayloadDigest: j.PayloadDigest,
	}, nil
}

package streams

import (
	"time"

	"github.com/loadtide/loadtide/pkg/meter"
)

// MarkControl is the control record ctl.<p>.mark: from its position on, the partition keeps a period
// of the series of a pattern from its models and scores. With the reason none, it takes away what
// records of the same pattern marked in the period.
type MarkControl struct {
	Series string    `json:"series"` // <site>.<meter>, <site>.* or *.*
	From   time.Time `json:"from"`   // in seconds
	Until  time.Time `json:"until"`  // the first second after the period; may lie ahead
	Reason string    `json:"reason"` // outage, holiday, exclude or none
}

// NewMark returns the record of a mark. Its times are those of the mark in UTC.
func NewMark(pattern meter.ID, m meter.Mark) MarkControl {
	return MarkControl{
		Series: pattern.String(), Reason: m.Reason.String(),
		From: time.Unix(m.From, 0).UTC(), Until: time.Unix(m.Until, 0).UTC(),
	}
}

// Mark returns the pattern and the mark of a record. The error is an *InvalidError that names the
// field.
func (c *MarkControl) Mark() (pattern meter.ID, m meter.Mark, err error) {
	pattern, ok := meter.ParsePattern(c.Series)
	if !ok {
		return pattern, m, fieldError("series", c.Series, remedyPattern)
	}
	m.From, m.Until = c.From.Unix(), c.Until.Unix()
	if m.Reason, err = meter.ParseMarkReason(c.Reason); err != nil {
		return pattern, m, fieldError("reason", c.Reason, "use outage, holiday, exclude or none")
	}
	switch {
	case m.From < 0:
		return pattern, m, fieldError("from", c.From.Format(time.RFC3339), "must be 1970 or later")
	case m.Until > meter.LastMark:
		return pattern, m, fieldError("until", c.Until.Format(time.RFC3339), "must be 2100 or earlier")
	case m.From >= m.Until:
		return pattern, m, fieldError("until", c.Until.Format(time.RFC3339),
			"must be later than from: it is the first moment after the period")
	}
	return pattern, m, nil
}

// AppendJSON appends the message. Fractions of seconds are cut.
func (c *MarkControl) AppendJSON(dst []byte) []byte {
	own := *c
	own.From, own.Until = c.From.UTC().Truncate(time.Second), c.Until.UTC().Truncate(time.Second)
	return appendMessage(dst, &own)
}

// DecodeMarkControl reads what AppendJSON writes, with a valid mark. The error is an *InvalidError.
func DecodeMarkControl(data []byte) (MarkControl, error) {
	var c MarkControl
	if err := decodePlain(data, &c, noSchema); err != nil {
		return MarkControl{}, err
	}
	if _, _, err := c.Mark(); err != nil {
		return MarkControl{}, err
	}
	c.From, c.Until = c.From.UTC(), c.Until.UTC()
	return c, nil
}

package streams

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// LimitControl is the control record ctl.<p>.limit: how many series all partitions together take
// from its position on. ShareOf gives the share of one partition. The limit is in the log so that a
// replay refuses the same series.
type LimitControl struct {
	Series int `json:"series"`
}

// ShareOf returns how many of n series partition p takes; all is the number of partitions. The
// shares add up to n and differ by one at most.
func ShareOf(n, p, all int) int {
	share := n / all
	if p < n%all {
		share++
	}
	return share
}

// AppendJSON appends the message.
func (c *LimitControl) AppendJSON(dst []byte) []byte { return appendMessage(dst, c) }

// DecodeLimitControl reads what AppendJSON writes. The error is an *InvalidError.
func DecodeLimitControl(data []byte) (LimitControl, error) {
	var c LimitControl
	if err := decodePlain(data, &c, noSchema); err != nil {
		return LimitControl{}, err
	}
	if c.Series < 1 {
		return LimitControl{}, fieldError("series", strconv.Itoa(c.Series), "must be 1 or more")
	}
	return c, nil
}

// SettingsControl is the control record ctl.<p>.settings: from its position on these are the
// settings of the series of a pattern. Empty settings remove those before.
type SettingsControl struct {
	Pattern  string // <site>.<meter>, <site>.* or *.*
	Revision uint64 // of the settings in their bucket
	Settings Settings
}

// AppendJSON appends the message.
func (c *SettingsControl) AppendJSON(dst []byte) []byte {
	j := settingsControl{c.Pattern, c.Revision, c.Settings.AppendJSON(nil)}
	return appendVersioned(dst, appendAny(nil, &j))
}

// settingsControl is a SettingsControl in JSON. DecodeSettings reads the settings in it.
type settingsControl struct {
	Series   string          `json:"series"`
	Revision uint64          `json:"revision"`
	Settings json.RawMessage `json:"settings"`
}

// DecodeSettingsControl reads what AppendJSON writes. The error is an *InvalidError.
func DecodeSettingsControl(data []byte) (SettingsControl, error) {
	var j settingsControl
	if err := decodePlain(data, &j, noSchema); err != nil {
		return SettingsControl{}, err
	}
	if _, ok := meter.ParsePattern(j.Series); !ok {
		return SettingsControl{}, fieldError("series", j.Series, remedyPattern)
	}
	s, err := DecodeSettings(j.Settings)
	return SettingsControl{Pattern: j.Series, Revision: j.Revision, Settings: s}, err
}

// DeleteControl is the control record ctl.<p>.delete: at its position the partition forgets the
// state of a series.
type DeleteControl struct {
	Series string `json:"series"`
}

// AppendJSON appends the message.
func (c *DeleteControl) AppendJSON(dst []byte) []byte { return appendMessage(dst, c) }

// DecodeDeleteControl reads what AppendJSON writes. The error is an *InvalidError.
func DecodeDeleteControl(data []byte) (DeleteControl, error) {
	var c DeleteControl
	if err := decodePlain(data, &c, noSchema); err != nil {
		return DeleteControl{}, err
	}
	if _, ok := meter.ParseID(c.Series); !ok {
		return DeleteControl{}, fieldError("series", c.Series, remedySeries)
	}
	return c, nil
}

// MaxState is the most bytes that the sections of one series may have.
const MaxState = 64 << 10

// maxStateMessage has room for MaxState bytes in base 64 and for the other fields.
const maxStateMessage = 2 * MaxState

// StateControl is the control record ctl.<p>.state: at its position the partition takes in the
// state of a series. Each line of an exported file is a StateControl.
type StateControl struct {
	Schema int    `json:"schema"`
	Series string `json:"series"`
	// Replace says that the state replaces that of a series which has one. Without it such a series
	// keeps its own.
	Replace  bool            `json:"replace"`
	Model    string          `json:"model"`    // digest of the model of the hidden states, or empty
	Scale    string          `json:"scale"`    // of that model: plain or asinh
	Sections []meter.Section `json:"sections"` // package engine knows what they hold
	Digest   string          `json:"digest"`   // SectionsDigest of the record
}

// SectionsDigest is sha256:<hex> over series, model, scale and sections.
func (c *StateControl) SectionsDigest() string {
	h := sha256.New()
	field := func(b []byte) {
		h.Write(strconv.AppendInt(nil, int64(len(b)), 10))
		h.Write([]byte{':'})
		h.Write(b)
	}
	field([]byte(c.Series))
	field([]byte(c.Model))
	field([]byte(c.Scale))
	for _, s := range c.Sections {
		field([]byte(s.Name))
		field([]byte(strconv.Itoa(int(s.Version))))
		field(s.Data)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// AppendJSON appends the message with the digest of its content.
func (c *StateControl) AppendJSON(dst []byte) []byte {
	own := *c
	own.Schema, own.Digest = Schema, c.SectionsDigest()
	return appendAny(dst, &own)
}

// DecodeStateControl reads what AppendJSON writes and checks the digest. The error is an
// *InvalidError.
func DecodeStateControl(data []byte) (StateControl, error) {
	var c StateControl
	if err := decodeMessage(data, maxStateMessage, &c, &c.Schema); err != nil {
		return StateControl{}, err
	}
	if _, ok := meter.ParseID(c.Series); !ok {
		return StateControl{}, fieldError("series", c.Series, remedySeries)
	}
	if c.Scale != "plain" && c.Scale != "asinh" {
		return StateControl{}, fieldError("scale", c.Scale, "must be plain or asinh")
	}
	size := 0
	for _, s := range c.Sections {
		size += len(s.Data)
	}
	if size > MaxState {
		remedy := "a series has at most " + strconv.Itoa(MaxState) + " bytes"
		return StateControl{}, fieldError("sections", strconv.Itoa(size), remedy)
	}
	if got := c.SectionsDigest(); got != c.Digest {
		remedy := "its content has " + got + ": it was changed or damaged; export it again"
		return StateControl{}, fieldError("digest", c.Digest, remedy)
	}
	return c, nil
}

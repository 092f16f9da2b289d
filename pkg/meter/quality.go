package meter

import (
	"fmt"
	"strings"
)

// Quality says where the value of a cell comes from, in OpenADR's words.
type Quality uint8

// The qualities, the best first. Unknown is the quality of a cell that was never written.
const (
	Unknown Quality = iota
	OK
	Estimated
	Missing
	Bad
)

var qualityWords = [...]string{
	Unknown: "UNKNOWN", OK: "OK", Estimated: "ESTIMATED", Missing: "MISSING", Bad: "BAD",
}

// String is the word on the wire.
func (q Quality) String() string {
	if int(q) < len(qualityWords) {
		return qualityWords[q]
	}
	return fmt.Sprintf("Quality(%d)", uint8(q))
}

// ParseQuality reads a word of the wire, in any case. The empty word is OK. The error holds a copy
// of the word, as that of ParseKind.
func ParseQuality(word string) (Quality, error) {
	if word == "" {
		return OK, nil
	}
	for q := OK; int(q) < len(qualityWords); q++ {
		if w := qualityWords[q]; w == word || len(w) == len(word) && strings.EqualFold(w, word) {
			return q, nil
		}
	}
	return Unknown, fmt.Errorf("quality %q: want OK, ESTIMATED, MISSING or BAD", strings.Clone(word))
}

// OrOK is q, or OK where q is Unknown: a reading that names no quality is good.
func (q Quality) OrOK() Quality {
	if q == Unknown {
		return OK
	}
	return q
}

// Accepted says whether a cell of quality q was measured, or estimated by the sender. Only
// accepted cells teach the scale and are evidence for Past.Judge.
func (q Quality) Accepted() bool { return q-OK <= Estimated-OK }

// Qualities are the qualities of a row of cells, two to a byte: that of cell i lies in the four
// bits from 4*(i%2) on of byte i/2.
type Qualities []byte

// NewQualities is a row of n unknown cells.
func NewQualities(n int) Qualities { return make(Qualities, QualityBytes(n)) }

// QualityBytes is how many bytes the qualities of n cells take.
func QualityBytes(n int) int { return (n + 1) / 2 }

// At is the quality of cell i.
func (q Qualities) At(i int) Quality { return Quality(q[i>>1] >> (i & 1 << 2) & 0xf) }

// Set changes the quality of cell i.
func (q Qualities) Set(i int, to Quality) {
	shift := i & 1 << 2
	q[i>>1] = q[i>>1]&^(0xf<<shift) | byte(to)<<shift
}

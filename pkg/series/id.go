package series

import (
	"fmt"
	"strings"
)

// ID names a series: the site it stands on and the meter that measures it,
// written `<site>.<meter>`.
type ID struct {
	Site  string
	Meter string
}

// String is `<site>.<meter>`.
func (id ID) String() string { return id.Site + "." + id.Meter }

// ParseID reads `<site>.<meter>`. It checks the form alone; which bytes a token
// may have is the message codec's business.
func ParseID(s string) (ID, error) {
	site, meter, ok := strings.Cut(s, ".")
	if !ok || site == "" || meter == "" || strings.Contains(meter, ".") {
		return ID{}, fmt.Errorf("series %q: want <site>.<meter>, as in north.m17", s)
	}
	return ID{Site: site, Meter: meter}, nil
}

// Quality says where the value of a cell comes from, in OpenADR's words.
type Quality uint8

// The qualities, the best first. Unknown is a cell that was never written.
const (
	Unknown Quality = iota
	OK
	Estimated
	Missing
	Bad
)

var qualityWords = [...]string{Unknown: "UNKNOWN", OK: "OK", Estimated: "ESTIMATED", Missing: "MISSING", Bad: "BAD"}

// String is the word on the wire.
func (q Quality) String() string {
	if int(q) < len(qualityWords) {
		return qualityWords[q]
	}
	return fmt.Sprintf("Quality(%d)", uint8(q))
}

// ParseQuality reads a word of the wire; the empty word is OK.
func ParseQuality(word string) (Quality, error) {
	if word == "" {
		return OK, nil
	}
	for q := OK; int(q) < len(qualityWords); q++ {
		if qualityWords[q] == word {
			return q, nil
		}
	}
	return Unknown, fmt.Errorf("quality %q: want OK, ESTIMATED, MISSING or BAD", word)
}

// Accepted says whether a cell of this quality was measured or estimated by
// the sender, and so may teach the scale.
func (q Quality) Accepted() bool { return q == OK || q == Estimated }

// Qualities are those of a row of cells, two to a byte.
type Qualities []byte

// NewQualities is a row of n unknown cells.
func NewQualities(n int) Qualities { return make(Qualities, QualityBytes(n)) }

// QualityBytes is how many bytes the qualities of n cells take.
func QualityBytes(n int) int { return (n + 1) / 2 }

// At is the quality of cell i.
func (q Qualities) At(i int) Quality { return Quality(q[i/2] >> (i % 2 * 4) & 0xf) }

// Set changes the quality of cell i.
func (q Qualities) Set(i int, to Quality) {
	shift := i % 2 * 4
	q[i/2] = q[i/2]&^(0xf<<shift) | byte(to)<<shift
}

package meter

import "strings"

// MaxToken is the longest token in bytes.
const MaxToken = 64

// Any stands in a pattern for every site or every meter. It is no token.
const Any = "*"

// ID names a series: the site it stands on and the meter that measures it, written
// `<site>.<meter>`. Both are tokens. In a pattern they may be Any: {north, Any} are all meters of
// one site, {Any, Any} all series.
type ID struct {
	Site  string
	Meter string
}

// String is `<site>.<meter>`.
func (id ID) String() string { return id.Site + "." + id.Meter }

// Valid says whether site and meter are tokens.
func (id ID) Valid() bool { return ValidToken(id.Site) && ValidToken(id.Meter) }

// ParseID reads `<site>.<meter>`. ok is false unless both are tokens.
func ParseID(s string) (id ID, ok bool) {
	id.Site, id.Meter, _ = strings.Cut(s, ".")
	return id, id.Valid()
}

// ParsePattern reads `<site>.<meter>`, `<site>.*` or `*.*`. ok is false for anything else.
func ParsePattern(s string) (pattern ID, ok bool) {
	pattern.Site, pattern.Meter, _ = strings.Cut(s, ".")
	switch {
	case pattern.Site == Any:
		return pattern, pattern.Meter == Any
	case pattern.Meter == Any:
		return pattern, ValidToken(pattern.Site)
	}
	return pattern, pattern.Valid()
}

// Covers says whether a pattern is of a series.
func Covers(pattern, id ID) bool {
	return (pattern.Site == id.Site || pattern.Site == Any) &&
		(pattern.Meter == id.Meter || pattern.Meter == Any)
}

// ValidToken says whether s is a token: 1 to 64 of A-Za-z0-9_-. Tokens are parts of subjects,
// names of files and tags.
func ValidToken(s string) bool {
	if len(s) == 0 || len(s) > MaxToken {
		return false
	}
	for i := range len(s) {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return true
}

// Token makes a token of any text: each byte that no token has becomes '_', and what is longer
// than 64 bytes is cut. The token of an empty text is "_".
func Token(s string) string {
	if ValidToken(s) {
		return s
	}
	if s == "" {
		return "_"
	}
	b := []byte(s[:min(len(s), MaxToken)])
	for i, c := range b {
		if !tokenByte(c) {
			b[i] = '_'
		}
	}
	return string(b)
}

func tokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

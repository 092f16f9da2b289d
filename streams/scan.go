package streams

import (
	"encoding/json"
	"unicode/utf8"
)

const (
	maxPayload  = 64 << 10 // bytes of a message of readings
	maxNesting  = 8        // objects and arrays inside each other
	maxString   = 256      // bytes of a string in the payload
	maxReadings = 1000     // elements of an array
)

// tokenKind says what a JSON value is. The kinds nanToken and infToken are no JSON: some languages
// write them for floats.
type tokenKind uint8

const (
	absent tokenKind = iota
	nullToken
	boolToken
	numberToken
	stringToken
	compositeToken // object or array
	nanToken       // NaN
	infToken       // Infinity, -Infinity, inf
)

// token is one value of the payload.
type token struct {
	kind    tokenKind
	escaped bool   // a string with backslashes in it
	raw     []byte // the bytes in the payload, of a string without its quotes
}

// text returns the text of a string, with its escapes decoded.
func (t token) text() []byte {
	if !t.escaped {
		return t.raw
	}
	quoted := make([]byte, 0, len(t.raw)+2)
	quoted = append(append(append(quoted, '"'), t.raw...), '"')
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		return t.raw // the scanner has checked the escapes
	}
	return []byte(s)
}

// fault stops a scan. The zero fault is none.
type fault uint8

const (
	noFault fault = iota
	syntaxFault
	nestingFault
)

// scanner reads one JSON text token by token and allocates nothing. long says that a string was
// over the limit: such a string costs its reading and not the message.
type scanner struct {
	data  []byte
	pos   int
	depth int
	long  bool
}

func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// next skips space, and skips c when it comes next.
func (s *scanner) next(c byte) bool {
	s.space()
	if s.pos < len(s.data) && s.data[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// end reports whether nothing but space is left.
func (s *scanner) end() bool {
	s.space()
	return s.pos == len(s.data)
}

// peek skips space and returns the next byte, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

// value scans one value of any kind.
func (s *scanner) value() (token, fault) {
	start := 0
	switch c := s.peek(); {
	case c == '"':
		return s.string()
	case c == '{' || c == '[':
		start = s.pos
		f := s.composite()
		return token{kind: compositeToken, raw: s.data[start:s.pos]}, f
	case c >= '0' && c <= '9':
		return s.number(s.pos)
	case c == '-':
		start = s.pos
		s.pos++
		if s.pos < len(s.data) && letter(s.data[s.pos]) {
			return s.word(start)
		}
		return s.number(start)
	case letter(c):
		return s.word(s.pos)
	default:
		return token{}, syntaxFault
	}
}

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func (s *scanner) string() (token, fault) {
	s.pos++ // the quote
	start, escaped := s.pos, false
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			t := token{kind: stringToken, escaped: escaped, raw: s.data[start:s.pos]}
			s.pos++
			if len(t.raw) > maxString {
				s.long = true
			}
			return t, noFault
		case c == '\\':
			escaped = true
			if !s.escape() {
				return token{}, syntaxFault
			}
		case c < 0x20:
			return token{}, syntaxFault
		default:
			s.pos++
		}
	}
	return token{}, syntaxFault
}

func (s *scanner) escape() bool {
	s.pos++
	if s.pos == len(s.data) {
		return false
	}
	c := s.data[s.pos]
	s.pos++
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		for range 4 {
			if s.pos == len(s.data) || !hexDigit(s.data[s.pos]) {
				return false
			}
			s.pos++
		}
		return true
	default:
		return false
	}
}

func hexDigit(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}

// number scans a number by the grammar of JSON, after its sign.
func (s *scanner) number(start int) (token, fault) {
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else if s.digits() == 0 {
		return token{}, syntaxFault
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if s.digits() == 0 {
			return token{}, syntaxFault
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if s.digits() == 0 {
			return token{}, syntaxFault
		}
	}
	return token{kind: numberToken, raw: s.data[start:s.pos]}, noFault
}

func (s *scanner) digits() int {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos - start
}

// word scans true, false, null and the words for NaN and infinity.
func (s *scanner) word(start int) (token, fault) {
	for s.pos < len(s.data) && letter(s.data[s.pos]) {
		s.pos++
	}
	t := token{raw: s.data[start:s.pos]}
	switch string(t.raw) {
	case "true", "false":
		t.kind = boolToken
	case "null":
		t.kind = nullToken
	default:
		if t.kind = floatWord(t.raw); t.kind == absent {
			return token{}, syntaxFault
		}
	}
	return t, noFault
}

// floatWord returns the kind of a word for NaN or infinity, with or without a sign, in any case. It
// returns absent for other words.
func floatWord(word []byte) tokenKind {
	if len(word) > 0 && (word[0] == '-' || word[0] == '+') {
		word = word[1:]
	}
	var lower [8]byte
	if len(word) > len(lower) {
		return absent
	}
	for i, c := range word {
		lower[i] = c | 0x20
	}
	switch string(lower[:len(word)]) {
	case "nan":
		return nanToken
	case "inf", "infinity":
		return infToken
	default:
		return absent
	}
}

// composite skips an object or array.
func (s *scanner) composite() fault {
	open := s.data[s.pos]
	s.pos++
	if s.depth++; s.depth > maxNesting {
		return nestingFault
	}
	defer func() { s.depth-- }()
	closing := byte('}')
	if open == '[' {
		closing = ']'
	}
	if s.next(closing) {
		return noFault
	}
	for {
		if open == '{' {
			if s.peek() != '"' {
				return syntaxFault
			}
			if _, f := s.string(); f != noFault {
				return f
			}
			if !s.next(':') {
				return syntaxFault
			}
		}
		if _, f := s.value(); f != noFault {
			return f
		}
		if s.next(closing) {
			return noFault
		}
		if !s.next(',') {
			return syntaxFault
		}
	}
}

// near returns the text where the scan stopped, for an error.
func (s *scanner) near() []byte {
	from := min(max(s.pos-8, 0), len(s.data))
	for from > 0 && !utf8.RuneStart(s.data[from]) {
		from--
	}
	return s.data[from:]
}

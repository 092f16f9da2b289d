package tabular

import "bytes"

// point is a line of InfluxDB line protocol. Its parts are bytes of the line with their escapes.
type point struct {
	key       []byte // measurement and tags, as they stand in the line
	fields    []pointField
	timestamp []byte // may be empty
}

// pointField is a name and a value: a number, a text in quotes, or true or false.
type pointField struct{ name, value []byte }

// text returns the value of a text field, and false for other fields.
func (f pointField) text() ([]byte, bool) {
	if len(f.value) < 2 || f.value[0] != '"' {
		return nil, false
	}
	return unescaped(f.value[1 : len(f.value)-1]), true
}

// number returns the value of a numeric field as plain digits, and false for other fields.
func (f pointField) number() ([]byte, bool) {
	last := len(f.value) - 1
	if last < 0 || !bytes.ContainsRune([]byte("0123456789+-."), rune(f.value[0])) {
		return nil, false
	}
	if c := f.value[last]; c == 'i' || c == 'u' {
		return f.value[:last], true
	}
	return f.value, true
}

// parsePoint reads a line. ok is false when it is no line protocol. p.fields are reused.
func parsePoint(line []byte, p *point) (ok bool) {
	p.fields = p.fields[:0]
	end := upTo(line, " ")
	if end <= 0 || end == len(line) || line[0] == ',' {
		return false
	}
	p.key = line[:end]
	rest := bytes.TrimLeft(line[end:], " ")
	for {
		end := upTo(rest, "=, ")
		if end <= 0 || end == len(rest) || rest[end] != '=' {
			return false
		}
		name := rest[:end]
		rest = rest[end+1:]
		if end = valueEnd(rest); end <= 0 {
			return false
		}
		p.fields = append(p.fields, pointField{name, rest[:end]})
		if rest = rest[end:]; len(rest) == 0 || rest[0] == ' ' {
			break
		}
		rest = rest[1:] // a comma
	}
	p.timestamp = bytes.Trim(rest, " ")
	digits := bytes.TrimPrefix(p.timestamp, []byte("-"))
	return len(bytes.TrimLeft(digits, "0123456789")) == 0
}

// valueEnd returns the length of the field value that a text begins with, which ends at a comma, a
// space or the end; -1 when its quote is open.
func valueEnd(text []byte) int {
	if len(text) == 0 || text[0] != '"' {
		if end := bytes.IndexAny(text, ", "); end >= 0 {
			return end
		}
		return len(text)
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++
		case text[i] != '"':
		case i+1 == len(text), text[i+1] == ',', text[i+1] == ' ':
			return i + 1
		default:
			return -1
		}
	}
	return -1
}

// upTo returns the index of the first byte of a set that no backslash escapes, or the length.
func upTo(text []byte, set string) int {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text):
			i++
		case bytes.IndexByte([]byte(set), text[i]) >= 0:
			return i
		}
	}
	return len(text)
}

// unescaped takes the backslashes off that escape a comma, a space, an equals sign, a quote or a
// backslash.
func unescaped(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && bytes.IndexByte([]byte(`, ="\`), text[i+1]) >= 0 {
			i++
		}
		plain = append(plain, text[i])
	}
	return plain
}

// tags calls fn with each tag of a key, and returns the measurement.
func (p *point) tags(fn func(name, value []byte)) (measurement []byte) {
	end := upTo(p.key, ",")
	measurement = unescaped(p.key[:end])
	for rest := p.key[end:]; len(rest) > 0; {
		rest = rest[1:]
		end := upTo(rest, ",")
		tag := rest[:end]
		rest = rest[end:]
		if equals := upTo(tag, "="); equals < len(tag) {
			fn(unescaped(tag[:equals]), unescaped(tag[equals+1:]))
		}
	}
	return measurement
}

// isStatement reports whether a line is one of those that an export has before its points.
func isStatement(line []byte) bool { return bytes.HasPrefix(line, []byte("CREATE DATABASE ")) }

// isLineProtocol reports whether the first line of a text that is no comment is line protocol.
func isLineProtocol(text []byte) bool {
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		line = bytes.TrimSpace(line)
		if len(line) > 0 && line[0] != '#' && !isStatement(line) {
			var p point
			return parsePoint(line, &p)
		}
		text = rest
	}
	return false
}

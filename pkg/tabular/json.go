package tabular

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// Bounds of a file of JSON.
const (
	maxObject = 64 << 10 // bytes of the names and values of an object
	maxFields = 256      // of an object
	maxDepth  = 32       // objects and arrays inside each other
)

// jsonKind says what a value is.
type jsonKind uint8

const (
	jsonAbsent jsonKind = iota
	jsonText
	jsonNumber
	jsonTrue
	jsonFalse
	jsonNull
	jsonNested // object or array, which is skipped
)

// jsonField is a name of an object and its value, as bytes of the reader's arena.
type jsonField struct {
	name, value []byte // texts without their quotes and escapes
	kind        jsonKind
}

// jsonReader reads the objects of a stream of JSON: objects one behind the other, or in arrays.
// What is nested in an object is skipped, except the arrays that a field called inside holds.
type jsonReader struct {
	r      *bufio.Reader
	line   int
	arrays int // that stand in no other, up to here
	whole  int // objects, up to here
	inside string
	arena  []byte
	spans  []jsonSpan
	fields []jsonField
}

// jsonSpan is where a field lies in the arena, which moves while it grows.
type jsonSpan struct {
	name, value, end int
	kind             jsonKind
}

var errDepth = fmt.Errorf("objects and arrays are nested more than %d deep", maxDepth)

func newJSONReader(r *bufio.Reader, inside string) *jsonReader {
	return &jsonReader{r: r, line: 1, inside: inside}
}

// each calls fn for every object of the stream. The fields are valid until the next object.
func (j *jsonReader) each(fn func(fields []jsonField) error) error {
	for {
		c, err := j.space()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if c == '[' {
			j.arrays++
		}
		if err := j.element(c, 1, fn); err != nil {
			return err
		}
	}
}

// element reads an object, or the objects of an array. c is its first byte.
func (j *jsonReader) element(c byte, depth int, fn func([]jsonField) error) error {
	switch {
	case depth > maxDepth:
		return errDepth
	case c == '{':
		return j.object(depth, fn)
	case c != '[':
		return j.unexpected(c, "an object or an array of objects")
	}
	return j.list(func(c byte) error { return j.element(c, depth+1, fn) })
}

// list calls fn with the first byte of each element of an array, which is open.
func (j *jsonReader) list(fn func(c byte) error) error {
	for first := true; ; first = false {
		c, err := j.space()
		if err != nil {
			return whole(err)
		}
		if first && c == ']' {
			return nil
		}
		if err := fn(c); err != nil {
			return err
		}
		if c, err = j.space(); err != nil {
			return whole(err)
		}
		if c == ']' {
			return nil
		}
		if c != ',' {
			return j.unexpected(c, "a comma or ]")
		}
	}
}

// object reads the fields of an object, which is open, and calls fn with them. An object that holds
// the field called inside stands for the objects in it.
func (j *jsonReader) object(depth int, fn func([]jsonField) error) error {
	if depth > maxDepth {
		return errDepth
	}
	j.arena, j.spans = j.arena[:0], j.spans[:0]
	envelope := false
	err := j.members(func() error {
		name := len(j.arena)
		if err := j.text(); err != nil {
			return err
		}
		c, err := j.afterColon()
		if err != nil {
			return err
		}
		at := len(j.arena)
		if c == '[' && string(j.arena[name:at]) == j.inside {
			envelope = true
			return j.element(c, depth+1, fn)
		}
		kind, err := j.value(c, depth+1)
		if err != nil {
			return err
		}
		if len(j.arena) > maxObject || len(j.spans) == maxFields {
			return fmt.Errorf("line %d: an object holds more than %d KiB or %d names",
				j.line, maxObject>>10, maxFields)
		}
		j.spans = append(j.spans, jsonSpan{name, at, len(j.arena), kind})
		return nil
	})
	if err != nil || envelope {
		if depth == 1 && !envelope && j.whole > 0 && errors.Is(err, errInside) {
			return errCut
		}
		return err
	}
	j.whole++
	j.fields = j.fields[:0]
	for _, s := range j.spans {
		j.fields = append(j.fields, jsonField{
			name: j.arena[s.name:s.value:s.value], value: j.arena[s.value:s.end:s.end], kind: s.kind,
		})
	}
	return fn(j.fields)
}

// members calls fn behind the opening quote of each name of an object, which is open.
func (j *jsonReader) members(fn func() error) error {
	for first := true; ; first = false {
		c, err := j.space()
		if err != nil {
			return whole(err)
		}
		if first && c == '}' {
			return nil
		}
		if c != '"' {
			return j.unexpected(c, "a name in quotes")
		}
		if err := fn(); err != nil {
			return err
		}
		if c, err = j.space(); err != nil {
			return whole(err)
		}
		if c == '}' {
			return nil
		}
		if c != ',' {
			return j.unexpected(c, "a comma or }")
		}
	}
}

// afterColon returns the first byte of the value that follows a name.
func (j *jsonReader) afterColon() (byte, error) {
	c, err := j.space()
	if err != nil {
		return 0, whole(err)
	}
	if c != ':' {
		return 0, j.unexpected(c, "a colon")
	}
	c, err = j.space()
	return c, whole(err)
}

// value appends a value to the arena. What is nested is left out.
func (j *jsonReader) value(c byte, depth int) (jsonKind, error) {
	switch c {
	case '"':
		return jsonText, j.text()
	case '{', '[':
		at := len(j.arena)
		err := j.skip(c, depth)
		j.arena = j.arena[:min(at, len(j.arena))]
		return jsonNested, err
	}
	if delimits(c) {
		return 0, j.unexpected(c, "a value")
	}
	at := len(j.arena)
	for j.arena = append(j.arena, c); ; j.arena = append(j.arena, c) {
		if c = j.peek(); delimits(c) {
			break
		}
		if len(j.arena) > maxObject {
			return 0, fmt.Errorf("line %d: a value is longer than %d KiB", j.line, maxObject>>10)
		}
		_, _ = j.r.ReadByte() // which peek saw
	}
	switch word := string(j.arena[at:]); word {
	case "true":
		return jsonTrue, nil
	case "false":
		return jsonFalse, nil
	case "null":
		return jsonNull, nil
	}
	return jsonNumber, nil
}

// delimits reports whether a byte ends a word; 0 is the end of the file.
func delimits(c byte) bool {
	return c <= ' ' || c == ',' || c == ':' || c == ']' || c == '}'
}

// skip reads over a nested value, whose first byte is c.
func (j *jsonReader) skip(c byte, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	nested := func(c byte) error {
		at := len(j.arena)
		_, err := j.value(c, depth+1)
		j.arena = j.arena[:min(at, len(j.arena))]
		return err
	}
	if c == '[' {
		return j.list(nested)
	}
	return j.members(func() error {
		at := len(j.arena)
		if err := j.text(); err != nil {
			return err
		}
		j.arena = j.arena[:at]
		c, err := j.afterColon()
		if err != nil {
			return err
		}
		return nested(c)
	})
}

// text appends a text to the arena, up to its closing quote.
func (j *jsonReader) text() error {
	at, escaped := len(j.arena), false
	for {
		part, err := j.r.ReadSlice('"')
		if len(j.arena)+len(part) > maxObject {
			return fmt.Errorf("line %d: a text is longer than %d KiB", j.line, maxObject>>10)
		}
		j.arena = append(j.arena, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return whole(err)
		}
		end := len(j.arena) - 1
		back := 0
		for i := end - 1; i >= at && j.arena[i] == '\\'; i-- {
			back++
		}
		if escaped = escaped || bytes.IndexByte(part, '\\') >= 0; back%2 == 0 {
			j.arena = j.arena[:end]
			break
		}
	}
	if !escaped {
		return nil
	}
	var plain string
	if json.Unmarshal([]byte(`"`+string(j.arena[at:])+`"`), &plain) != nil {
		return fmt.Errorf("line %d: a text has an escape that JSON does not know", j.line)
	}
	j.arena = append(j.arena[:at], plain...)
	return nil
}

// space returns the next byte that is no space.
func (j *jsonReader) space() (byte, error) {
	for {
		c, err := j.r.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c == '\n':
			j.line++
		case c != ' ' && c != '\t' && c != '\r':
			return c, nil
		}
	}
}

// peek returns the next byte, 0 at the end.
func (j *jsonReader) peek() byte {
	next, err := j.r.Peek(1)
	if err != nil {
		return 0
	}
	return next[0]
}

func (j *jsonReader) unexpected(c byte, want string) error {
	return fmt.Errorf("line %d: %s stands where JSON has %s",
		j.line, strconv.QuoteRune(rune(c)), want)
}

// whole turns the end of a file inside a value into its own error.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return errInside
	}
	return err
}

// errInside says that a file ends inside a value. What unpacks the file has its own error for an
// end of what is packed.
var errInside = fmt.Errorf("inside of a value: %w", io.ErrUnexpectedEOF)

// errCut says that a file of objects one behind the other ends inside the last one.
var errCut = errors.New("the last object is cut")

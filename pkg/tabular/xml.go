package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// Bounds of a file of XML.
const (
	maxTag     = 64 << 10 // bytes of a tag with its attributes, and of the text of an element
	maxElement = 64       // elements inside each other
)

// xmlReader reads the elements of a file of XML one by one. It knows no entities but the five of
// XML and numbers of characters, and refuses a document type, so nothing in a file can grow.
type xmlReader struct {
	r     *bufio.Reader
	line  int
	stack []byte // the local names of the open elements, one behind the other
	ends  []int  // where each of them ends in stack
	tag   []byte // the tag read last, without its brackets
	text  []byte // the text since the tag read last
	empty bool   // the element opened last has no content: its end comes next
}

func newXMLReader(r *bufio.Reader) *xmlReader { return &xmlReader{r: r, line: 1} }

// next reads up to the next tag. It returns the local name of an element that begins, or that ends;
// attribute and content then tell of it. The error is io.EOF behind the last element.
func (x *xmlReader) next() (name []byte, begins bool, err error) {
	if x.empty {
		x.empty = false
		return x.pop(), false, nil
	}
	x.text = x.text[:0]
	for {
		if err := x.until('<', &x.text, false); err != nil {
			if errors.Is(err, io.EOF) && len(x.ends) > 0 {
				return nil, false, x.fault("the file ends inside of the element " + string(x.top()))
			}
			return nil, false, err
		}
		again, err := x.markup()
		if err != nil {
			return nil, false, err
		}
		if !again {
			break
		}
	}
	x.tag = x.tag[:0]
	if err := x.until('>', &x.tag, true); errors.Is(err, io.EOF) {
		return nil, false, x.fault("a tag is open at the end of the file")
	} else if err != nil {
		return nil, false, err
	}
	if len(x.tag) > 0 && x.tag[0] == '/' {
		name = local(bytes.TrimRight(x.tag[1:], " \t\r\n"))
		if len(x.ends) == 0 || !bytes.Equal(name, x.top()) {
			return nil, false, x.fault(fmt.Sprintf("the tag </%s> ends no open element", shown(name)))
		}
		return x.pop(), false, nil
	}
	return x.begin()
}

// begin opens the element of the tag that was read.
func (x *xmlReader) begin() (name []byte, begins bool, err error) {
	if bytes.HasSuffix(x.tag, []byte("/")) {
		x.empty, x.tag = true, x.tag[:len(x.tag)-1]
	}
	end := bytes.IndexAny(x.tag, " \t\r\n")
	if end < 0 {
		end = len(x.tag)
	}
	name = local(x.tag[:end])
	switch {
	case len(name) == 0:
		return nil, false, x.fault("a tag has no name")
	case len(x.ends) == maxElement:
		return nil, false, x.fault(fmt.Sprintf("elements are nested more than %d deep", maxElement))
	}
	x.stack = append(x.stack, name...)
	x.ends = append(x.ends, len(x.stack))
	x.text = x.text[:0]
	return x.top(), true, nil
}

// markup reads over a comment or an instruction, which begins behind the <, and adds marked text to
// the text. again is false when a tag begins.
func (x *xmlReader) markup() (again bool, err error) {
	head, err := x.r.Peek(len("![CDATA["))
	if err != nil && len(head) == 0 {
		return false, x.fault("a tag is open at the end of the file")
	}
	switch {
	case head[0] == '?':
		return true, x.over("?>", nil)
	case hasMagic(head, "!--"):
		return true, x.over("-->", nil)
	case hasMagic(head, "![CDATA["):
		_, _ = x.r.Discard(len("![CDATA[")) // which Peek saw
		return true, x.over("]]>", &x.text)
	case head[0] == '!':
		return false, x.fault("a document type is not read: it could hold entities that grow")
	}
	return false, nil
}

// over reads up to and over the bytes end, and appends what precedes them to the text where that is
// not nil.
func (x *xmlReader) over(end string, to *[]byte) error {
	var last [4]byte
	for n := 0; ; n++ {
		c, err := x.r.ReadByte()
		if err != nil {
			return x.fault("the file ends before " + end)
		}
		if c == '\n' {
			x.line++
		}
		copy(last[:], last[1:])
		last[3] = c
		if to != nil && len(*to) < maxTag {
			*to = append(*to, c)
		}
		if n+1 >= len(end) && string(last[4-len(end):]) == end {
			if to != nil && bytes.HasSuffix(*to, []byte(end)) {
				*to = (*to)[:len(*to)-len(end)]
			}
			return nil
		}
	}
}

// until reads up to and over a byte, and appends what precedes it to a buffer. With quoted the byte
// does not count inside of quotes.
func (x *xmlReader) until(stop byte, to *[]byte, quoted bool) error {
	var quote byte
	for {
		part, err := x.r.ReadSlice(stop)
		x.line += bytes.Count(part, []byte("\n"))
		full := errors.Is(err, bufio.ErrBufferFull)
		if err != nil && !full {
			return err
		}
		if quoted {
			for _, c := range part {
				switch {
				case quote == 0 && (c == '"' || c == '\''):
					quote = c
				case quote == c:
					quote = 0
				}
			}
		}
		if len(*to)+len(part) > maxTag {
			if quoted {
				return x.fault(fmt.Sprintf("a tag is longer than %d KiB", maxTag>>10))
			}
			part = part[len(part)-1:] // long texts are no numbers
		}
		*to = append(*to, part...)
		if !full && quote == 0 {
			*to = (*to)[:len(*to)-1]
			return nil
		}
	}
}

// top is the local name of the innermost open element.
func (x *xmlReader) top() []byte {
	last := len(x.ends) - 1
	from := 0
	if last > 0 {
		from = x.ends[last-1]
	}
	return x.stack[from:x.ends[last]:x.ends[last]]
}

// pop closes the innermost open element and returns its name, valid until the next call of next.
func (x *xmlReader) pop() []byte {
	name := x.top()
	x.ends = x.ends[:len(x.ends)-1]
	x.stack = x.stack[:len(x.stack)-len(name)]
	return name
}

// attribute returns the value of an attribute of the element that begins.
func (x *xmlReader) attribute(name string) string {
	rest := x.tag
	for {
		at := bytes.IndexByte(rest, '=')
		if at < 0 {
			return ""
		}
		before := bytes.TrimRight(rest[:at], " \t\r\n")
		key := before[bytes.LastIndexAny(before, " \t\r\n")+1:]
		rest = bytes.TrimLeft(rest[at+1:], " \t\r\n")
		if len(rest) == 0 {
			return ""
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return ""
		}
		if string(key) == name {
			return unescapedXML(rest[1 : 1+end])
		}
		rest = rest[end+2:]
	}
}

// content returns the text of the element that ends, without outer space.
func (x *xmlReader) content() []byte { return bytes.TrimSpace(x.text) }

func (x *xmlReader) fault(what string) error { return fmt.Errorf("line %d: %s", x.line, what) }

// local is a name without its prefix.
func local(name []byte) []byte { return name[bytes.LastIndexByte(name, ':')+1:] }

// entities are the names that XML itself knows.
var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}

// unescapedXML replaces the entities of XML and numbers of characters. Others stay as they are.
func unescapedXML(text []byte) string {
	var plain []byte
	for {
		before, rest, ok := bytes.Cut(text, []byte("&"))
		plain = append(plain, before...)
		if !ok {
			return string(plain)
		}
		name, after, ok := bytes.Cut(rest, []byte(";"))
		text = after
		switch c, isNumber := character(name); {
		case ok && entities[string(name)] != "":
			plain = append(plain, entities[string(name)]...)
		case ok && isNumber:
			plain = utf8.AppendRune(plain, c)
		default:
			plain, text = append(plain, '&'), rest
		}
	}
}

// character reads the number of a character, as in &#233; and &#xe9;.
func character(name []byte) (rune, bool) {
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := string(name[1:]), 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	return rune(n), err == nil
}

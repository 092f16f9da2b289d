package tabular

import (
	"bytes"
	"math"
	"strconv"

	"github.com/loadtide/loadtide/pkg/meter"
)

// numbers is how the numbers of a file are written. The zero numbers have a decimal point and no
// thousands marks.
type numbers struct {
	decimal byte   // '.' or ','; 0 is '.'
	groups  bool   // thousands marks are cut: the other one of point and comma, spaces, apostrophes
	scratch []byte // of the number read last
}

// parse reads a number.
func (f *numbers) parse(text []byte) (float64, problem) {
	if !f.groups && f.decimal != ',' {
		return parseValue(text)
	}
	plain, ok := f.plain(text)
	if !ok {
		return 0, problem{meter.ReasonNotANumber, remedyMarks}
	}
	return parseValue(plain)
}

// plain writes a number with a point and without thousands marks. ok is false when a mark stands
// where none belongs.
func (f *numbers) plain(text []byte) (plain []byte, ok bool) {
	plain = f.scratch[:0]
	fraction, sinceMark, marks := false, 0, 0
	zero := false
	for _, c := range plainMarks(text) {
		switch {
		case c >= '0' && c <= '9':
			zero = zero || c == '0' && marks == 0 && sinceMark == 0 && !fraction
			plain = append(plain, c)
			sinceMark++
		case c == f.decimal && !fraction:
			if marks > 0 && sinceMark != 3 {
				return nil, false
			}
			plain = append(plain, '.')
			fraction, marks = true, 0
		case f.groups && !fraction && (c == '.' || c == ',' || c == ' ' || c == '\''):
			// 0.684 has no thousands.
			if zero || sinceMark == 0 || sinceMark > 3 || marks > 0 && sinceMark != 3 {
				return nil, false
			}
			marks, sinceMark = marks+1, 0
		case c == '-' || c == '+' || c|0x20 == 'e':
			plain = append(plain, c)
		default:
			return nil, false
		}
	}
	f.scratch = plain
	return plain, marks == 0 || sinceMark == 3
}

// parseValue reads a plain decimal number, with or without an exponent.
func parseValue(text []byte) (float64, problem) {
	if len(text) == 0 {
		return 0, problem{meter.ReasonNotANumber, remedyEmpty}
	}
	for _, c := range text {
		switch c {
		case 'x', 'X', '_', 'p', 'P':
			return 0, problem{meter.ReasonNotANumber, remedyNumber} // forms of Go's own
		}
	}
	v, err := strconv.ParseFloat(string(text), 64)
	switch {
	case err != nil && !math.IsInf(v, 0), math.IsNaN(v):
		return 0, problem{meter.ReasonNotANumber, remedyNumber}
	case math.IsInf(v, 0):
		return 0, problem{meter.ReasonNotFinite, remedyNumber}
	case math.Abs(v) >= meter.MaxValue:
		return 0, problem{meter.ReasonOutOfRange, remedyRange}
	}
	return v, problem{}
}

// marks counts how numbers of a file are marked.
type marks struct {
	points, commas int    // numbers in which the mark can only be the decimal one
	groupedPoints  int    // numbers in which the point can only be a thousands mark
	groupedCommas  int    // numbers in which the comma can only be a thousands mark
	spaces         int    // numbers with spaces or apostrophes as thousands marks
	eitherPoint    int    // 1.234
	eitherComma    int    // 1,234
	bare           int    // whole numbers from 1 on without a mark
	sample         []byte // the first number that can be read two ways
	number         int    // numbers in all
}

// add counts a cell. It reports whether the cell is a number.
func (m *marks) add(text []byte) bool {
	n, ok := numberShape(text)
	if !ok {
		return false
	}
	m.number++
	point, comma := n.points > 0, n.commas > 0
	if n.spaces > 0 {
		m.spaces++
	}
	switch {
	case point && comma && n.commaLast:
		m.commas++
		m.groupedPoints++
	case point && comma:
		m.points++
		m.groupedCommas++
	case n.points > 1:
		m.groupedPoints++
	case n.commas > 1:
		m.groupedCommas++
	case point && n.either():
		m.either(&m.eitherPoint, text)
	case comma && n.either():
		m.either(&m.eitherComma, text)
	case point:
		m.points++
	case comma:
		m.commas++
	case n.digits > 1 || !n.zero:
		m.bare++
	}
	return true
}

func (m *marks) either(count *int, text []byte) {
	*count++
	if m.sample == nil {
		m.sample = bytes.Clone(text[:min(len(text), maxShown)])
	}
}

// shape is what a number looks like.
type shape struct {
	points, commas, spaces int
	commaLast              bool // the last mark is a comma
	before, after          int  // digits before the first mark and behind the last one
	digits                 int
	zero                   bool // the first digit is 0
	exponent               bool
}

// either reports whether the one mark of a number may be the decimal or a thousands mark: 1,234.
func (n *shape) either() bool {
	return n.after == 3 && n.before >= 1 && n.before <= 3 && !n.zero && !n.exponent && n.spaces == 0
}

// numberShape looks at a number of any form; ok is false when the text is none.
func numberShape(text []byte) (n shape, ok bool) {
	text = plainMarks(text)
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	marks := 0
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			if n.digits == 0 {
				n.zero = c == '0'
			}
			n.digits++
			n.after++
			continue
		case c == '.':
			n.points++
			n.commaLast = false
		case c == ',':
			n.commas++
			n.commaLast = true
		case (c == ' ' || c == '\'') && i > 0 && i+3 < len(text):
			n.spaces++
		case c|0x20 == 'e' && n.digits > 0 && i+1 < len(text):
			n.exponent = true
			rest := bytes.TrimLeft(text[i+1:], "+-")
			_, digits, rest := leadingNumber(rest)
			return n, digits > 0 && len(rest) == 0
		default:
			return n, false
		}
		if marks == 0 {
			n.before = n.digits
		}
		marks++
		n.after = 0
	}
	return n, n.digits > 0 && (n.points < 2 || n.commas < 2)
}

package tabular

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

// utf8Mark is the byte order mark of UTF-8.
const utf8Mark = "\xef\xbb\xbf"

// byteOrder is how the two bytes of a character of UTF-16 stand.
type byteOrder uint8

const (
	orderNone byteOrder = iota // not UTF-16
	orderLittle
	orderBig
)

// wide16 finds UTF-16 by its mark, or by the zero bytes that its ASCII characters have.
func wide16(head []byte) byteOrder {
	switch {
	case hasMagic(head, "\xff\xfe"):
		return orderLittle
	case hasMagic(head, "\xfe\xff"):
		return orderBig
	}
	zeros := [2]int{}
	for i, c := range head {
		if c == 0 {
			zeros[i%2]++
		}
	}
	switch most := len(head) * 2 / 5; { // of the half that would be zero
	case len(head) < 4:
	case zeros[1] > most && zeros[0] == 0:
		return orderLittle
	case zeros[0] > most && zeros[1] == 0:
		return orderBig
	}
	return orderNone
}

// charset is an encoding by its name; the decoder is nil for UTF-8.
type charset struct {
	name    string
	decoder encoding.Encoding
}

// charsetOf finds the encoding of a text by its first bytes. Text that is no UTF-8 is Shift JIS
// when most of its characters beyond ASCII are common ones there, else Windows-1252, of which
// Latin-1 is a part.
func charsetOf(head []byte) charset {
	switch wide16(head) {
	case orderLittle:
		return charset{"UTF-16", unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)}
	case orderBig:
		return charset{"UTF-16", unicode.UTF16(unicode.BigEndian, unicode.UseBOM)}
	case orderNone:
	}
	switch {
	case validUTF8(head):
		return charset{"UTF-8", nil}
	case shiftJIS(head):
		return charset{"Shift JIS", japanese.ShiftJIS}
	}
	return charset{"Windows-1252", charmap.Windows1252}
}

// validUTF8 reports whether bytes are UTF-8; the last character may be cut.
func validUTF8(head []byte) bool {
	for len(head) > 0 {
		r, size := utf8.DecodeRune(head)
		if r == utf8.RuneError && size == 1 {
			return len(head) < utf8.UTFMax && !utf8.FullRune(head)
		}
		head = head[size:]
	}
	return true
}

// shiftJIS reports whether the characters beyond ASCII are pairs of bytes of which most begin as
// the kana and the common kanji do. These bytes are no letters of Windows-1252.
func shiftJIS(head []byte) bool {
	pairs, common := 0, 0
	for i := 0; i < len(head)-1; i++ {
		c, next := head[i], head[i+1]
		switch {
		case c < 0x80, c >= 0xa1 && c <= 0xdf: // ASCII, half-width kana
			continue
		case next < 0x40 || next == 0x7f || next > 0xfc:
			return false
		}
		pairs++
		if c >= 0x81 && c <= 0x98 {
			common++
		}
		i++
	}
	return pairs > 0 && 2*common > pairs
}

// decode returns the text of a reader in UTF-8.
func (c charset) decode(r io.Reader) io.Reader {
	if c.decoder == nil {
		return r
	}
	return c.decoder.NewDecoder().Reader(r)
}

// marksOf are characters of numbers that stand for plain ones: spaces that break no line, the minus
// sign and the typographic apostrophe.
var marksOf = []struct{ written, plain []byte }{
	{[]byte("\u00a0"), []byte(" ")}, {[]byte("\u202f"), []byte(" ")}, {[]byte("\u2009"), []byte(" ")},
	{[]byte("\u2212"), []byte("-")}, {[]byte("\u2019"), []byte("'")},
}

// plainMarks replaces the characters of a number by plain ones. A text of ASCII comes back as it
// is.
func plainMarks(text []byte) []byte {
	for _, c := range text {
		if c >= utf8.RuneSelf {
			for _, m := range marksOf {
				text = bytes.ReplaceAll(text, m.written, m.plain)
			}
			return text
		}
	}
	return text
}

package tabular

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// maxLine is the longest line read; longer ones are rejected and skipped.
const maxLine = 1 << 20

// lineReader yields the lines of a file without their ends (LF, CRLF, or CR where a file has no LF)
// and without a byte order mark.
type lineReader struct {
	r      *bufio.Reader
	end    byte // of lines
	line   int  // number of the line last returned, from 1
	unwrap bool // lines stand in quotes as a whole
}

// unwrapped is the text of a line that stands in quotes as a whole, with "" for each quote in it.
func unwrapped(line []byte) []byte {
	plain := bytes.TrimRight(line, ",;\t ")
	if n := len(plain); n > 1 && plain[0] == '"' && plain[n-1] == '"' {
		return bytes.ReplaceAll(plain[1:n-1], []byte(`""`), []byte(`"`))
	}
	return line
}

func newLineReader(r io.Reader) *lineReader {
	l := &lineReader{r: bufio.NewReaderSize(r, maxLine), end: '\n'}
	// An error of the reader comes again with the first line.
	if head, _ := l.r.Peek(sniffed); bytes.IndexByte(head, '\n') < 0 &&
		bytes.IndexByte(head, '\r') >= 0 {
		l.end = '\r'
	}
	return l
}

// next returns the next line, valid until the call after; long says that it was cut to its first
// bytes. The error is io.EOF at the end, else the reader's.
func (l *lineReader) next() (line []byte, long bool, err error) {
	line, err = l.r.ReadSlice(l.end)
	if err != nil && len(line) == 0 {
		return nil, false, err
	}
	l.line++
	if errors.Is(err, bufio.ErrBufferFull) {
		start := bytes.Clone(line[:maxShown])
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.r.ReadSlice(l.end)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, false, err
		}
		return start, true, nil
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, false, err
	}
	line = bytes.TrimSuffix(line, []byte{l.end})
	line = bytes.TrimSuffix(line, []byte("\r"))
	if l.line == 1 {
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	if l.unwrap {
		line = unwrapped(line)
	}
	return line, false, nil
}

// splitter parts lines into fields. The fields may refer to the line, and the next line overwrites
// them.
type splitter struct {
	delimiter byte
	dst       [][]byte
}

// fields returns the fields of a line, without quotes and outer space. Fields may be quoted, ""
// inside stands for a quote; a quoted field must end on its line: a forgotten quote then costs a
// row and not the rest of the file. ok is false when quotes do not fit.
func (s *splitter) fields(line []byte) (fields [][]byte, ok bool) {
	space := " \t"
	if s.delimiter == '\t' {
		space = " "
	}
	dst := s.dst[:0]
	defer func() { s.dst = dst }()
	for {
		line = bytes.TrimLeft(line, space)
		if len(line) > 0 && line[0] == '"' {
			field, rest, ok := s.quoted(line[1:], space)
			if !ok {
				return dst, false
			}
			dst = append(dst, field)
			if len(rest) == 0 {
				return dst, true
			}
			line = rest[1:]
			continue
		}
		end := bytes.IndexByte(line, s.delimiter)
		if end < 0 {
			dst = append(dst, plainText(bytes.TrimRight(line, space)))
			return dst, true
		}
		dst = append(dst, plainText(bytes.TrimRight(line[:end], space)))
		line = line[end+1:]
	}
}

// plainText returns the text of a cell that spreadsheets write as ="00123".
func plainText(field []byte) []byte {
	if n := len(field); n > 2 && field[0] == '=' && field[1] == '"' && field[n-1] == '"' {
		return field[2 : n-1]
	}
	return field
}

// quoted reads a field after its opening quote; rest is empty or starts with a delimiter.
func (s *splitter) quoted(line []byte, space string) (field, rest []byte, ok bool) {
	end := bytes.IndexByte(line, '"')
	if end < 0 {
		return nil, nil, false
	}
	field = line[:end:end]
	for end+1 < len(line) && line[end+1] == '"' {
		line = line[end+2:]
		if end = bytes.IndexByte(line, '"'); end < 0 {
			return nil, nil, false
		}
		field = append(append(field, '"'), line[:end]...)
	}
	rest = bytes.TrimLeft(line[end+1:], space)
	if len(rest) > 0 && rest[0] != s.delimiter {
		return nil, nil, false
	}
	return plainText(bytes.TrimSpace(field)), rest, true
}

package tabular

import (
	"bytes"
	"slices"
)

// format is what kind of file the first bytes show.
type format uint8

const (
	formatDelimited format = iota // lines of fields, also when nothing else is known
	formatArchive                 // zip, which spreadsheets are as well
	formatXML
	formatJSON
	formatPoints // InfluxDB line protocol
	formatNEM12
	formatNEM13 // readings of registers, months apart
	formatParquet
	formatHTML // a page, such as that of a login in the place of a file
	formatPDF
	formatXLS // workbooks before xlsx
	formatBinary
)

// binaryShare is the share of control characters from which on bytes are no text.
const binaryShare = 0.1

// formatOf finds the format of a file by its first bytes, which stand without their compression.
func formatOf(head []byte) format {
	switch {
	case hasMagic(head, "PK\x03\x04"):
		return formatArchive
	case hasMagic(head, "PAR1"):
		return formatParquet
	case hasMagic(head, "%PDF-"):
		return formatPDF
	case hasMagic(head, "\xd0\xcf\x11\xe0"):
		return formatXLS
	case wide16(head) != orderNone:
		return formatDelimited
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(utf8Mark)), " \t\r\n")
	switch {
	case opensHTML(text):
		return formatHTML
	case hasMagic(text, "<"):
		return formatXML
	case opensJSON(text):
		return formatJSON
	case isLineProtocol(text):
		return formatPoints
	case isNEM12(text):
		return formatNEM12
	case hasMagic(text, "100,NEM13"):
		return formatNEM13
	case binary(head):
		return formatBinary
	}
	return formatDelimited
}

// opensHTML reports whether a text begins as a page does.
func opensHTML(text []byte) bool {
	first := bytes.ToLower(text[:min(len(text), len("<!doctype html"))])
	return hasMagic(first, "<html") || hasMagic(first, "<!doctype html")
}

// opensJSON reports whether a text begins with an object, or with an array of objects or arrays.
func opensJSON(text []byte) bool {
	if len(text) == 0 {
		return false
	}
	next := bytes.TrimLeft(text[1:], " \t\r\n")
	switch text[0] {
	case '{':
		return hasMagic(next, "\"") || hasMagic(next, "}")
	case '[':
		return hasMagic(next, "{") || hasMagic(next, "[")
	}
	return false
}

// binary reports whether so many bytes are control characters that they are no text of any
// encoding.
func binary(head []byte) bool {
	controls := 0
	for _, c := range head {
		if c < ' ' && !slices.Contains([]byte("\t\r\n\f\v\x1a"), c) {
			controls++
		}
	}
	return float64(controls) > binaryShare*float64(len(head))
}

func hasMagic(head []byte, magic string) bool { return bytes.HasPrefix(head, []byte(magic)) }

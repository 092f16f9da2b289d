package parquet

import (
	endian "encoding/binary"
	"errors"
	"io"
)

// mostNested bounds how deep structures of Parquet lie in each other.
const mostNested = 16

// errThrift says that metadata of Parquet is no Thrift.
var errThrift = errors.New("its metadata is damaged")

// thriftReader reads the compact protocol of Thrift from bytes. It makes room for nothing that the
// bytes only claim. After an error it stays at the end.
type thriftReader struct {
	data  []byte
	err   error
	depth int
}

// The types of the compact protocol.
const (
	thriftStop   = 0
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftI16    = 4
	thriftI32    = 5
	thriftI64    = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
)

func (t *thriftReader) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.data = nil
}

func (t *thriftReader) byte() byte {
	if len(t.data) == 0 {
		t.fail(io.ErrUnexpectedEOF)
		return 0
	}
	c := t.data[0]
	t.data = t.data[1:]
	return c
}

func (t *thriftReader) unsigned() uint64 {
	n, size := endian.Uvarint(t.data)
	if size <= 0 {
		t.fail(io.ErrUnexpectedEOF)
		return 0
	}
	t.data = t.data[size:]
	return n
}

// number reads an integer of any width.
func (t *thriftReader) number() int64 {
	n := t.unsigned()
	return int64(n>>1) ^ -int64(n&1)
}

// bytes reads a text, which is a part of the data.
func (t *thriftReader) bytes() []byte {
	n := t.unsigned()
	if n > uint64(len(t.data)) {
		t.fail(io.ErrUnexpectedEOF)
		return nil
	}
	text := t.data[:n:n]
	t.data = t.data[n:]
	return text
}

// fields calls fn for each field of a structure. fn reads the value, or reports false to have it
// skipped.
func (t *thriftReader) fields(fn func(id int16, kind byte) bool) {
	if t.depth++; t.depth > mostNested {
		t.fail(errThrift)
	}
	id := int16(0)
	for t.err == nil {
		head := t.byte()
		kind := head & 0x0f
		if kind == thriftStop {
			break
		}
		if delta := head >> 4; delta > 0 {
			id += int16(delta)
		} else {
			id = int16(t.number())
		}
		if !fn(id, kind) {
			t.skip(kind)
		}
	}
	t.depth--
}

// list calls fn for each element of a list of a kind. Lists of other kinds are errors.
func (t *thriftReader) list(kind byte, fn func()) {
	size, of := t.listHead()
	if size > 0 && of != kind {
		t.fail(errThrift)
	}
	for ; size > 0 && t.err == nil; size-- {
		fn()
	}
}

func (t *thriftReader) listHead() (size uint64, kind byte) {
	head := t.byte()
	if size = uint64(head >> 4); size == 15 {
		size = t.unsigned()
	}
	return size, head & 0x0f
}

// skip reads over the value of a field of a kind.
func (t *thriftReader) skip(kind byte) {
	if t.depth++; t.depth > mostNested {
		t.fail(errThrift)
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.byte()
	case thriftI16, thriftI32, thriftI64:
		t.unsigned()
	case thriftDouble:
		for range 8 {
			t.byte()
		}
	case thriftBinary:
		t.bytes()
	case thriftList, thriftSet:
		size, of := t.listHead()
		for ; size > 0 && t.err == nil; size-- {
			t.skipElement(of)
		}
	case thriftMap:
		size := t.unsigned()
		kinds := byte(0)
		if size > 0 {
			kinds = t.byte()
		}
		for ; size > 0 && t.err == nil; size-- {
			t.skipElement(kinds >> 4)
			t.skipElement(kinds & 0x0f)
		}
	case thriftStruct:
		t.fields(func(int16, byte) bool { return false })
	default:
		t.fail(errThrift)
	}
	t.depth--
}

// skipElement reads over an element, of which true and false take a byte.
func (t *thriftReader) skipElement(kind byte) {
	if kind == thriftTrue || kind == thriftFalse {
		t.byte()
		return
	}
	t.skip(kind)
}

package tabular

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is the memory that a zstd file may ask for: what its own tool takes without being told
// to take more.
const maxWindow = 128 << 20

// read reads the file at path.
func (l *loader) read(path string) error {
	l.file = path
	f, err := os.Open(path)
	if err != nil {
		var cause *os.PathError
		if errors.As(err, &cause) {
			err = cause.Err // the path is named already
		}
		return &FileError{
			File:    path,
			Problem: "cannot be opened",
			Remedy:  "check the name and the right to read it",
			Err:     err,
		}
	}
	defer func() { _ = f.Close() }() // it was read only
	return l.add(path, f)
}

// add reads one file, compressed or plain by its first bytes.
func (l *loader) add(file string, r io.Reader) error {
	l.file = file
	plain := bufio.NewReaderSize(r, maxLine)
	// shorter only at the end of the file or on an error that the next read gives again
	magic, err := plain.Peek(4)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return l.unreadable(err)
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		unzipped, err := gzip.NewReader(plain)
		if err != nil {
			return l.unreadable(err)
		}
		return l.lines(newLineReader(unzipped))
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// One thread: no goroutine outlives the call.
		unzipped, err := zstd.NewReader(
			plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow),
		)
		if err != nil {
			return l.unreadable(err)
		}
		defer unzipped.Close()
		return l.lines(newLineReader(unzipped))
	case bytes.HasPrefix(magic, []byte("PK\x03\x04")):
		return l.fileError("is a zip archive or a spreadsheet", "unpack it, or save it as CSV")
	case bytes.HasPrefix(magic, []byte{0xff, 0xfe}), bytes.HasPrefix(magic, []byte{0xfe, 0xff}):
		return l.fileError("is written in UTF-16", "save it as UTF-8")
	default:
		return l.lines(newLineReader(plain))
	}
}

func (l *loader) fileError(problem, remedy string) error {
	return &FileError{File: l.file, Problem: problem, Remedy: remedy}
}

func (l *loader) unreadable(err error) error {
	return &FileError{
		File:    l.file,
		Problem: "cannot be read to its end",
		Remedy:  "check that the file is whole",
		Err:     err,
	}
}

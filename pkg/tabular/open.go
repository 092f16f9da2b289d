package tabular

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is the memory that a zstd file may ask for: what its own tool takes without being told
// to take more.
const maxWindow = 128 << 20

// sniffed is how many bytes of a file tell its format and its characters.
const sniffed = 64 << 10

// read reads the file at path. A pipe is copied into a scratch file first, because a file of
// delimited text may be read twice.
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
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return l.fileError("is a folder", "name its files")
	}
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		scratch, err := spool(f)
		if err != nil {
			return l.unreadable(err)
		}
		defer func() { _, _ = scratch.Close(), os.Remove(scratch.Name()) }()
		return l.add(path, scratch)
	}
	return l.add(path, f)
}

// spool copies a stream into a scratch file, which the caller closes and removes.
func spool(r io.Reader) (*os.File, error) {
	scratch, err := os.CreateTemp("", "loadtide-*")
	if err != nil {
		return nil, fmt.Errorf("make a scratch file: %w", err)
	}
	if _, err := io.Copy(scratch, r); err != nil {
		_, _ = scratch.Close(), os.Remove(scratch.Name())
		return nil, fmt.Errorf("copy into a scratch file: %w", err)
	}
	return scratch, nil
}

// add reads one file, compressed or plain, of any format, by its first bytes.
func (l *loader) add(file string, r io.ReadSeeker) error {
	l.file = file
	l.source = r
	plain, head, done, err := l.sniff()
	if err != nil {
		return err
	}
	defer done()
	switch formatOf(head) {
	case formatArchive:
		return l.fileError("is a zip archive inside of a compressed file", "unpack it")
	case formatXML:
		return l.greenButton(plain)
	case formatJSON:
		return l.json(plain)
	case formatPoints:
		return l.lineProtocol(plain)
	case formatParquet:
		return l.parquet()
	case formatNEM12:
		return l.nem12()
	case formatHTML:
		return l.fileError("is a page of HTML, such as a login or an error, and no file of readings",
			"open it in a browser, and download the file itself")
	case formatNEM13:
		return l.fileError(
			"is NEM13: readings of registers that are months apart, without intervals",
			"ask the retailer for the data of intervals, NEM12")
	case formatPDF:
		return l.fileError("is a PDF", "ask its source for CSV")
	case formatXLS:
		return l.fileError("is a spreadsheet of the old format xls", "save it as CSV")
	case formatBinary:
		return l.fileError("is no text: it holds bytes that no text has", "export it as CSV")
	case formatDelimited:
	}
	return l.delimited(bytes.Clone(head))
}

// sniff reads the file from its start, without its compression, and gives its first bytes, which stay
// unread. The caller calls done when it has read enough.
func (l *loader) sniff() (plain *bufio.Reader, head []byte, done func(), err error) {
	if plain, done, err = l.unpacked(); err != nil {
		return nil, nil, nil, err
	}
	if head, err = plain.Peek(sniffed); err != nil && !errors.Is(err, io.EOF) {
		done()
		return nil, nil, nil, l.unreadable(err)
	}
	return plain, head, done, nil
}

// unpacked reads the file from its start, without its compression. The caller calls done when it
// has read enough.
func (l *loader) unpacked() (plain *bufio.Reader, done func(), err error) {
	if _, err := l.source.Seek(0, io.SeekStart); err != nil {
		return nil, nil, l.unreadable(err)
	}
	packed := bufio.NewReaderSize(l.source, sniffed)
	// shorter only at the end of the file or on an error that the next read gives again
	magic, err := packed.Peek(4)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return nil, nil, l.unreadable(err)
	case hasMagic(magic, "\x1f\x8b"):
		unzipped, err := gzip.NewReader(packed)
		if err != nil {
			return nil, nil, l.unreadable(err)
		}
		return bufio.NewReaderSize(unzipped, sniffed), func() {}, nil
	case hasMagic(magic, "PK\x03\x04"):
		return l.archived()
	case hasMagic(magic, "\x28\xb5\x2f\xfd"):
		// One thread: no goroutine outlives the call.
		unzipped, err := zstd.NewReader(
			packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow),
		)
		if err != nil {
			return nil, nil, l.unreadable(err)
		}
		return bufio.NewReaderSize(unzipped, sniffed), unzipped.Close, nil
	}
	return packed, func() {}, nil
}

func (l *loader) fileError(problem, remedy string) error {
	return &FileError{File: l.file, Problem: problem, Remedy: remedy}
}

// unnamed is the error of a file that names no series.
func (l *loader) unnamed(problem, remedy string) error {
	return &FileError{File: l.file, Problem: problem, Remedy: remedy, Unnamed: true}
}

func (l *loader) unreadable(err error) error {
	return &FileError{
		File:    l.file,
		Problem: "cannot be read to its end",
		Remedy:  "check that the file is whole",
		Err:     err,
	}
}

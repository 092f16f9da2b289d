package tabular

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// mostArchived bounds the files that an archive may list.
const mostArchived = 10_000

// archived reads the one file of a zip archive. Workbooks are archives as well and are refused by
// name: their dates are numbers whose meaning stands in the style of each cell.
func (l *loader) archived() (plain *bufio.Reader, done func(), err error) {
	size, err := l.source.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, nil, l.unreadable(err)
	}
	archive, err := zip.NewReader(&atReader{l.source}, size)
	if err != nil {
		return nil, nil, l.fileError("is a zip archive or a spreadsheet that cannot be opened: "+
			err.Error(), "unpack it, or save it as CSV")
	}
	var inside []*zip.File
	for _, f := range archive.File {
		switch f.Name {
		case "xl/workbook.xml", "xl/workbook.bin":
			return nil, nil, l.fileError("is an Excel workbook", "save its sheet as CSV")
		case "mimetype", "[Content_Types].xml":
			continue // of a document, whose other files follow
		}
		hidden := strings.HasPrefix(f.Name, "__MACOSX/") || strings.HasPrefix(path.Base(f.Name), ".")
		if !hidden && !f.FileInfo().IsDir() {
			inside = append(inside, f)
		}
	}
	if len(inside) != 1 || len(archive.File) > mostArchived {
		names := make([]string, 0, len(inside))
		for _, f := range inside {
			names = append(names, quotedName(f.Name))
		}
		return nil, nil, l.fileError(
			fmt.Sprintf("is a zip archive or a spreadsheet of %d files: %s", len(inside), firstOf(names)),
			"unpack it and name its files, or save it as CSV")
	}
	const encrypted = 1
	if inside[0].Flags&encrypted != 0 {
		return nil, nil, l.fileError("is an encrypted zip archive", "unpack it with its password")
	}
	content, err := inside[0].Open()
	if err != nil {
		return nil, nil, l.unreadable(err)
	}
	return bufio.NewReaderSize(content, sniffed), func() { _ = content.Close() }, nil
}

// atReader reads at any place of what can seek. One goroutine uses it.
type atReader struct{ r io.ReadSeeker }

// ReadAt implements io.ReaderAt.
func (a *atReader) ReadAt(p []byte, offset int64) (int, error) {
	if _, err := a.r.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	n, err := io.ReadFull(a.r, p)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

package checkpoint

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// loadTries bounds how often Load lists the folder again, after a Save has removed every file of
// the list before Load opened it.
const loadTries = 10

// Load implements Store. It deletes nothing.
func (f *File) Load(ctx context.Context, partition int) (*Snapshot, []error, error) {
	var err error
	for range loadTries {
		var s *Snapshot
		var skipped []error
		s, skipped, err = f.newest(ctx, partition)
		if !errors.Is(err, fs.ErrNotExist) {
			return s, skipped, err
		}
	}
	return nil, nil, fmt.Errorf("load checkpoint of partition %d: files vanish while they are "+
		"read: %w", partition, err)
}

// newest lists the folder once and reads the newest whole file. Its error is fs.ErrNotExist when it
// found no whole file and a file vanished meanwhile.
func (f *File) newest(ctx context.Context, partition int) (*Snapshot, []error, error) {
	seqs, err := f.sequences(partition)
	if err != nil {
		return nil, nil, err
	}
	var skipped []error
	var vanished error
	for _, seq := range seqs {
		s, err := f.read(ctx, partition, seq, keepData)
		switch {
		case err == nil:
			return s, skipped, nil
		case ctx.Err() != nil:
			return nil, nil, fmt.Errorf("load checkpoint of partition %d: %w", partition, ctx.Err())
		case errors.Is(err, ErrVersion):
			return nil, skipped, err
		case errors.Is(err, fs.ErrNotExist):
			vanished = err
			continue
		}
		skipped = append(skipped, err)
	}
	if vanished != nil {
		return nil, nil, vanished
	}
	if len(skipped) > 0 {
		return nil, nil, &NoneWholeError{Dir: f.dir, Partition: partition, Faults: skipped}
	}
	return nil, nil, nil
}

// read decodes one file. Every error is a *FileError with the path.
func (f *File) read(
	ctx context.Context, partition int, seq uint64, mode decodeMode,
) (*Snapshot, error) {
	name := fileName(partition, seq)
	path := filepath.Join(f.dir, name)
	r, size, err := f.fs.Open(path)
	if err != nil {
		return nil, &FileError{Path: path, Err: err}
	}
	s, err := decode(bufio.NewReaderSize(contextReader{ctx, r}, bufferSize), size, mode)
	_ = r.Close() // a failed close of a file that was read loses nothing
	if err == nil && (s.Header.Partition != partition || s.Header.Seq != seq) {
		err = damaged("holds partition %d at sequence %d", s.Header.Partition, s.Header.Seq)
	}
	if err == nil {
		f.remember(name, true)
		return s, nil
	}
	var fe *FileError
	if errors.As(err, &fe) {
		f.remember(name, false)
		return nil, &FileError{Path: path, Fault: fe.Fault, Err: fe.Err}
	}
	return nil, &FileError{Path: path, Err: err}
}

// contextReader ends a long read when the context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
